"""Answering surveys: once, by one person, with what follows from the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import staff_accounts
from qunce.members.surveys import effects, responses, results, surveys
from qunce.members.surveys.models import (
    SurveyAnswer,
    SurveyAnswered,
    SurveyDraft,
    SurveyResponse,
)
from qunce.members.surveys.survey_facts import (
    AlreadyAnswered,
    InvalidAnswers,
    InvalidSurvey,
    MayNotAnswer,
    NotOpen,
)
from tests import factories
from tests.factories import AT, LATER
from tests.members.surveys.asking import BRANCHING, answer, published

pytestmark = pytest.mark.django_db

FILLING: list[dict[str, Any]] = [
    {
        "key": "city",
        "kind": "single",
        "text": "Where do you live?",
        "options": [
            {"key": "sh", "text": "Shanghai", "tag": "local"},
            {"key": "bj", "text": "Beijing"},
        ],
        "attribute": "city",
        "rule": "ask",
    },
    {"key": "cups", "kind": "number", "text": "Cups a day?", "attribute": "cups"},
]


@pytest.fixture
def ann() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def mia(ann: Staff) -> int:
    return factories.members(ann.community, "mia")[0]


def prepare(by: Staff) -> None:
    attributes.define(community=by.community, name="city", type="choice", by=by, at=AT)
    attributes.define(community=by.community, name="cups", type="number", by=by, at=AT)
    factories.tag(by.community, "local")


def values(account: int) -> dict[str, tuple[str, str]]:
    found = attributes.values_of_person(account_queries.account_ids_of_person(account))
    return {name: (value.text, value.source) for name, value in found.items()}


def test_answers_are_stored_once_and_recorded_without_what_was_said(
    ann: Staff, mia: int
) -> None:
    survey = published(ann)
    answer(survey, mia, came="yes", score=9, drinks=["1", "3"])
    with pytest.raises(AlreadyAnswered):
        answer(survey, mia, came="no")
    (response,) = SurveyResponse.objects.all()
    assert responses.describe(response) == [
        ("Did you come?", "Yes"),
        ("Would you recommend us?", "9"),
        ("What do you drink?", "Tea; Water"),
    ]
    recorded = factories.recorded_facts(ann.community, "survey.answered")
    assert recorded == [(mia, {"survey": survey.public_id})]


def test_an_answer_to_a_question_that_does_not_apply_is_dropped_with_a_word(
    ann: Staff, mia: int
) -> None:
    done = answer(published(ann), mia, came="no", score=3, why="rain")
    assert done.dropped == ("Would you recommend us?",)
    assert "left out" in done.dropped_text
    assert not SurveyAnswer.objects.filter(question="score").exists()
    assert SurveyAnswer.objects.get(question="why").text == "rain"


def test_wrong_answers_change_nothing(ann: Staff, mia: int) -> None:
    with pytest.raises(InvalidAnswers) as raised:
        answer(published(ann), mia, came="maybe")
    assert set(raised.value.errors) == {"came"}
    assert not SurveyResponse.objects.exists()


def test_a_draft_is_resumed_and_gone_once_submitted(ann: Staff, mia: int) -> None:
    survey = published(ann)
    responses.save_draft(survey=survey, account_id=mia, answers={"came": "yes"}, at=AT)
    assert responses.find_draft(survey, mia, at=AT) == {"came": "yes"}
    answer(survey, mia, came="yes", score=7)
    assert not SurveyDraft.objects.exists()


def test_a_draft_is_that_of_the_person(ann: Staff) -> None:
    survey = published(ann)
    first, second = factories.members(ann.community, "a", "b")
    responses.save_draft(
        survey=survey, account_id=second, answers={"came": "no"}, at=AT
    )
    factories.merge(ann.community, "a", "b")
    assert responses.find_draft(survey, first, at=AT) == {"came": "no"}
    answer(survey, first, came="no")
    assert not SurveyDraft.objects.exists()
    with pytest.raises(AlreadyAnswered):
        answer(survey, second, came="no")


def test_staff_leavers_and_erased_members_do_not_answer(ann: Staff) -> None:
    survey = published(ann)
    leaver, worker = factories.members(ann.community, "leaver", "worker")
    factories.leave(ann.community, "leaver")
    staff_accounts.mark(accounts=[worker], by=ann, at=AT)
    for account in (leaver, worker):
        with pytest.raises(MayNotAnswer):
            answer(survey, account, LATER, came="no")
    assert not SurveyResponse.objects.exists()


def test_a_survey_for_a_rule_is_for_nobody_else(ann: Staff) -> None:
    factories.tag(ann.community, "vip")
    vip, other = factories.members(ann.community, "vip", "other")
    factories.apply_tag(ann.community, "vip", "vip")
    survey = published(ann, rule={"tag": {"any": ["vip"]}})
    with pytest.raises(MayNotAnswer):
        answer(survey, other, came="no")
    answer(survey, vip, came="no")
    found = results.compute(survey=survey, by=ann, at=AT)
    assert (found.answered, found.asked) == (1, 1)


def test_closed_surveys_and_those_past_their_end_take_nothing(
    ann: Staff, mia: int
) -> None:
    survey = published(ann, closes_at=AT + timedelta(hours=1))
    with pytest.raises(NotOpen):
        answer(survey, mia, LATER, came="no")
    surveys.close(survey=survey, by=ann, at=LATER)
    surveys.reopen(survey=survey, by=ann, at=LATER)
    answer(survey, mia, LATER, came="no")
    surveys.close(survey=survey, by=ann, at=LATER)
    with pytest.raises(NotOpen):
        answer(survey, factories.members(ann.community, "b")[0], LATER, came="no")


def test_changed_questions_are_a_new_version_and_answers_keep_theirs(
    ann: Staff, mia: int
) -> None:
    survey = published(ann)
    answer(survey, mia, came="yes", score=9)
    changed = [{**BRANCHING[0], "text": "Were you there?"}]
    surveys.update(survey=survey, draft=changed, by=ann, at=LATER)
    other = factories.members(ann.community, "b")[0]
    answer(survey, other, LATER, came="yes", score=5)
    surveys.publish(survey=survey, by=ann, at=LATER)
    last = factories.members(ann.community, "c")[0]
    answer(survey, last, LATER, came="no")
    numbers = SurveyResponse.objects.order_by("account_id").values_list(
        "version__number", flat=True
    )
    assert list(numbers) == [1, 1, 2]
    first = SurveyResponse.objects.get(account_id=mia)
    assert responses.describe(first)[0] == ("Did you come?", "Yes")
    found = results.compute(survey=survey, by=ann, at=LATER)
    came = found.questions[0]
    assert came.question.text == "Were you there?"
    assert [line[:2] for line in came.lines] == [("Yes", 2), ("No", 1)]


def test_publishing_the_same_questions_again_makes_no_version(ann: Staff) -> None:
    survey = published(ann)
    surveys.publish(survey=survey, by=ann, at=LATER)
    assert survey.versions.count() == 1


def test_a_question_keeps_its_kind(ann: Staff) -> None:
    survey = published(ann)
    surveys.update(
        survey=survey,
        draft=[{"key": "came", "kind": "text", "text": "Did you come?"}],
        by=ann,
        at=LATER,
    )
    with pytest.raises(InvalidSurvey, match="another kind"):
        surveys.publish(survey=survey, by=ann, at=LATER)


# What follows


def test_answers_fill_attributes_and_give_tags(ann: Staff, mia: int) -> None:
    prepare(ann)
    answer(published(ann, FILLING), mia, city="sh", cups="2.5")
    assert values(mia) == {"city": ("Shanghai", "survey"), "cups": ("2.5", "survey")}
    assert factories.matching_keys(ann.community, {"tag": {"any": ["local"]}}) == [
        "mia"
    ]


@pytest.mark.parametrize(
    ("rule", "after", "waits"),
    [("newest", "Shanghai", 0), ("staff", "Beijing", 0), ("ask", "Beijing", 1)],
)
def test_against_a_value_of_staff_the_rule_of_the_question_decides(
    ann: Staff, mia: int, rule: str, after: str, waits: int
) -> None:
    prepare(ann)
    attribute = attributes.get(ann.community, "city")
    attributes.set_values(attribute=attribute, values={mia: "Beijing"}, by=ann, at=AT)
    questions = [{**FILLING[0], "rule": rule}, FILLING[1]]
    answer(published(ann, questions), mia, LATER, city="sh", cups="1")
    assert values(mia)["city"][0] == after
    assert len(effects.list_waiting(ann, at=LATER)) == waits


@pytest.mark.parametrize("take", [True, False])
def test_a_person_decides_once(ann: Staff, mia: int, *, take: bool) -> None:
    prepare(ann)
    attribute = attributes.get(ann.community, "city")
    attributes.set_values(attribute=attribute, values={mia: "Beijing"}, by=ann, at=AT)
    answer(published(ann, FILLING), mia, LATER, city="sh", cups="1")
    (waiting,) = effects.list_waiting(ann, at=LATER)
    effects.decide(pk=waiting.pk, take=take, by=ann, at=LATER)
    assert values(mia)["city"][0] == ("Shanghai" if take else "Beijing")
    assert effects.list_waiting(ann, at=LATER) == []
    with pytest.raises(effects.ConflictNotFound):
        effects.decide(pk=waiting.pk, take=True, by=ann, at=LATER)


def test_an_attribute_that_changed_since_leaves_the_answer_to_a_person(
    ann: Staff, mia: int
) -> None:
    prepare(ann)
    survey = published(ann, FILLING)
    attributes.update(
        attribute=attributes.get(ann.community, "city"),
        label="City",
        section="basic",
        choices=["Beijing"],
        by=ann,
        at=AT,
    )
    answer(survey, mia, city="sh", cups="1")
    assert "city" not in values(mia)
    assert [row.value for row in effects.list_waiting(ann, at=AT)] == ["Shanghai"]


@pytest.mark.parametrize(
    "questions",
    [
        [{**FILLING[1], "attribute": "city"}],
        [{**FILLING[0], "attribute": "unknown"}],
        [FILLING[1], {**FILLING[1], "key": "again"}],
        [],
    ],
)
def test_what_cannot_be_asked_is_not_published(ann: Staff, questions: Any) -> None:
    prepare(ann)
    with pytest.raises(Exception, match=r"attribute|fill|Add a question"):
        published(ann, questions)


# Rounds


def test_every_round_is_answered_once(ann: Staff, mia: int) -> None:
    survey = published(ann)
    answer(survey, mia, came="no")
    surveys.ask_again(survey=survey, by=ann, at=LATER)
    answer(survey, mia, LATER, came="yes", score=1)
    assert results.list_rounds(survey) == ["2", "1"]
    found = results.compute(survey=survey, by=ann, at=LATER, round="2")
    assert [line[1] for line in found.questions[0].lines] == [1, 0]


def test_a_monthly_survey_is_answered_once_a_month(ann: Staff, mia: int) -> None:
    survey = published(ann, repeat="month")
    answer(survey, mia, came="no")
    with pytest.raises(AlreadyAnswered):
        answer(survey, mia, LATER, came="no")
    answer(survey, mia, AT + timedelta(days=31), came="no")
    assert SurveyResponse.objects.count() == 2


# Staff


def test_staff_type_answers_of_members_whom_they_see(ann: Staff) -> None:
    factories.tag(ann.community, "mine")
    own, other = factories.members(ann.community, "own", "other")
    factories.apply_tag(ann.community, "mine", "own")
    bo = factories.staff(
        ann.community, "operator", "bo", scope={"tag": {"any": ["mine"]}}
    )
    survey = published(ann)
    typed: dict[str, Any] = {
        "survey": survey,
        "answers": {"came": "no"},
        "source": "staff",
        "by": bo,
        "at": AT,
    }
    responses.submit(account_id=own, **typed)
    with pytest.raises(account_queries.MemberNotFound):
        responses.submit(account_id=other, **typed)
    responses.submit(account_id=other, **{**typed, "by": ann})
    assert results.compute(survey=survey, by=bo, at=AT).answered == 1
    assert results.compute(survey=survey, by=ann, at=AT).answered == 2


def test_deleted_answers_may_be_given_again(ann: Staff, mia: int) -> None:
    survey = published(ann)
    done = answer(survey, mia, came="no", why="rain")
    assert done.response is not None
    responses.delete(pk=done.response.pk, by=ann, at=LATER)
    assert not SurveyAnswer.objects.exists()
    answer(survey, mia, LATER, came="yes", score=3)
    assert results.compute(survey=survey, by=ann, at=LATER).answered == 1


def test_after_a_merge_a_person_counts_once_and_after_an_unmerge_twice(
    ann: Staff,
) -> None:
    a, b = factories.members(ann.community, "a", "b")
    survey = published(ann)
    answer(survey, a, came="no")
    answer(survey, b, LATER, came="yes", score=10)
    factories.merge(ann.community, "a", "b", LATER)
    found = results.compute(survey=survey, by=ann, at=LATER)
    assert (found.answered, found.asked) == (1, 1)
    assert [line[1] for line in found.questions[0].lines] == [1, 0]
    factories.unmerge(ann.community, "a", "b", LATER)
    assert results.compute(survey=survey, by=ann, at=LATER).answered == 2


def test_an_anonymous_answer_is_stored_apart_from_who_gave_it(
    ann: Staff, mia: int
) -> None:
    survey = published(ann, is_anonymous=True)
    answer(survey, mia, came="no", why="rain")
    (response,) = SurveyResponse.objects.all()
    assert response.account_id is None
    assert response.person_id is None
    assert response.answered_at is None
    assert SurveyAnswered.objects.get().account_id == mia
    with pytest.raises(AlreadyAnswered):
        answer(survey, mia, came="no")
    with pytest.raises(NotOpen):
        responses.save_draft(survey=survey, account_id=mia, answers={}, at=AT)


def test_anonymous_surveys_fill_nothing(ann: Staff) -> None:
    prepare(ann)
    for questions in (FILLING[:1], FILLING[1:], [{"kind": "picture", "text": "Look"}]):
        with pytest.raises(InvalidSurvey, match="belong to a person"):
            published(ann, questions, is_anonymous=True)
    with pytest.raises(InvalidSurvey, match="traced to members"):
        published(ann, is_anonymous=True, repeat="day")
