"""The nearest questions are exactly those of a comparison with every question."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.replies import similar_questions
from qunce.outreach.replies.similar_questions import Index

TEXTS = st.lists(st.text(alphabet="退货吗 ab怎么", max_size=12), max_size=8)


def slowly(texts: list[str], query: str) -> dict[int, float]:
    """The cosine with each question, by sums over all n-grams."""
    each = [similar_questions.grams(text) for text in texts]
    counts = Counter(gram for found in each for gram in found)

    def weight(gram: str) -> float:
        return math.log(1 + len(texts) / counts[gram])

    asked = {gram for gram in similar_questions.grams(query) if counts[gram]}
    scores = {}
    for number, own in enumerate(each):
        shared = sum(weight(gram) ** 2 for gram in own & asked)
        if shared:
            lengths = (sum(weight(g) ** 2 for g in grams) for grams in (own, asked))
            scores[number] = shared / math.sqrt(math.prod(lengths))
    return scores


@given(TEXTS, st.text(alphabet="退货吗 ab怎么", max_size=12))
def test_scores_are_those_of_a_comparison_with_each(
    texts: list[str], query: str
) -> None:
    expected = slowly(texts, query)
    found = Index.build(texts).nearest(query, limit=20)
    assert {number for _score, number in found} == set(expected)
    for score, number in found:
        assert math.isclose(score, expected[number], rel_tol=1e-9)
    assert [score for score, _number in found] == sorted(
        (score for score, _number in found), reverse=True
    )


def test_the_same_question_in_other_words_is_the_nearest() -> None:
    texts = ["请问怎么退货？", "周末几点开门", "可以开发票吗", "how do I return it"]
    index = Index.build(texts)
    assert index.nearest("退货怎么弄呀", 1)[0][1] == 0
    assert index.nearest("周末门店几点营业", 1)[0][1] == 1
    assert index.nearest("HOW can I return this?", 1)[0][1] == 3
    assert index.nearest("天气真好", 3) == []
