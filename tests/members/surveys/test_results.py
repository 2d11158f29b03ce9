"""Results against counting by hand: medians, NPS, scopes, merged people, exports."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.members.surveys import responses, results, surveys
from qunce.members.surveys.models import SurveyResponse
from tests import factories
from tests.factories import AT
from tests.members.surveys.asking import answer, published

QUESTIONS: list[dict[str, Any]] = [
    {"key": "nps", "kind": "nps", "text": "Recommend?"},
    {"key": "cups", "kind": "number", "text": "Cups?", "is_required": False},
    {
        "key": "drinks",
        "kind": "multiple",
        "text": "Drinks?",
        "is_required": False,
        "options": ["Tea", "Coffee", "Water"],
    },
]


@given(st.lists(st.integers(0, 10), min_size=1))
def test_numbers_of_a_scale_are_those_of_its_list(values: list[int]) -> None:
    counts = Counter(values)
    assert results.median(counts) == statistics.median(values)
    share = Fraction(
        100 * (sum(v >= 9 for v in values) - sum(v <= 6 for v in values)), len(values)
    )
    assert abs(results.nps(counts) - share) <= Fraction(1, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_results_are_those_counted_person_by_person(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    ann = factories.staff(factories.community(language="en"))
    keys = [f"m{n}" for n in range(12)]
    accounts = dict(zip(keys, factories.members(ann.community, *keys), strict=True))
    factories.tag(ann.community, "mine")
    own = random.sample(keys, 6)
    factories.apply_tag(ann.community, "mine", *own)
    bo = factories.staff(
        ann.community, "operator", "bo", scope={"tag": {"any": ["mine"]}}
    )
    survey = published(ann, QUESTIONS)
    person = {key: key for key in keys}
    given_: list[tuple[str, dict[str, Any]]] = []
    for n, key in enumerate(random.sample(keys, 9)):
        said: dict[str, Any] = {"nps": random.randint(0, 10)}
        if random.random() < 0.7:
            said["cups"] = str(random.randint(0, 4))
        said["drinks"] = random.sample(["1", "2", "3"], random.randint(0, 3))
        answer(survey, accounts[key], AT + timedelta(minutes=n), **said)
        given_.append((key, said))
    left, right = sorted(random.sample(keys, 2), key=keys.index)
    factories.merge(ann.community, left, right)
    person[right] = left
    newest = {person[key]: said for key, said in given_}
    at = AT + timedelta(hours=1)
    assert_counts(results.compute(survey=survey, by=ann, at=at), list(newest.values()))
    seen = {person[key] for key in own}
    visible = [said for key, said in newest.items() if key in seen]
    assert_counts(results.compute(survey=survey, by=bo, at=at), visible)


def assert_counts(found: results.Results, said: list[dict[str, Any]]) -> None:
    assert found.answered == len(said)
    nps, cups, drinks = found.questions
    scores = [each["nps"] for each in said]
    assert [line[1] for line in nps.lines] == [scores.count(n) for n in range(11)]
    assert nps.mean == (statistics.mean(scores) if scores else None)
    assert nps.median == (statistics.median(scores) if scores else None)
    numbers = [int(each["cups"]) for each in said if "cups" in each]
    assert (cups.answered, cups.median) == (
        len(numbers),
        statistics.median(numbers) if numbers else None,
    )
    chosen = [each["drinks"] for each in said if each["drinks"]]
    assert drinks.answered == len(chosen)
    assert [line[1] for line in drinks.lines] == [
        sum(key in each for each in chosen) for key in ("1", "2", "3")
    ]


@pytest.mark.django_db
def test_texts_are_listed_within_the_scope_of_who_asks() -> None:
    ann = factories.staff(factories.community(language="en"))
    factories.tag(ann.community, "mine")
    own, other = factories.members(ann.community, "own", "other")
    factories.apply_tag(ann.community, "mine", "own")
    scope = {"tag": {"any": ["mine"]}}
    bo = factories.staff(ann.community, "operator", "bo", scope=scope)
    viewer = factories.staff(ann.community, "viewer", "vi")
    survey = published(ann, [{"key": "say", "kind": "text", "text": "Say"}])
    for account in (own, other):
        answer(survey, account, say=f"text of {account}")
    asked: dict[str, Any] = {"survey": survey, "question": "say", "at": AT}
    assert results.list_texts(by=bo, **asked) == [(own, f"text of {own}")]
    assert len(results.list_texts(by=ann, **asked)) == 2
    with pytest.raises(Exception, match=r"surveys\.view_answers"):
        results.list_texts(by=viewer, **asked)
    assert results.compute(survey=survey, by=viewer, at=AT).answered == 2


@pytest.mark.django_db
def test_surveys_of_another_community_are_unknown() -> None:
    ann = factories.staff(factories.community(language="en"))
    eve = factories.staff(factories.community("other"), login="eve")
    survey = published(ann)
    account = factories.members(ann.community, "mia")[0]
    answer(survey, account, came="no")
    row = SurveyResponse.objects.get()
    for call in (
        lambda: surveys.get(by=eve, pk=survey.pk),
        lambda: surveys.get_by_key(by=eve, key=survey.public_id),
        lambda: results.compute(survey=survey, by=eve, at=AT),
        lambda: responses.get(by=eve, pk=row.pk, at=AT),
        lambda: surveys.close(survey=survey, by=eve, at=AT),
    ):
        with pytest.raises(Exception, match=r"no such|no survey|There are no"):
            call()
    assert surveys.get(by=ann, pk=survey.pk) == survey
