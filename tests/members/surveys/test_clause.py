"""The clause `survey` against the oracle, and by hand after a change, merge and unmerge."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from qunce.members.surveys import responses, surveys
from qunce.members.surveys.models import SurveyResponse
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT, LATER, matching_keys
from tests.members.surveys.asking import answer, published
from tests.oracle import comparisons, strategies
from tests.oracle.clauses import CLAUSES
from tests.oracle.definitions import EARLY
from tests.oracle.questions import Questions
from tests.oracle.world import World


@pytest.mark.django_db(transaction=True)
def test_answers_agree_with_the_oracle() -> None:
    setting = strategies.SETTINGS[0]
    random = Random(7)  # noqa: S311
    world = World(setting)
    for number in range(8):
        world.add(f"m{number}", EARLY, "", at=EARLY)
    world.fill(random)
    now = strategies.list_times(setting)[0]
    questions = Questions(random, setting, world.vocabulary())
    for step in range(3):
        for _number in range(25):
            rule = {"survey": CLAUSES["survey"].draw(questions)}
            comparisons.compare(world, rule, now)
            comparisons.compare_reasons(world, rule, now, f"m{random.randint(0, 7)}")
        if step == 0:
            world.merge("m1", "m4", now)
        elif step == 1:
            world.leave("m5", now)


@pytest.mark.django_db
def test_the_newest_answers_of_a_person_count() -> None:
    ann = factories.staff(factories.community(language="en"))
    shop = ann.community
    a, b = factories.members(shop, "a", "b")
    survey = published(ann)
    key = survey.public_id
    answer(survey, a, came="no")
    yes = {"survey": {"any": [f"{key}/came/yes", f"{key}/score/3"]}}
    no = {"survey": {"any": [f"{key}/came/no"]}}
    assert matching_keys(shop, no) == ["a"]
    answer(survey, b, LATER, came="yes", score=3)
    assert matching_keys(shop, yes) == ["b"]
    factories.merge(shop, "a", "b", LATER)
    assert (matching_keys(shop, yes), matching_keys(shop, no)) == (["a"], [])
    factories.unmerge(shop, "a", "b", LATER)
    assert (matching_keys(shop, yes), matching_keys(shop, no)) == (["b"], ["a"])
    assert matching_keys(shop, {"survey": {"survey": key}}) == ["a", "b"]
    row = SurveyResponse.objects.get(account_id=a)
    responses.delete(pk=row.pk, by=ann, at=LATER)
    assert matching_keys(shop, {"survey": {"survey": key}}) == ["b"]


@pytest.mark.django_db
def test_of_an_anonymous_survey_rules_know_only_who_answered() -> None:
    ann = factories.staff(factories.community(language="en"))
    a, _b = factories.members(ann.community, "a", "b")
    survey = published(ann, is_anonymous=True)
    answer(survey, a, came="no")
    rule = {"survey": {"survey": survey.public_id}}
    assert matching_keys(ann.community, rule) == ["a"]
    wrongs: tuple[dict[str, Any], ...] = (
        {"survey": {"any": [f"{survey.public_id}/came/no"]}},
        {"survey": {}},
        {"survey": {"survey": "nothing"}},
        {"survey": {**rule["survey"], "any": []}},
    )
    for wrong in wrongs:
        with pytest.raises(RuleError):
            audiences.check(community=ann.community, rule=wrong)
    draft = surveys.create(community=ann.community, name="D", by=ann, at=AT)
    with pytest.raises(RuleError):
        audiences.check(
            community=ann.community, rule={"survey": {"survey": draft.public_id}}
        )
