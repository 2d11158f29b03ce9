"""Surveys on a member's phone, without JavaScript: left, resumed, corrected, anonymous."""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from qunce.core.staff.models import Staff
from qunce.members.surveys import surveys
from qunce.members.surveys.models import (
    Survey,
    SurveyAnswer,
    SurveyDraft,
    SurveyPicture,
    SurveyResponse,
)
from tests import factories
from tests.members.surveys.asking import BRANCHING, published
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db
FORM = re.compile(r'<form class="card" method="post"(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture
def ann() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def mia(ann: Staff) -> int:
    return factories.member(ann.community, "mia", name="Mia").pk


def press(phone: Phone, survey: Survey, step: str = "next", **fields: Any) -> str:
    """Send the form of the page with these answers, keys of questions without `a_`."""
    (content,) = FORM.findall(phone.page)
    data: dict[str, Any] = {}
    for name, value in HIDDEN.findall(content):
        text = html.unescape(value)
        data[name] = [*data[name], text] if name in data else [text]
    data |= {f"a_{key}": value for key, value in fields.items()}
    url = f"{phone.root}surveys/{survey.public_id}/answer"
    response = phone.client.post(url, {**data, "step": step}, follow=True)
    return phone._show(response, url)


def opened(survey: Survey, account: int, purpose: str = "") -> Phone:
    phone = Phone(survey.community)
    phone.bind(account, purpose or f"survey:{survey.public_id}")
    phone.open(f"surveys/{survey.public_id}")
    return phone


def test_a_branching_survey_is_left_and_resumed(ann: Staff, mia: int) -> None:
    survey = published(ann)
    phone = opened(survey, mia)
    assert "Question 1 of 2" in phone.page
    press(phone, survey, came="yes")
    assert "Would you recommend us?" in phone.page
    assert SurveyDraft.objects.get().answers == {"came": "yes"}
    # Another phone of the same member, later.
    other = opened(survey, mia)
    assert "Would you recommend us?" in other.page
    press(other, survey, step="back")
    assert 'value="yes" checked' in other.page
    press(other, survey, came="no")
    assert "Why did you not come?" in other.page
    press(other, survey, why="")
    assert "What do you drink?" in other.page
    press(other, survey, drinks=["1", "3"])
    assert "You have answered this survey" in other.page
    stored = SurveyAnswer.objects.order_by("question", "option")
    assert [(row.question, row.option) for row in stored] == [
        ("came", "no"),
        ("drinks", "1"),
        ("drinks", "3"),
    ]
    assert SurveyResponse.objects.get().source == "portal"
    assert "You have answered" in phone.open(f"surveys/{survey.public_id}")


def test_what_does_not_fit_is_shown_again_with_its_error(ann: Staff, mia: int) -> None:
    survey = published(
        ann, [{"key": "age", "kind": "number", "text": "Age?", "least": 1, "most": 120}]
    )
    phone = opened(survey, mia)
    press(phone, survey, age='<b>"12')
    assert phone.status == 422
    assert "is not a number" in phone.page
    assert 'value="&lt;b&gt;&quot;12"' in phone.page
    press(phone, survey, age="12")
    assert SurveyAnswer.objects.get().number == 120_000


def test_all_questions_on_one_page_leave_out_what_does_not_apply(
    ann: Staff, mia: int
) -> None:
    survey = published(ann, layout="all")
    phone = opened(survey, mia)
    assert "Only if you answered “Did you come?” with: Yes" in phone.page
    assert "survey.js" in phone.page
    press(phone, survey, came="no", score="4", why="rain")
    assert "Your answer to “Would you recommend us?” was left out" in phone.page
    assert not SurveyAnswer.objects.filter(question="score").exists()
    assert SurveyAnswer.objects.get(question="why").text == "rain"


def test_an_anonymous_survey_carries_its_answers_and_saves_none(
    ann: Staff, mia: int
) -> None:
    survey = published(ann, is_anonymous=True)
    phone = opened(survey, mia)
    assert "This survey is anonymous" in phone.page
    press(phone, survey, came="no")
    assert not SurveyDraft.objects.exists()
    press(phone, survey, why="it's “late” <i>")
    press(phone, survey, step="back")
    assert "it&#x27;s “late” &lt;i&gt;" in phone.page
    press(phone, survey, why="it's “late” <i>")
    press(phone, survey)
    assert "You have answered" in phone.page
    assert SurveyAnswer.objects.get(question="why").text == "it's “late” <i>"
    assert SurveyResponse.objects.get().account_id is None


@pytest.mark.parametrize("carried", ["[]", "{", '{"came": {"x": []}}', "[" * 50_000])
def test_forged_carried_answers_are_no_answers(
    ann: Staff, mia: int, carried: str
) -> None:
    survey = published(ann, is_anonymous=True)
    phone = opened(survey, mia)
    token = phone.page.partition('data-token="')[2].partition('"')[0]
    url = f"{phone.root}surveys/{survey.public_id}/answer"
    form = {"form_token": token, "carried": carried, "shown": "drinks", "step": "next"}
    response = phone.client.post(url, form)
    assert response.status_code == 422
    assert "Did you come?" in response.content.decode()
    assert not SurveyResponse.objects.exists()


def test_the_page_of_the_community_lists_surveys_and_a_link_for_it_suffices(
    ann: Staff, mia: int
) -> None:
    survey = published(ann, BRANCHING[:1], name="How was March?")
    phone = Phone(ann.community)
    phone.bind(mia)
    phone.open("")
    assert "How was March?" in phone.page
    phone.open(f"surveys/{survey.public_id}")
    press(phone, survey, came="yes")
    assert SurveyResponse.objects.get().account_id == mia
    phone.open("")
    assert "You have answered it" in phone.page


def test_a_link_for_something_else_does_not_suffice(ann: Staff, mia: int) -> None:
    first, second = published(ann), published(ann, name="Other")
    phone = opened(first, mia)
    phone.open(f"surveys/{second.public_id}")
    assert "open your personal link, or sign in" in phone.page
    assert "Did you come?" not in phone.page


def test_a_closed_survey_says_so(ann: Staff, mia: int) -> None:
    survey = published(ann)
    phone = opened(survey, mia)
    surveys.close(survey=survey, by=ann, at=datetime.now(UTC))
    press(phone, survey, came="yes")
    assert "This survey is over" in phone.page
    assert not SurveyDraft.objects.exists()


def photo() -> bytes:
    picture = Image.new("RGB", (2_000, 1_000), "red")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "is_taken"),
    [(photo(), True), (b"<svg onload=alert(1)/>", False), (b"PK\3\4zip", False)],
)
def test_pictures_are_encoded_again(
    ann: Staff, mia: int, content: bytes, *, is_taken: bool
) -> None:
    survey = published(ann, [{"key": "pic", "kind": "picture", "text": "Your cup?"}])
    phone = opened(survey, mia)
    file = io.BytesIO(content)
    file.name = "cup.jpg"
    press(phone, survey, pic=file)
    assert phone.status == (200 if is_taken else 422)
    assert SurveyPicture.objects.count() == int(is_taken)
    if is_taken:
        stored = bytes(SurveyPicture.objects.get().content)
        assert b"secret place" in content
        assert b"secret place" not in stored
        assert Image.open(io.BytesIO(stored)).size == (1_600, 800)
        assert SurveyAnswer.objects.get().text == SurveyPicture.objects.get().public_id


def test_halves_of_characters_in_carried_answers_are_no_answers(
    ann: Staff, mia: int
) -> None:
    cups = {"key": "cups", "kind": "number", "text": "How many cups?"}
    survey = published(ann, [cups], is_anonymous=True, layout="all")
    phone = opened(survey, mia)
    phone.client.raise_request_exception = False
    token = dict(HIDDEN.findall(phone.page))["form_token"]
    url = f"{phone.root}surveys/{survey.public_id}/answer"
    for carried in ('{"cups": "\\ud800"}', '{"cups": ["\\ud800"]}', '{"a\\ud800": 1}'):
        data = {"form_token": token, "carried": carried, "step": "next"}
        assert phone.client.post(url, data).status_code == 422
    assert not SurveyResponse.objects.exists()
