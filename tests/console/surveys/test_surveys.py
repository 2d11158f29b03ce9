"""The pages of surveys: built from rows, published, typed by hand, read and exported."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.surveys.models import (
    State,
    Survey,
    SurveyAnswer,
    SurveyConflict,
    SurveyResponse,
)
from tests import clients, factories
from tests.factories import AT
from tests.members.surveys.asking import answer, published

pytestmark = pytest.mark.django_db
PAGE = "/members/surveys/"


def shown(response: Any) -> str:
    return str(response.content.decode())


def form_of(survey: Survey, rows: list[dict[str, Any]], **more: str) -> dict[str, str]:
    form = {
        "name": survey.name,
        "repeat": survey.repeat,
        "layout": survey.layout,
        "count": str(len(rows)),
        "do": "save",
        **more,
    }
    for n, row in enumerate(rows):
        form |= {f"q{n}-{name}": value for name, value in row.items()}
    return form


def test_a_survey_is_built_without_scripts_and_published(
    shop: Community, ann: Client, by: Staff
) -> None:
    assert "No surveys yet" in shown(ann.get(PAGE))
    assert ann.post(f"{PAGE}new/", {"name": ""}).status_code == 422
    assert ann.post(f"{PAGE}new/", {"name": "<b>March"}).status_code == 303
    survey = Survey.objects.get()
    url = f"{PAGE}{survey.pk}/edit/"
    page = shown(ann.post(url, form_of(survey, [], do="add", new_kind="single")))
    assert 'name="q0-options"' in page
    came = {
        "kind": "single",
        "text": "Did you come?",
        "options": "Yes #vip\nNo",
        "required": "on",
    }
    factories.tag(shop, "vip")
    page = shown(ann.post(url, form_of(survey, [came], do="add", new_kind="nps")))
    survey.refresh_from_db()
    key = survey.draft[0]["key"]
    when = json.dumps({"options": ["1"], "question": key}, sort_keys=True)
    assert "1. Did you come? = Yes" in page
    rows = [
        {**came, "key": key},
        {"kind": "nps", "text": "Recommend us?", "when": when, "required": "on"},
    ]
    assert ann.post(url, form_of(survey, rows)).status_code == 303
    survey.refresh_from_db()
    assert survey.draft[0]["options"][0] == {"key": "1", "text": "Yes", "tag": "vip"}
    assert survey.draft[1]["when"] == {"question": key, "options": ["1"]}
    # A question cannot stand above the one that its condition asks for.
    moved = ann.post(url, form_of(survey, rows, do="up-1"))
    assert moved.status_code == 422
    assert "does not stand before it" in shown(moved)
    assert "Only after a certain answer" in shown(
        ann.get(f"{PAGE}{survey.pk}/preview/")
    )
    assert "&lt;b&gt;March" in shown(ann.get(f"{PAGE}{survey.pk}/"))
    ann.post(f"{PAGE}{survey.pk}/publish/")
    survey.refresh_from_db()
    assert survey.state == State.OPEN


def test_a_renamed_option_keeps_its_answers(
    shop: Community, ann: Client, by: Staff
) -> None:
    survey = published(
        by, [{"key": "q", "kind": "single", "text": "Q", "options": ["Tae", "Coffee"]}]
    )
    row = {"kind": "single", "key": "q", "text": "Q", "options": "Tea\nCoffee"}
    ann.post(f"{PAGE}{survey.pk}/edit/", form_of(survey, [row]))
    survey.refresh_from_db()
    assert [(o["key"], o["text"]) for o in survey.draft[0]["options"]] == [
        ("1", "Tea"),
        ("2", "Coffee"),
    ]
    row["options"] = "Water\nTea\nCoffee"
    ann.post(f"{PAGE}{survey.pk}/edit/", form_of(survey, [row]))
    survey.refresh_from_db()
    assert {o["text"]: o["key"] for o in survey.draft[0]["options"]} == {
        "Tea": "1",
        "Coffee": "2",
        "Water": "3",
    }


def test_templates_are_ready_to_publish(
    shop: Community, ann: Client, by: Staff
) -> None:
    for template in ("event", "case", "month", "why"):
        ann.post(f"{PAGE}new/", {"name": template, "template": template})
        survey = Survey.objects.get(name=template)
        ann.post(f"{PAGE}{survey.pk}/publish/")
        survey.refresh_from_db()
        assert survey.state == State.OPEN


def test_staff_type_and_paste_answers(shop: Community, ann: Client, by: Staff) -> None:
    factories.members(shop, "mia", "bob", "eva")
    survey = published(by, [{"key": "s", "kind": "nps", "text": "Recommend?"}])
    url = f"{PAGE}{survey.pk}/answers/"
    refused = ann.post(f"{url}type/", {"member": "mia", "a_s": ""})
    assert "Please answer this question" in shown(refused)
    assert "no member" in shown(ann.post(f"{url}type/", {"member": "who", "a_s": "9"}))
    assert ann.post(f"{url}type/", {"member": "mia", "a_s": "9"}).status_code == 303
    lines = "bob 10\nmia 3\neva: eleven\nnobody 4\nbob"
    page = shown(ann.post(f"{url}paste/", {"lines": lines}))
    assert "1 of 5 lines taken" in page
    assert "You have answered this survey" in page
    assert "Choose a number from 0 to 10" in page
    numbers = SurveyAnswer.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [9, 10]
    assert set(SurveyResponse.objects.values_list("source", flat=True)) == {"staff"}
    page = shown(ann.get(f"{PAGE}{survey.pk}/"))
    assert "2 answered of 3 asked" in page
    assert "NPS +100 · mean 9.50 · median 9.5" in page


def test_answers_are_read_exported_and_deleted(
    shop: Community, ann: Client, by: Staff
) -> None:
    account = factories.member(shop, "mia", name="=HYPERLINK(1)").pk
    survey = published(by, [{"key": "s", "kind": "text", "text": "=Say"}])
    answer(survey, account, s="=1+1 <img onerror=x>")
    url = f"{PAGE}{survey.pk}/answers/"
    assert "=HYPERLINK(1)" in shown(ann.get(url))
    page = shown(ann.get(f"{PAGE}{survey.pk}/"))
    assert "=1+1 &lt;img onerror=x&gt;" in page
    csv = ann.get(f"{url}export/csv/").content.decode()
    assert "'=1+1 <img onerror=x>" in csv
    assert "'=HYPERLINK(1)" in csv
    xlsx = ann.get(f"{url}export/xlsx/").content
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[1][1] == "=HYPERLINK(1)"
    assert rows[1][-1] == "=1+1 <img onerror=x>"
    assert b"<f>" not in xlsx
    row = SurveyResponse.objects.get()
    assert "=1+1" in shown(ann.get(f"{PAGE}answers/{row.pk}/"))
    ann.post(f"{PAGE}answers/{row.pk}/delete/")
    assert not SurveyResponse.objects.exists()


def test_an_answer_against_staff_waits_in_today(
    shop: Community, ann: Client, by: Staff
) -> None:
    account = factories.member(shop, "mia", name="Mia").pk
    city = attributes.define(community=shop, name="city", type="text", by=by, at=AT)
    attributes.set_values(attribute=city, values={account: "Beijing"}, by=by, at=AT)
    survey = published(
        by,
        [
            {
                "key": "c",
                "kind": "text",
                "text": "City?",
                "attribute": "city",
                "rule": "ask",
            }
        ],
    )
    answer(survey, account, c="Shanghai")
    assert "1 answer differs from what staff have noted" in shown(ann.get("/"))
    page = shown(ann.get(f"{PAGE}decisions/"))
    assert "staff noted “Beijing”, the answer is “Shanghai”" in page
    pk = SurveyConflict.objects.get().pk
    ann.post(f"{PAGE}decisions/{pk}/", {"take": "1"})
    assert "Nothing to decide" in shown(ann.get(f"{PAGE}decisions/"))
    values = attributes.values_of_person([account])
    assert values["city"].text == "Shanghai"


def test_viewers_see_numbers_and_no_answers(
    shop: Community, ann: Client, by: Staff
) -> None:
    account = factories.members(shop, "mia")[0]
    survey = published(by, [{"key": "s", "kind": "text", "text": "Say"}])
    answer(survey, account, s="a secret")
    viewer = clients.browser(factories.staff(shop, "viewer", "vi"))
    page = shown(viewer.get(f"{PAGE}{survey.pk}/"))
    assert "1 answered of 1 asked" in page
    assert "a secret" not in page
    assert "a secret" in shown(ann.get(f"{PAGE}{survey.pk}/"))
    for path in ("answers/", "answers/export/csv/", "answers/type/", "edit/"):
        assert viewer.get(f"{PAGE}{survey.pk}/{path}").status_code == 403
