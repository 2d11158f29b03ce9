"""The nearest questions that were answered, by the characters that they share.

The index is exact: a query is compared with every question that shares an n-gram, by the
cosine of vectors whose weights are those of rare n-grams.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups import message_quotes
from qunce.outreach.replies import conversations
from qunce.outreach.replies.models import Answer, AnswerState, Way
from qunce.outreach.sending.ledger import Message

SIZES = (2, 3)
NO_LETTERS = re.compile(r"[\W_]+")
MAX_TEXT, MAX_INDEXED, MIN_SCORE = 400, 1_000, 0.25


def grams(text: str) -> set[str]:
    """Return the n-grams of the letters and digits of a text."""
    plain = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold()
    letters = NO_LETTERS.sub("", plain)
    return {
        letters[start : start + size]
        for size in SIZES
        for start in range(len(letters) - size + 1)
    }


@dataclass
class Index:
    """Questions by their n-grams. `norms` are the lengths of their vectors."""

    weights: Mapping[str, float]
    postings: Mapping[str, Sequence[int]]
    norms: Sequence[float]

    @classmethod
    def build(cls, texts: Sequence[str]) -> Index:
        each = [grams(text) for text in texts]
        counts = Counter(gram for found in each for gram in found)
        weights = {
            gram: math.log(1 + len(texts) / count) for gram, count in counts.items()
        }
        postings: dict[str, list[int]] = {gram: [] for gram in counts}
        for number, found in enumerate(each):
            for gram in found:
                postings[gram].append(number)
        norms = [
            math.sqrt(math.fsum(weights[gram] ** 2 for gram in found)) for found in each
        ]
        return cls(weights, postings, norms)

    def nearest(self, text: str, limit: int) -> list[tuple[float, int]]:
        """Return score and number of the nearest questions, the nearest first.

        N-grams that no question has do not count, as nothing can be said about them.
        """
        known = [gram for gram in grams(text) if gram in self.weights]
        parts: dict[int, list[float]] = {}
        for gram in known:
            for number in self.postings[gram]:
                parts.setdefault(number, []).append(self.weights[gram] ** 2)
        norm = math.sqrt(math.fsum(self.weights[gram] ** 2 for gram in known))
        scores = [
            (math.fsum(own) / (norm * self.norms[number]), number)
            for number, own in parts.items()
        ]
        return sorted(scores, key=lambda pair: (-pair[0], pair[1]))[:limit]


@dataclass(frozen=True, kw_only=True)
class Similar:
    """An answered question of a conversation, with its answer and who gave it."""

    conversation: int
    question: str
    answer: str
    by: str
    at: datetime
    score: float


@dataclass
class _Found:
    texts: list[str] = field(default_factory=list)
    answers: list[tuple[Answer, str]] = field(default_factory=list)


def find(
    *, text: str, by: Staff, at: datetime, besides: int = 0, limit: int = 3
) -> list[Similar]:
    """Return the nearest answered questions that `by` may read, the nearest first."""
    permissions.check_may(by, conversations.VIEW)
    if not text.strip():
        return []
    found = _load(by, at, besides)
    nearest = Index.build(found.texts).nearest(text, limit)
    return [
        Similar(
            conversation=found.answers[number][0].conversation_id,
            question=found.texts[number],
            answer=found.answers[number][1],
            by=found.answers[number][0].by.name,
            at=found.answers[number][0].at,
            score=score,
        )
        for score, number in nearest
        if score >= MIN_SCORE
    ]


def _load(by: Staff, at: datetime, besides: int) -> _Found:
    rows = Answer.objects.filter(
        conversation__community=by.community,
        state=AnswerState.SENT,
        message_id__isnull=False,
    ).exclude(way=Way.ELSEWHERE)
    rows = rows.exclude(conversation_id=besides).select_related("conversation", "by")
    answers = list(rows.order_by("-at", "-pk")[:MAX_INDEXED])
    seen = {
        row.pk
        for row in conversations.filter_visible(
            [answer.conversation for answer in answers], by=by, at=at
        )
    }
    quotes = message_quotes.load(
        ((a.conversation.source_id, a.conversation.key) for a in answers), by=by, at=at
    )
    sent = Message.objects.in_bulk([answer.message_id for answer in answers])
    found = _Found()
    for answer in answers:
        quote = quotes.get((answer.conversation.source_id, answer.conversation.key))
        message = sent.get(answer.message_id or 0)
        if answer.conversation_id in seen and quote and message and message.text:
            found.texts.append(quote.text)
            found.answers.append((answer, message.text))
    return found
