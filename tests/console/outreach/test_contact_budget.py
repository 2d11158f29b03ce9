"""The page, the API and the command of contact limits (issue 10.3)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Limit, Mode, QuietHours, Span
from tests import factories
from tests.clients import browser

PAGE = reverse("contact_budget:settings")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")


@pytest.fixture
def ann(by: Staff) -> Client:
    return browser(by)


def form(*rows: tuple[str, str, str], **fields: str) -> dict[str, str]:
    """What the page posts, with a row for each limit (window, word, number)."""
    posted = {"limits-TOTAL_FORMS": str(len(rows)), "limits-INITIAL_FORMS": "0"}
    for index, (window, word, count) in enumerate(rows):
        posted |= {
            f"limits-{index}-purpose": "marketing",
            f"limits-{index}-channel": "",
            f"limits-{index}-window": window,
            f"limits-{index}-mode": word,
            f"limits-{index}-count": count,
        }
    return posted | fields


def test_limits_are_shown_in_numbers_before_they_are_saved(
    shop: Community, by: Staff, ann: Client
) -> None:
    (bob,) = factories.members(shop, "bob")
    page = ann.get(PAGE).content.decode()
    assert "0 of 1 members cannot get one more message now" in page
    none = form(("day-rolling", "none", ""))
    page = ann.post(PAGE, {**none, "preview": "1"}).content.decode()
    assert "1 of 1 members cannot get one more message now" in page
    assert "Until now: 0." in page
    wrong = ann.post(PAGE, form(("week-rolling", "at_most", "")))
    assert "Give a number of messages from 1 to 100" in wrong.content.decode()
    saved = form(
        ("week-rolling", "at_most", "3"),
        ("day-calendar", "at_most", "1"),
        ("month-rolling", "off", ""),
        quiet_start="22:00",
        quiet_end="08:00",
        hold_hours="12",
        counts_assisted="on",
    )
    assert ann.post(PAGE, saved).status_code == 303
    budget = policies.get(shop).budget
    assert budget.quiet == QuietHours(22 * 60, 8 * 60)
    assert budget.limits == (
        Limit(Span.WEEK, Mode.AT_MOST, 3),
        Limit(Span.DAY, Mode.AT_MOST, 1, rolling=False),
    )
    member = ann.get(reverse("members:detail", args=[bob])).content.decode()
    assert "7 days: 0 of at most 3" in member
    assert "calendar day: 0 of at most 1" in member
    listed = ann.get(reverse("members:list"), {"columns": "contact_pressure"})
    assert "7 days: 0 of at most 3" in listed.content.decode()
    ann.post(reverse("contact_budget:hold-out"), {"percent": "7.5"})
    ann.post(reverse("contact_budget:approval"), {"from_size": "500"})
    assert 'value="500"' in ann.get(PAGE).content.decode()
    assert 'value="7.5"' in ann.get(PAGE).content.decode()
