"""The line above the rule builder that reads a sentence."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests.clients import browser
from tests.console.segments.test_builder import hidden

NEW = "/members/segments/new/"


@pytest.fixture
def web(boss: Staff) -> Client:
    return browser(boss)


def reading(web: Client, text: str) -> str:
    response = web.post("/members/segments/sentence/", {"sentence": text})
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_reading_shows_what_the_sentence_means(web: Client) -> None:
    page = reading(web, "VIP who bought this week")
    assert "This means:" in page
    assert "paid an order" in page
    assert "follows the calendar" in page
    assert "<mark" not in page


def test_reading_marks_what_is_not_understood(web: Client) -> None:
    page = reading(web, "VIP who like dogs")
    assert '<mark class="unknown">dogs</mark>' in page
    assert "This means:" not in page


def test_reading_is_empty_without_a_sentence(web: Client) -> None:
    page = reading(web, "  ")
    assert 'id="sentence-reading"' in page
    assert "<p" not in page


def test_reading_escapes_the_sentence(web: Client) -> None:
    response = web.post(
        "/members/segments/sentence/", {"sentence": "<script>alert(1)</script>"}
    )
    page = response.content.decode()
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_reading_refuses_what_is_too_long(web: Client) -> None:
    assert "at most 500 characters" in reading(web, "VIP " * 200)


def test_choice_puts_brackets_where_they_belong(web: Client) -> None:
    text = "VIP or KOC and bought"
    page = reading(web, text)
    (first, second) = re.findall(r'name="do" value="(choose:[^"]+)"', page)
    rules = []
    for do in (first, second):
        data = {"sentence": text, "rule": '{"all": []}', "do": do}
        answer = html.unescape(web.post(f"{NEW}rule/", data).content.decode())
        match = re.search(r'id="sentence" name="sentence" value="([^"]*)"', answer)
        assert match
        data |= {"sentence": match[1], "do": "take-over"}
        rules.append(hidden(web.post(f"{NEW}rule/", data).content.decode()))
    bought = {"did": {"kind": "order.paid"}}
    vip, koc = ({"tag": {"any": [key]}} for key in ("vip", "koc"))
    assert rules[0] == {"all": [{"any": [vip, koc]}, bought]}
    assert rules[1] == {"all": [{"any": [vip, {"all": [koc, bought]}]}]}


def test_segments_are_for_staff_who_are_logged_in(shop: Community) -> None:
    response = Client().post("/members/segments/sentence/", {"sentence": "VIP"})
    assert response.status_code in (302, 403)
