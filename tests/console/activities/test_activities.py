"""The pages of activities: drafting, approval, the live screen, pasting, and the lesson."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Entry, PastedLine, State
from qunce.activities.check_ins import make_up_cards
from qunce.activities.check_ins.models import CheckIn
from qunce.console.activities import live
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.campaigns import Campaign
from tests import factories
from tests.activities.running import HOUR, approver, draft, open_now
from tests.clients import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(by: Staff) -> Client:
    return browser(by)


@pytest.fixture
def ben(by: Staff) -> Client:
    return browser(approver(by))


def show(client: Client, name: str, *args: Any) -> str:
    return client.get(reverse(f"activities:{name}", args=args)).content.decode()


def send(client: Client, view: str, *args: Any, **fields: Any) -> str:
    url = reverse(f"activities:{view}", args=args)
    return client.post(url, fields, follow=True).content.decode()


def form_values(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "Thirty pages",
        "text": "Read with us.",
        "starts_at": "2026-03-05T20:00",
        "may_join": "all",
        "refusal": "For readers.",
        "notified": "",
        "points": "no_limit",
        "money": "at_most",
        "money_limit": "100.50",
        "setting_proof": "tap",
        "setting_themes": "Poems\r\nNovels",
        "setting_rest_weekdays": ["sat"],
        "setting_make_up_days": "7",
        "setting_cards_per_month": "1",
        "setting_card_sales": "1",
        "text_start": "It starts.",
    }
    return values | changes


def test_a_colleague_approves_what_was_drafted(
    by: Staff, ann: Client, ben: Client
) -> None:
    page = send(ann, "create", "check_in", **form_values())
    activity = Activity.objects.get()
    assert activity.money_limit == 10050
    assert activity.points_limit is None
    assert activity.settings["themes"] == ["Poems", "Novels"]
    # 20:00 in Shanghai.
    assert activity.starts_at == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert "Submit for approval" in page
    assert "A make-up card fills" in page
    assert "WeChat may block a domain" in page
    send(ann, "submit", activity.pk)
    assert "A second person decides" in send(ann, "approve", activity.pk)
    assert "Published." in send(ben, "approve", activity.pk)
    activity.refresh_from_db()
    assert activity.state == State.RUNNING
    page = show(ann, "detail", activity.pk)
    assert "Groups not yet posted" in page
    assert f"/p/shop/a/{activity.public_id}" in page


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"ends_at": "2026-03-05T19:00"}, "The end is before the start."),
        ({"name": ""}, "This field is required."),
        ({"points": "at_most"}, "Give a number"),
        ({"money_limit": "a lot"}, "not an amount"),
        ({"setting_make_up_days": "-1"}, "greater than or equal to 0"),
        ({"setting_rest_dates": "tomorrow"}, "a date such as 2026-03-05"),
        ({"may_join": "segment:none"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_named_in_the_form(
    ann: Client, fields: dict[str, Any], text: str
) -> None:
    url = reverse("activities:create", args=["check_in"])
    response = ann.post(url, form_values(**fields))
    assert response.status_code == 422
    assert text in response.content.decode()
    assert not Activity.objects.exists()


def test_the_last_lesson_is_read_before_the_next_draft(by: Staff, ann: Client) -> None:
    activity = open_now(by)
    send(ann, "close", activity.pk)
    send(ann, "settle", activity.pk)
    page = send(ann, "review", activity.pk, lesson="Start on a Monday.")
    assert "Noted." in page
    assert "Start on a Monday." in show(ann, "choose-kind")
    url = reverse("activities:create", args=["check_in"])
    page = ann.get(f"{url}?copy={activity.pk}").content.decode()
    assert "Start on a Monday." in page
    assert 'value="Thirty pages a day"' in page


def test_pasted_lines_are_taken_and_unsure_ones_asked(by: Staff, ann: Client) -> None:
    north = factories.group(
        by.community,
        "north",
        factories.member(by.community, "bob", name="张三").pk,
        factories.member(by.community, "cy", name="<李四>").pk,
    )
    activity = open_now(by)
    text = "张三：打卡\n王五：打卡\n张三：好的"
    page = send(ann, "paste", activity.pk, group=north.pk, text=text)
    assert "Taken: 1 · unsure: 1 · refused: 0 · pasted before: 0" in page
    line = PastedLine.objects.get(state="unsure")
    page = send(ann, "answer-line", activity.pk, line.pk, member="cy")
    assert "Checked in." in page
    assert Entry.objects.count() == 2
    page = send(ann, "paste", activity.pk, group=north.pk, text=text)
    assert "pasted before: 2" in page
    page = show(ann, "entries", activity.pk)
    assert "&lt;李四&gt;" in page
    assert "<李四>" not in page


def test_a_member_is_typed_struck_out_and_counted_again(by: Staff, ann: Client) -> None:
    factories.member(by.community, "bob", name="Bob")
    activity = open_now(by)
    assert "Checked in." in send(ann, "enter", activity.pk, member="bob", key="k1")
    # The same form twice is one entry.
    send(ann, "enter", activity.pk, member="bob", key="k1")
    entry = Entry.objects.get()
    assert entry.by == by
    assert "does not count" in send(ann, "strike-out", activity.pk, entry.pk)
    assert "struck out" in show(ann, "entries", activity.pk)
    assert "counts again" in send(ann, "restore", activity.pk, entry.pk)
    page = show(ann, "results", activity.pk)
    assert "Typed by staff" in page


def test_the_notified_get_one_draft(by: Staff, ann: Client, settings: Settings) -> None:
    settings.PORTAL_URL = "https://m.example.org"
    bob, _cy = factories.members(by.community, "bob", "cy")
    factories.apply_tag(by.community, "vip", bob)
    rule = {"tag": {"any": ["vip"]}}
    activity = open_now(by, may_join=rule, notified={"all": []})
    page = show(ann, "detail", activity.pk)
    assert "1 member is notified and may not join." in page
    assert "Draft the notice to 2 members" in page
    send(ann, "notify", activity.pk)
    campaign = Campaign.objects.get()
    assert campaign.rule == {"all": []}
    assert f"/p/shop/a/{activity.public_id}" in campaign.text
    assert "There is a draft to them already" in send(ann, "notify", activity.pk)
    assert Campaign.objects.count() == 1


def test_staff_rehearse_and_nothing_is_stored(by: Staff, ann: Client) -> None:
    activity = draft(by)
    page = send(ann, "rehearse", activity.pk)
    assert "Rehearsal, nothing is stored." in page
    assert "1 day in a row" in page
    assert not Entry.objects.exists()


def test_two_people_cancel(by: Staff, ann: Client, ben: Client) -> None:
    activity = open_now(by)
    page = send(ann, "cancel", activity.pk, reason="Rain")
    assert "A second person cancels it." in page
    assert "asks to cancel it" in show(ben, "detail", activity.pk)
    assert "Cancelled." in send(ben, "cancel", activity.pk, reason="Rain")
    assert "Write the reason" in send(ann, "cancel", draft(by).pk, reason=" ")


def test_members_lose_nothing_by_a_changed_form(by: Staff, ann: Client) -> None:
    at = datetime.now(UTC)
    activity = open_now(by, ends_at=at + timedelta(days=2))
    values = form_values(starts_at=f"{activity.starts_at:%Y-%m-%dT%H:%M}")
    response = ann.post(reverse("activities:update", args=[activity.pk]), values)
    assert response.status_code == 422
    activity.refresh_from_db()
    assert activity.text == "Read, and check in."


def test_limited_staff_see_their_own_numbers(by: Staff) -> None:
    shop = by.community
    bob, cy = factories.named_members(shop, "bob", "cy")
    north = factories.group(shop, "north", bob)
    south = factories.group(shop, "south", cy)
    activity, hidden = open_now(by), open_now(by, name="Hidden", groups=[south.pk])
    owner = browser(by)
    for key in ("bob", "cy"):
        send(owner, "enter", activity.pk, member=key, key=key)
    scope = {"group": {"any": ["north"]}}
    cat = factories.staff(shop, "operator", "cat", groups=[north.key], scope=scope)
    limited = browser(cat)
    assert "2 members joined" in show(owner, "list")
    page = show(limited, "list")
    assert "1 member joined" in page
    assert "Hidden" not in page
    page = show(limited, "entries", activity.pk)
    assert "Bob" in page
    assert "Cy" not in page
    url = reverse("activities:detail", args=[hidden.pk])
    assert limited.get(url).status_code == 404
    entry = Entry.objects.get(account_id=cy)
    url = reverse("activities:strike-out", args=[activity.pk, entry.pk])
    assert limited.post(url).status_code == 404
    entry.refresh_from_db()
    assert entry.struck_out_at is None


def test_a_broken_rule_is_said_on_the_page(by: Staff, ann: Client) -> None:
    activity = open_now(by)
    Activity.objects.update(may_join={"tag": {"any": ["gone"]}})
    page = show(ann, "detail", activity.pk)
    assert "nobody can join" in page
    assert "gone" in page


def test_check_ins_of_a_day_are_struck_out_and_cards_given(
    by: Staff, ann: Client
) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    activity = open_now(by)
    send(ann, "enter", activity.pk, member="bob", key="k1")
    row = CheckIn.objects.get()
    page = show(ann, "check-ins", activity.pk)
    assert "1 check-in" in page
    assert "Bob" in page
    assert "does not count" in send(ann, "check-in-strike-out", activity.pk, row.pk)
    assert "counts again" in send(ann, "check-in-restore", activity.pk, row.pk)
    url = reverse("activities:check-ins", args=[activity.pk])
    page = ann.get(f"{url}?day=2020-01-01").content.decode()
    assert "Nobody has checked in on this day." in page
    for _time in range(2):
        send(ann, "give-card", activity.pk, member="bob", key="form")
    at = datetime.now(UTC)
    assert make_up_cards.count_left(activity, [bob], at) == 2


def test_only_a_second_person_sees_the_button(
    by: Staff, ann: Client, ben: Client
) -> None:
    activity = draft(by)
    lifecycle.submit(activity=activity, by=by, at=datetime.now(UTC))
    assert "Approve and publish" not in show(ann, "detail", activity.pk)
    assert "A second person approves it." in show(ann, "detail", activity.pk)
    assert "Approve and publish" in show(ben, "detail", activity.pk)


def test_orders_of_a_second_account_are_counted_for_staff_with_a_scope(
    by: Staff,
) -> None:
    shop, at = by.community, datetime.now(UTC)
    factories.members(shop, "bob", "bobby", "cy")
    factories.merge(shop, "bob", "bobby")
    factories.apply_tag(shop, "mine", *factories.account_ids(shop, ("bob",)))
    scope = {"tag": {"any": ["mine"]}}
    sue = factories.staff(shop, "manager", "sue", scope=scope)
    for key in ("bobby", "cy"):
        factories.order(shop, key, paid_at=at - HOUR / 60)
    assert (live.count_orders(by, at), live.count_orders(sue, at)) == (2, 1)
