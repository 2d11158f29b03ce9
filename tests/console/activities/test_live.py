"""The live screen: stock, groups without the text, ending early, and whose numbers they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from qunce import reactions
from qunce.activities import announcements
from qunce.activities.activities.models import Activity, Announcement, State
from qunce.activities.draws import draws
from qunce.activities.prizes.models import PrizeStock
from qunce.core.staff.models import Staff
from qunce.outreach.sending import assisted_messages
from tests import factories
from tests.activities.draws import builders
from tests.activities.running import approver, open_now, publish
from tests.clients import browser
from tests.console.activities.test_activities import send, show

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(by: Staff) -> Client:
    return browser(by)


def draw_now(by: Staff) -> Activity:
    """A draw of 3 of 5 codes, of which none is uploaded, that ends tomorrow."""
    now = datetime.now(UTC)
    prize = builders.prize(by, "Latte", "code", total=5)
    activity = builders.activity(
        by, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1)
    )
    draw = draws.prepare(activity=activity, by=by, at=now)
    draws.set_prizes(draw=draw, prizes=[(prize, 3)], by=by, at=now)
    publish(activity, by, now)
    return activity


def test_stock_is_shown_and_added(by: Staff, ann: Client) -> None:
    activity = draw_now(by)
    page = show(ann, "detail", activity.pk)
    assert "3 codes missing" in page
    assert "Add stock: Latte" in page
    prize = PrizeStock.objects.get()
    page = send(ann, "add-stock", activity.pk, prize=prize.pk, count="4")
    assert "“Latte”: 6 left in the stock." in page
    assert "Give a stock from 1" in send(
        ann, "add-stock", activity.pk, prize=prize.pk, count="-1"
    )
    other = builders.prize(by, "Mug")
    url = reverse("activities:add-stock", args=[activity.pk])
    assert ann.post(url, {"prize": other.pk, "count": "1"}).status_code == 404
    assert PrizeStock.objects.get(pk=other.pk).left == 10


def test_groups_without_the_text_get_it_again(by: Staff, ann: Client) -> None:
    north = factories.group(by.community, "north", name="North")
    activity = open_now(by, groups=[north.pk], announcements={"start": (0, "Now")})
    text = Announcement.objects.get()
    page = show(ann, "detail", activity.pk)
    assert "Post it now" in page
    assert "Post again" not in page
    send(ann, "announce", activity.pk, text.pk)
    reactions.CONSUMER.catch_up(at=datetime.now(UTC))
    page = show(ann, "detail", activity.pk)
    assert "not yet posted in" in page
    assert "Post again" in page
    assert "Post it now" not in page
    ben = approver(by)
    page = send(browser(ben), "announce-again", activity.pk, text.pk)
    assert "It is posted again in 1 group." in page
    at = datetime.now(UTC)
    reactions.CONSUMER.catch_up(at=at)
    (message,) = assisted_messages.list_open(by=ben, at=at)
    assisted_messages.mark_sent(message=message, by=ben, at=at)
    page = send(ann, "announce-again", activity.pk, text.pk)
    assert "It is posted in all groups that you see." in page
    assert "not yet posted in" not in page


def test_ending_before_the_end_needs_a_reason_and_a_second_person(
    by: Staff, ann: Client
) -> None:
    activity = draw_now(by)
    assert "End it early" in show(ann, "detail", activity.pk)
    assert "It ends at the time that members have read" in send(
        ann, "close", activity.pk
    )
    page = send(ann, "cancel", activity.pk, reason="No more beans")
    assert "Asked for. A second person cancels it." in page
    page = send(browser(approver(by)), "cancel", activity.pk, reason="No more beans")
    assert "Cancelled." in page
    activity.refresh_from_db()
    assert activity.state == State.CANCELLED
    assert PrizeStock.objects.get().left == 5


def test_an_open_end_is_closed_directly(by: Staff, ann: Client) -> None:
    activity = open_now(by)
    page = show(ann, "detail", activity.pk)
    assert "Close it now" in page
    assert "End it early" not in page


def test_limited_staff_see_their_own_groups_and_members(by: Staff) -> None:
    north, south = (
        factories.group(by.community, key, name=key.title())
        for key in ("north", "south")
    )
    activity = open_now(
        by, groups=[north.pk, south.pk], announcements={"start": (0, "Now")}
    )
    at = datetime.now(UTC)
    announcements.announce(announcement=Announcement.objects.get(), by=by, at=at)
    reactions.CONSUMER.catch_up(at=at)
    mia = factories.staff(by.community, "operator", "mia", groups=["north"])
    url = reverse("activities:live", args=[activity.pk])
    page = browser(mia).get(url, headers={"HX-Request": "true"}).content.decode()
    assert "North" in page
    assert "South" not in page


def test_the_form_counts_both_rules(by: Staff, ann: Client) -> None:
    bob, _cy = factories.members(by.community, "bob", "cy")
    factories.apply_tag(by.community, "vip", bob)
    rule = '{"tag": {"any": ["vip"]}}'
    url = reverse("activities:count-rules")
    fields = {"may_join": "rule", "may_join_rule": rule, "notified": "all"}
    page = ann.post(url, fields).content.decode()
    assert "1 member</dd>" in page
    assert "2 members</dd>" in page
    assert "1 member is notified and may not join." in page
    page = ann.post(url, fields | {"may_join_rule": "{"}).content.decode()
    assert "notice bad" in page
    page = ann.post(url, fields | {"may_join": ""}).content.decode()
    assert "notice bad" in page
    page = ann.post(url, {"may_join": "all", "notified": ""}).content.decode()
    assert "nobody" in page
    assert "2 members" in page


def test_what_a_draft_lacks_is_named_before_it_is_submitted(
    by: Staff, ann: Client
) -> None:
    now = datetime.now(UTC)
    activity = builders.activity(by, ends_at=now + timedelta(days=1))
    assert "Choose the prizes and how many there are of each." in show(
        ann, "detail", activity.pk
    )
