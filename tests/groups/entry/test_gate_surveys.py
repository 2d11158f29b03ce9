"""A gate asks a survey: its own, or one that was chosen; its answers have one place."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.entry import gates, requests
from qunce.groups.entry.gates import InvalidGate
from qunce.groups.entry.models import EntryGate, EntryRequest
from qunce.groups.groups import Group
from qunce.members.attributes import attributes
from qunce.members.surveys import respondents, responses, surveys
from qunce.members.surveys.models import SurveyConflict, SurveyResponse
from qunce.outreach import entry_messages
from tests import clients, factories
from tests.factories import AT, HOUR, LATER
from tests.members.surveys.asking import answer, published

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {
        "key": "city",
        "kind": "single",
        "text": "Where do you live?",
        "options": [{"text": "Shanghai", "tag": "local"}, "Elsewhere"],
        "attribute": "city",
        "rule": "ask",
    },
    {
        "key": "which",
        "kind": "text",
        "text": "Which town?",
        "when": {"question": "city", "options": ["2"]},
    },
    {"key": "photo", "kind": "picture", "text": "A photo?", "is_required": False},
    {"key": "score", "kind": "nps", "text": "Would you recommend us?"},
]


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    attributes.define(
        community=shop, name="city", type="text", by=factories.staff(shop), at=AT
    )
    factories.tag(shop, "local")
    return factories.staff(shop, login="olga")


@pytest.fixture
def north(shop: Community) -> Group:
    return factories.group(shop, "north", platform="wechat")


def ask(group: Group, by: Staff, **fields: Any) -> EntryGate:
    gates.configure(group=group, by=by, at=AT, **fields)
    return gates.switch(group=group, is_on=True, by=by, at=AT)


def newcomer(shop: Community, key: str) -> int:
    """Somebody who knocks, and is no member yet."""
    account = factories.member(shop, key).pk
    factories.leave(shop, key)
    return account


def knock(group: Group, account: int, by: Staff) -> EntryRequest:
    return requests.open_request(group=group, account=account, by=by, at=AT)


def say(request: EntryRequest, by: Staff, *texts: str) -> list[str]:
    """The steps that follow each answer."""
    found = []
    for text in texts:
        requests.answer(request=request, text=text, by=by, at=LATER)
        found.append(request.step if request.state == "waiting" else request.state)
    return found


def test_a_chosen_survey_is_asked_with_its_options_and_conditions(
    shop: Community, owner: Staff, north: Group
) -> None:
    survey = published(owner, QUESTIONS)
    gate = ask(north, owner, survey=survey.public_id)
    kim = newcomer(shop, "kim")
    request = knock(north, kim, owner)
    text = entry_messages.question_text(gate, "q1", AT, is_repeated=False)
    assert "1. Shanghai\n2. Elsewhere" in text
    assert "from 0 to 10" in entry_messages.question_text(
        gate, "q3", AT, is_repeated=False
    )
    # The second question is asked of those who live elsewhere only.
    assert say(request, owner, "3", "1", "eleven", "9") == ["q1", "q3", "q3", "passed"]
    (response,) = SurveyResponse.objects.filter(account_id=kim)
    assert dict(responses.describe(response)) == {
        "Where do you live?": "Shanghai",
        "Would you recommend us?": "9",
    }
    values = attributes.values_of_person([kim])
    assert [(str(v.text), v.source) for v in values.values()] == [
        ("Shanghai", "survey")
    ]
    lee = knock(north, newcomer(shop, "lee"), owner)
    assert say(lee, owner, "elsewhere", "Suzhou", "0") == ["q2", "q3", "passed"]


def test_who_has_answered_the_survey_is_not_asked_again(
    shop: Community, owner: Staff, north: Group
) -> None:
    survey = published(owner, QUESTIONS)
    ask(north, owner, survey=survey.public_id, needs_approval=True)
    kim = factories.member(shop, "kim").pk
    answer(survey, kim, AT, city="1", score=5)
    assert knock(north, kim, owner).step == "approval"


def test_the_rule_of_the_question_decides_against_a_value_of_staff(
    shop: Community, owner: Staff, north: Group
) -> None:
    survey = published(owner, QUESTIONS)
    ask(north, owner, survey=survey.public_id)
    kim = newcomer(shop, "kim")
    attributes.set_values(
        attribute=attributes.get(shop, "city"), values={kim: "Suzhou"}, by=owner, at=AT
    )
    assert say(knock(north, kim, owner), owner, "1", "9")[-1] == "passed"
    values = attributes.values_of_person([kim])
    assert [str(each.text) for each in values.values()] == ["Suzhou"]
    assert SurveyConflict.objects.get().value == "Shanghai"


def test_a_survey_that_is_closed_leaves_the_decision_to_staff(
    shop: Community, owner: Staff, north: Group
) -> None:
    survey = published(owner, QUESTIONS)
    ask(north, owner, survey=survey.public_id)
    waiting = knock(north, newcomer(shop, "kim"), owner)
    surveys.close(survey=survey, by=owner, at=AT)
    assert knock(north, newcomer(shop, "lee"), owner).step == "approval"
    requests.let_in(request=waiting, by=owner, at=LATER)
    assert waiting.state == "passed"


def test_nobody_is_refused_for_a_question_of_a_closed_survey(
    shop: Community, owner: Staff, north: Group
) -> None:
    survey = published(owner, QUESTIONS)
    ask(north, owner, survey=survey.public_id)
    kim, lee = (knock(north, newcomer(shop, key), owner) for key in ("kim", "lee"))
    surveys.close(survey=survey, by=owner, at=AT)
    requests.answer(request=kim, text="Shanghai", by=owner, at=AT)
    assert (kim.state, kim.step, kim.answers[0]["text"]) == (
        "waiting",
        "approval",
        "Shanghai",
    )
    assert requests.expire_due(at=AT + 100 * HOUR) == 0
    lee.refresh_from_db()
    assert (lee.state, lee.step) == ("waiting", "approval")


def test_own_questions_are_a_survey_for_newcomers_only(
    shop: Community, owner: Staff, north: Group
) -> None:
    where = {"text": "Where?", "answers": [{"words": ["A", "Aa"], "tag": "local"}]}
    gate = ask(north, owner, questions=[where])
    first = gate.asked_survey
    assert first is not None
    assert gate.survey == ""
    assert gate.questions == [{"attribute": "", **where}]
    kim = factories.member(shop, "kim").pk
    assert respondents.list_for(kim, at=AT) == []
    request = knock(north, newcomer(shop, "lee"), owner)
    # Answers that nobody lists are not guessed by number.
    assert say(request, owner, "1", "aa") == ["q1", "passed"]
    assert SurveyResponse.objects.get().survey == first
    # A change is another version of the same survey; a chosen one closes it.
    gate = gates.configure(
        group=north, questions=[where, {"text": "Why?"}], by=owner, at=AT + HOUR
    )
    assert gate.asked_survey == first
    assert [each["text"] for each in gate.questions] == ["Where?", "Why?"]
    chosen = published(owner, QUESTIONS)
    gate = gates.configure(group=north, survey=chosen.public_id, by=owner, at=LATER)
    first.refresh_from_db()
    assert (gate.survey, first.state) == (chosen.public_id, "closed")
    gates.switch(group=north, is_on=False, by=owner, at=LATER)
    gate = gates.configure(group=north, survey="", by=owner, at=LATER)
    assert (gate.survey, gate.questions) == ("", [])


def test_a_survey_that_no_gate_can_ask_is_refused(owner: Staff, north: Group) -> None:
    score = [{"kind": "nps", "text": "Recommend?"}]
    anonymous = published(owner, score, is_anonymous=True)
    optional = published(owner, [{**score[0], "is_required": False}])
    closed = published(owner, score)
    surveys.close(survey=closed, by=owner, at=AT)
    for survey, text in (
        (anonymous, "not anonymous"),
        (closed, "open"),
        (optional, "required"),
    ):
        with pytest.raises(InvalidGate, match=text):
            ask(north, owner, survey=survey.public_id)
    fine = published(owner, score)
    with pytest.raises(InvalidGate, match="not both"):
        ask(north, owner, survey=fine.public_id, questions=[{"text": "Why?"}])
    assert not EntryGate.objects.exists()


def test_staff_and_programs_choose_a_survey(owner: Staff, north: Group) -> None:
    survey = published(owner, QUESTIONS)
    browser = clients.browser(owner)
    url = f"/groups/entry/gates/{north.pk}/"
    assert survey.public_id in browser.get(url).content.decode()
    form = {
        "keywords": "",
        "questions": "",
        "survey": survey.public_id,
        "threshold": "",
        "note": "",
        "wait_hours": "48",
        "max_attempts": "5",
    }
    browser.post(url, form)
    gate = EntryGate.objects.get()
    assert gate.survey == survey.public_id
    browser.post(url, {**form, "survey": "", "questions": "Why?"})
    gate.refresh_from_db()
    assert [each["text"] for each in EntryGate.objects.get().questions] == ["Why?"]
