"""Many answers of one person at the same moment: one of them is stored."""

from __future__ import annotations

from functools import partial

import pytest

from qunce.members.surveys import responses
from qunce.members.surveys.models import (
    SurveyAnswer,
    SurveyAnswered,
    SurveyResponse,
)
from qunce.members.surveys.survey_facts import AlreadyAnswered
from tests import factories, threads
from tests.factories import AT
from tests.members.surveys.asking import published

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_a_person_answers_once(*, is_anonymous: bool) -> None:
    ann = factories.staff(factories.community(language="en"))
    accounts = factories.members(ann.community, "a", "b")
    factories.merge(ann.community, "a", "b")
    survey = published(ann, is_anonymous=is_anonymous)

    def answer(n: int) -> str:
        try:
            responses.submit(
                survey=survey,
                account_id=accounts[n % 2],
                answers={"came": "no", "why": str(n)},
                source="portal",
                at=AT,
            )
        except AlreadyAnswered:
            return "already"
        return "stored"

    outcomes = threads.run(*(partial(answer, n) for n in range(8)))
    assert sorted(outcomes) == ["already"] * 7 + ["stored"]
    assert SurveyResponse.objects.count() == 1
    assert SurveyAnswer.objects.count() == 2
    assert SurveyAnswered.objects.count() == int(is_anonymous)
    assert len(factories.recorded_facts(ann.community, "survey.answered")) == 1
