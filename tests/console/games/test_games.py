"""The page of a game for staff: ask, rule with one tap, close, decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.games import rounds
from qunce.activities.games.models import GameAnswer, GameResult, Round
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.activities import running
from tests.activities.games import builders
from tests.activities.running import open_now

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_quiz(by: Staff) -> Activity:
    rows = [
        builders.question("<b>Capital</b>?", "Beijing", choices=""),
        builders.question("2 + 2?", "4", choices="3 / 4"),
    ]
    settings = {"questions": rows, "pace": "by_hand", "mode": "first"}
    return open_now(by, kind="quiz", settings=settings, ends_at=datetime.now(UTC) + DAY)


def test_staff_ask_rule_close_and_decide(by: Staff) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    activity = open_quiz(by)
    browser = clients.browser(by)
    url = reverse("games:detail", args=[activity.pk])
    page = browser.get(url).content.decode()
    assert "No question was asked yet." in page
    assert "Ask question 1" in page
    browser.post(reverse("games:next", args=[activity.pk]))
    running.join(activity, bob, datetime.now(UTC), said="<i>Peking</i>")
    page = browser.get(url).content.decode()
    assert "&lt;b&gt;Capital&lt;/b&gt;?" in page
    assert "&lt;i&gt;Peking&lt;/i&gt;" in page
    assert "<i>Peking" not in page
    answer = GameAnswer.objects.get()
    rule = reverse("games:rule", args=[activity.pk, answer.pk])
    browser.post(rule, {"counts": "yes"})
    row = Round.objects.get()
    assert (row.winner_id, row.closed_by) == (answer.pk, "won")
    page = browser.get(url).content.decode()
    assert "ruled by" in page
    assert "10 points" in page
    assert "Copy the result" in page
    browser.post(reverse("games:next", args=[activity.pk]))
    browser.post(reverse("games:close", args=[activity.pk, 2]))
    assert Round.objects.get(number=2).closed_by == "staff"
    assert "Ask question" not in browser.get(url).content.decode()
    lifecycle.end(activity=activity, at=datetime.now(UTC))
    assert "Decide the winners now" in browser.get(url).content.decode()
    browser.post(reverse("games:decide", args=[activity.pk]))
    assert GameResult.objects.get().points == 10
    browser.post(rule, {"counts": "no"})
    answer.refresh_from_db()
    assert answer.ruling is True


def test_staff_see_answers_of_members_in_their_scope(by: Staff) -> None:
    bob, cy = factories.named_members(by.community, "bob", "cy")
    factories.group(by.community, "south", cy)
    activity = open_quiz(by)
    at = datetime.now(UTC)
    rounds.open_next(activity=activity, by=by, at=at)
    for account in (bob, cy):
        running.join(activity, account, datetime.now(UTC), said=f"guess {account}")
    scope = {"group": {"any": ["south"]}}
    cat = factories.staff(
        by.community, "operator", "cat", groups=["south"], scope=scope
    )
    page = clients.browser(cat).get(reverse("games:detail", args=[activity.pk]))
    text = page.content.decode()
    assert f"guess {cy}" in text
    assert f"guess {bob}" not in text
    hidden = GameAnswer.objects.get(account_id=bob).pk
    url = reverse("games:rule", args=[activity.pk, hidden])
    assert clients.browser(cat).post(url, {"counts": "yes"}).status_code == 404
    other = open_now(by)
    assert clients.browser(by).get(f"/activities/games/{other.pk}/").status_code == 404
