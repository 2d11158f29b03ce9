"""E19: an activity from its draft to its lesson; two people publish and cancel it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.activities import (
    ActivityNotFound,
    ActivityOfOthers,
    InvalidActivity,
    NotChangeable,
    SecondPersonNeeded,
)
from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import Activity, Announcement, Entry, State
from qunce.activities.kinds import base
from qunce.core import errors
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from qunce.members.accounts.queries import MemberNotFound
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.activities.running import DAY, HOUR, approver, draft, join, publish, running
from tests.factories import AT, EVERYONE

pytestmark = pytest.mark.django_db


def kinds_of(by: Staff, *names: str) -> list[str]:
    return [
        name
        for name in names
        if factories.recorded_facts(by.community, f"activity.{name}")
    ]


def test_a_second_person_publishes_and_the_clock_starts_it(by: Staff) -> None:
    activity = draft(by, starts_at=AT + HOUR, ends_at=AT + DAY)
    lifecycle.submit(activity=activity, by=by, at=AT)
    with pytest.raises(NotChangeable):
        activities.change(activity=activity, name="Other", by=by, at=AT)
    ben = approver(by)
    with pytest.raises(SecondPersonNeeded):
        lifecycle.approve(activity=activity, by=by, at=AT)
    lifecycle.approve(activity=activity, by=ben, at=AT)
    assert activity.state == State.SCHEDULED
    assert lifecycle.move_due(at=AT + HOUR - timedelta(seconds=1)) == 0
    assert lifecycle.move_due(at=AT + HOUR) == 1
    activity.refresh_from_db()
    assert activity.state == State.RUNNING
    assert lifecycle.move_due(at=AT + DAY) == 1
    lifecycle.settle(activity=Activity.objects.get(), by=by, at=AT + DAY)
    activity = Activity.objects.get()
    with pytest.raises(InvalidActivity):
        lifecycle.review(activity=activity, lesson=" ", by=by, at=AT + DAY)
    lifecycle.review(activity=activity, lesson="Start on Monday.", by=by, at=AT + DAY)
    names = ("published", "started", "closed", "settled", "reviewed", "cancelled")
    assert kinds_of(by, *names) == list(names[:-1])
    found = activities.find_last_lesson(by, "check_in")
    assert found is not None
    assert found.lesson == "Start on Monday."


def test_who_is_alone_publishes_alone(by: Staff) -> None:
    activity = draft(by)
    factories.staff(by.community, "viewer", "vic")
    lifecycle.submit(activity=activity, by=by, at=AT)
    lifecycle.approve(activity=activity, by=by, at=AT)
    assert activity.state == State.RUNNING


def test_a_rejected_one_is_a_draft_with_the_reason(by: Staff) -> None:
    activity = draft(by)
    lifecycle.submit(activity=activity, by=by, at=AT)
    lifecycle.reject(activity=activity, reason="Too long", by=approver(by), at=AT)
    assert (activity.state, activity.reason) == (State.DRAFT, "Too long")
    activities.change(activity=activity, name="Ten pages", by=by, at=AT)
    publish(activity, by)
    assert activity.reason == ""


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": " "}, InvalidActivity),
        ({"name": "x" * 81}, InvalidActivity),
        ({"ends_at": AT}, InvalidActivity),
        ({"ends_at": AT + timedelta(days=400)}, InvalidActivity),
        ({"starts_at": None}, InvalidActivity),
        ({"points_limit": -1}, InvalidActivity),
        ({"money_limit": 10**16}, InvalidActivity),
        ({"money_limit": 1.5}, InvalidActivity),
        ({"may_join": {"tag": {"any": ["none"]}}}, RuleError),
        ({"notified": {"nonsense": 1}}, RuleError),
        ({"groups": [999]}, errors.NotFound),
        ({"goal": 999}, errors.NotFound),
        ({"colour": "red"}, InvalidActivity),
        ({"announcements": {"now": (0, "x")}}, InvalidActivity),
        ({"announcements": {"before": (10**6, "x")}}, InvalidActivity),
        ({"settings": {"make_up_days": 32}}, InvalidSetting),
        ({"settings": {"make_up_days": "7"}}, InvalidSetting),
        ({"settings": {"proof": "video"}}, InvalidSetting),
        ({"settings": {"rest_dates": ["2026-02-30"]}}, InvalidSetting),
        ({"settings": {"speed": 1}}, InvalidSetting),
        (
            {"settings": {"rest_weekdays": "mon tue wed thu fri sat sun".split()}},
            InvalidSetting,
        ),
    ],
)
def test_what_it_cannot_hold_is_refused(
    by: Staff, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        draft(by, **fields)
    assert not Activity.objects.exists()


def test_what_is_missing_is_named_before_it_is_submitted(by: Staff) -> None:
    activity = draft(by, text="")
    with pytest.raises(InvalidActivity):
        lifecycle.submit(activity=activity, by=by, at=AT)
    activities.change(activity=activity, text="Read.", refusal="", by=by, at=AT)
    with pytest.raises(InvalidActivity):
        lifecycle.submit(activity=activity, by=by, at=AT)
    assert activity.state == State.DRAFT


WORSE: list[dict[str, Any]] = [
    {"name": "Another"},
    {"text": "Something else."},
    {"may_join": {"listed": {"on": "white"}}},
    {"ends_at": AT + DAY - HOUR},
    {"starts_at": AT + HOUR},
    {"points_limit": 99},
    {"settings": {"cards_per_month": 0}},
    {"settings": {"rest_weekdays": ["sat"]}},
    {"settings": {"rest_weekdays": ["sat", "sun"], "card_every": 8}},
    {"settings": {"rest_weekdays": ["sat", "sun"], "proof": "number"}},
]
BETTER: list[dict[str, Any]] = [
    {"text": "Read, and check in. Any book will do."},
    {"may_join": {"any": [EVERYONE, {"with_left": {"all": []}}]}},
    {"ends_at": AT + 2 * DAY},
    {"ends_at": None},
    {"points_limit": 101},
    {"points_limit": None},
    {"refusal": "Ask us."},
    {"settings": {"rest_weekdays": ["sat", "sun", "mon"], "card_every": 7}},
    {"settings": {"rest_weekdays": ["sat", "sun"], "card_every": 5}},
]
SETTINGS: dict[str, Any] = {"rest_weekdays": ["sat", "sun"], "card_every": 7}


@pytest.mark.parametrize("fields", WORSE)
def test_members_lose_nothing_after_publication(
    by: Staff, fields: dict[str, Any]
) -> None:
    activity = running(by, ends_at=AT + DAY, points_limit=100, settings=SETTINGS)
    before = Activity.objects.values().get()
    with pytest.raises(NotBetter):
        activities.change(activity=activity, by=by, at=AT, **fields)
    assert Activity.objects.values().get() == before


@pytest.mark.parametrize("fields", BETTER)
def test_what_is_better_for_members_may_change(
    by: Staff, fields: dict[str, Any]
) -> None:
    activity = running(by, ends_at=AT + DAY, points_limit=100, settings=SETTINGS)
    assert activities.change(activity=activity, by=by, at=AT, **fields)


def test_groups_are_added_and_never_removed(by: Staff) -> None:
    north, south = (factories.group(by.community, key) for key in ("north", "south"))
    activity = running(by, groups=[north.pk])
    activities.change(activity=activity, groups=[north.pk, south.pk], by=by, at=AT)
    with pytest.raises(NotBetter):
        activities.change(activity=activity, groups=[south.pk], by=by, at=AT)
    assert activities.change(activity=activity, groups=[], by=by, at=AT) == ["groups"]
    with pytest.raises(NotBetter):
        activities.change(activity=activity, groups=[south.pk], by=by, at=AT)


def test_two_people_cancel_what_members_rely_on(by: Staff) -> None:
    activity = running(by)
    ben = approver(by)
    asked = lifecycle.cancel(activity=activity, reason="Rain", by=by, at=AT)
    assert (asked, activity.state) == (False, State.RUNNING)
    assert not lifecycle.cancel(activity=activity, reason="Rain", by=by, at=AT)
    assert kinds_of(by, "cancel_asked", "cancelled") == ["cancel_asked"]
    lifecycle.keep(activity=activity, by=ben, at=AT)
    assert not lifecycle.cancel(activity=activity, reason="Storm", by=by, at=AT)
    assert lifecycle.cancel(activity=activity, reason="Storm", by=ben, at=AT)
    assert (activity.state, activity.reason) == (State.CANCELLED, "Storm")
    unseen = draft(by)
    assert lifecycle.cancel(activity=unseen, reason="Wrong", by=by, at=AT)
    with pytest.raises(InvalidActivity):
        lifecycle.cancel(activity=draft(by), reason="", by=by, at=AT)


def test_it_does_not_close_before_the_end_that_members_read(by: Staff) -> None:
    activity = running(by, ends_at=AT + DAY)
    with pytest.raises(InvalidActivity):
        lifecycle.close(activity=activity, by=by, at=AT + HOUR)
    endless = running(by)
    lifecycle.pause(activity=endless, reason="Lunch", by=by, at=AT)
    lifecycle.close(activity=endless, by=by, at=AT + HOUR)
    assert endless.state == State.CLOSED
    with pytest.raises(WrongState):
        lifecycle.resume(activity=endless, by=by, at=AT + HOUR)


def test_a_rehearsal_writes_nothing(by: Staff) -> None:
    activity = draft(by, settings={"proof": "text"})
    before = Fact.objects.count()
    assert not base.rehearse(activity=activity, by=by, at=AT).accepted
    reply = base.rehearse(activity=activity, said="20 pages", by=by, at=AT)
    assert reply.accepted
    assert "1 day in a row" in reply.text
    assert not Entry.objects.exists()
    assert not activity.check_ins.exists()
    assert Fact.objects.count() == before


def test_limited_staff_manage_only_their_groups(by: Staff) -> None:
    shop = by.community
    north, south = (factories.group(shop, key) for key in ("north", "south"))
    hidden, open_to_all = draft(by, groups=[south.pk]), running(by)
    both = draft(by, groups=[north.pk, south.pk])
    cat = factories.staff(shop, "operator", "cat", groups=["north"])
    with pytest.raises(ActivityNotFound):
        activities.get(by=cat, pk=hidden.pk)
    assert activities.get(by=cat, pk=open_to_all.pk) == open_to_all
    for activity in (both, open_to_all):
        with pytest.raises(ActivityOfOthers):
            activities.change(activity=activity, refusal="No.", by=cat, at=AT)
    with pytest.raises(ActivityOfOthers):
        draft(cat)
    own = draft(cat, groups=[north.pk])
    with pytest.raises(ActivityOfOthers):
        activities.change(activity=own, groups=[], by=cat, at=AT)


def test_limited_staff_type_nobody_whom_they_do_not_see(by: Staff) -> None:
    shop = by.community
    bob, cy = factories.members(shop, "bob", "cy")
    factories.group(shop, "north", bob)
    activity = running(by)
    scope = {"group": {"any": ["north"]}}
    cat = factories.staff(shop, "operator", "cat", groups=["north"], scope=scope)
    with pytest.raises(MemberNotFound):
        join(activity, cy, way=base.Way.STAFF, by=cat)
    assert join(activity, bob, way=base.Way.STAFF, by=cat).accepted


def test_posted_announcements_stay(by: Staff) -> None:
    rows = {"start": (0, "It starts."), "last_call": (30, "Half an hour left.")}
    activity = running(by, announcements=rows, ends_at=AT + DAY)
    Announcement.objects.filter(moment="start").update(posted_at=AT)
    changed = {"start": (0, "Other"), "last_call": (60, "An hour left.")}
    activities.change(activity=activity, announcements=changed, by=by, at=AT)
    texts = dict(Announcement.objects.values_list("moment", "text"))
    assert texts == {"start": "It starts.", "last_call": "An hour left."}


def test_other_communities_are_unknown(by: Staff) -> None:
    activity = running(by)
    other = factories.staff(factories.community("other"), login="zoe")
    with pytest.raises(ActivityNotFound):
        activities.get(by=other, pk=activity.pk)
    with pytest.raises(ActivityNotFound):
        lifecycle.pause(activity=activity, reason="x", by=other, at=AT)
    assert activities.find_public(other.community, activity.public_id) is None
    assert activities.find_public(by.community, activity.public_id) == activity


def test_one_that_cannot_close_holds_up_no_other(by: Staff) -> None:
    def fail(activity: Activity, at: object) -> None:
        raise ValueError("broken")

    broken = dataclasses.replace(base.get("check_in"), key="broken", close=fail)
    base.register(broken)
    try:
        first = running(by, "broken", ends_at=AT + HOUR)
        second = running(by, ends_at=AT + HOUR)
        with pytest.raises(ValueError, match="broken"):
            lifecycle.move_due(at=AT + HOUR)
    finally:
        base.unregister("broken")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.RUNNING, State.CLOSED)
