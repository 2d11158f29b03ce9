"""The keyword of a survey in a chat: a link, or the answer to its only question."""

from __future__ import annotations

import itertools

import pytest

from qunce.core.staff.models import Staff
from qunce.groups import chat_readers
from qunce.groups.chat_readers import ChatMessage
from qunce.members.surveys.models import SurveyAnswer, SurveyResponse
from tests import factories
from tests.factories import AT
from tests.members.surveys.asking import published

pytestmark = pytest.mark.django_db
SCORE = [{"key": "s", "kind": "nps", "text": "Recommend us?"}]
NUMBERS = itertools.count()


@pytest.fixture
def ann() -> Staff:
    return factories.staff(factories.community(language="en"))


def say(by: Staff, account: int, text: str) -> str | None:
    """What the member is answered, None if the message is left to staff."""
    message = ChatMessage(
        community=by.community,
        account=account,
        group=None,
        text=text,
        key=str(next(NUMBERS)),
        happened_at=AT,
    )
    if not chat_readers.read(message, at=AT):
        return None
    found = factories.recorded_facts(by.community, "survey.chat_answered")
    return str(found[-1][1]["text"])


def test_a_survey_of_one_question_is_answered_by_its_keyword(ann: Staff) -> None:
    mia = factories.members(ann.community, "mia")[0]
    published(ann, SCORE, keyword="评分", thanks="Thanks, Mia")
    assert say(ann, mia, "评分很高") is None
    assert say(ann, mia, "hello") is None
    asked = say(ann, mia, "评分")
    assert asked == "Recommend us? Reply with “评分” and your answer, or: {link}"
    assert say(ann, mia, "评分 11") == "Choose a number from 0 to 10."
    assert not SurveyResponse.objects.exists()
    assert say(ann, mia, "评分：９") == "Thanks, Mia"
    assert SurveyAnswer.objects.get().number == 9
    assert SurveyResponse.objects.get().source == "chat"
    assert "You have answered" in str(say(ann, mia, "评分 3"))
    assert SurveyAnswer.objects.get().number == 9


def test_texts_are_taken_as_they_are_written(ann: Staff) -> None:
    mia = factories.members(ann.community, "mia")[0]
    question = {"key": "s", "kind": "text", "text": "Say"}
    published(ann, [question], keyword="Tell")
    say(ann, mia, "tell  Oat Milk ＡＢ")
    assert SurveyAnswer.objects.get().text == "Oat Milk ＡＢ"


def test_an_anonymous_survey_takes_nothing_in_a_chat(ann: Staff) -> None:
    mia = factories.members(ann.community, "mia")[0]
    published(ann, SCORE, keyword="rating", is_anonymous=True)
    assert say(ann, mia, "rating 9") == "“March”: answer on your page: {link}"
    assert not SurveyResponse.objects.exists()


def test_people_who_may_not_answer_read_why(ann: Staff) -> None:
    mia = factories.members(ann.community, "mia")[0]
    factories.tag(ann.community, "vip")
    published(ann, SCORE, keyword="rating", rule={"tag": {"any": ["vip"]}})
    assert say(ann, mia, "rating 9") == "This survey is for other members."
