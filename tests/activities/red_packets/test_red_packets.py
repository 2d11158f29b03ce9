"""Red packets: when they open, who gets what, and what is published."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.serializers import serialize

from qunce.activities import budget
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import Activity, Answer
from qunce.activities.kinds import base
from qunce.activities.points import balances
from qunce.activities.red_packets import doctor_checks, red_packets, verifier
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.factories import AT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_packet(by: Staff, **settings: Any) -> Activity:
    fields = {
        name: settings.pop(name)
        for name in ("starts_at", "ends_at")
        if name in settings
    }
    chosen = {"total": 100, "shares": 3, "minimum": 5, **settings}
    return running.running(
        by, "red_packet", settings=chosen, **{"ends_at": AT + HOUR, **fields}
    )


def join(activity: Activity, account: int, at: datetime = AT, key: str = "k") -> Any:
    return running.join(activity, account, at, key=key)


def test_each_person_gets_one_share_and_together_they_are_the_total(by: Staff) -> None:
    activity = open_packet(by)
    people = factories.members(by.community, "ann", "bob", "cy", "dan")
    replies = [join(activity, account) for account in people]
    assert [reply.accepted for reply in replies] == [True, True, True, False]
    assert replies[3].text == "This red packet is empty."
    amounts = list(
        RedPacketShare.objects.order_by("pk").values_list("amount", flat=True)
    )
    assert sum(amounts) == 100
    assert [
        balances.get(account_id=account, by=by, at=AT).usable for account in people[:3]
    ] == amounts
    again = join(activity, people[0], key="another")
    assert f"already: {amounts[0]} points" in again.text
    spent = budget.get_spent(activity)
    assert (spent.reserved_points, spent.booked_points) == (0, 100)
    assert list(doctor_checks.check_shares()) == []


def test_a_merged_pair_is_one_person(by: Staff) -> None:
    activity = open_packet(by)
    left, right = factories.members(by.community, "left", "right")
    join(activity, right)
    factories.merge(by.community, "left", "right")
    assert not join(activity, left).accepted
    factories.unmerge(by.community, "left", "right")
    assert join(activity, left, key="later").accepted


def test_what_nobody_opened_is_free_again_at_the_end(by: Staff) -> None:
    activity = open_packet(by)
    (bob,) = factories.members(by.community, "bob")
    join(activity, bob)
    lifecycle.move_due(at=AT + HOUR)
    amount = RedPacketShare.objects.get().amount
    spent = budget.get_spent(activity)
    assert (spent.reserved_points, spent.booked_points) == (0, amount)


def test_seed_and_shares_are_nowhere_before_it_is_over(by: Staff) -> None:
    activity = open_packet(by)
    people = factories.members(by.community, "ann", "bob", "cy")
    join(activity, people[0])
    packet = RedPacket.objects.select_related("activity").get()
    told = [
        serialize("json", Fact.objects.all()),
        serialize("json", Answer.objects.all()),
        str(base.get("red_packet").portal_context(activity, people[0], AT)),
    ]
    assert not any(packet.seed in text for text in told)
    with pytest.raises(red_packets.PacketNotOver):
        red_packets.to_text(packet)
    assert red_packets.close_due(at=AT) == 0
    for account in people[1:]:
        join(activity, account)
    assert red_packets.close_due(at=AT) == 1
    packet.refresh_from_db()
    text = red_packets.to_text(packet)
    assert verifier.verify(text) == []
    file = json.loads(text)
    for name, value in (("seed", "00"), ("shares", [1, 2, 97]), ("total", 101)):
        changed = json.dumps({**file, name: value}, separators=(",", ":"))
        assert verifier.verify(changed) != []


# Times


def test_packets_open_each_day_at_their_times(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = open_packet(
        by, times=["22:00", "15：00"], ends_at=AT + timedelta(days=2), shares=1
    )
    zone = activity.community.timezone
    opens = [packet.opens_at for packet in red_packets.list_of(activity)]
    assert opens == sorted(opens)
    assert len(opens) == 4
    assert zone == "Asia/Shanghai"
    assert {moment.astimezone(UTC).hour for moment in opens} == {7, 14}
    early = join(activity, bob, opens[0] - timedelta(seconds=1), "early")
    assert "not open yet. The next one opens on" in early.text
    for n, moment in enumerate(opens):
        assert join(activity, bob, moment, f"k{n}").accepted
        assert not join(activity, bob, moment, f"again{n}").accepted
    assert red_packets.close_due(at=opens[-1]) == 4


def test_an_earlier_packet_is_closed_when_the_next_one_opens(by: Staff) -> None:
    activity = open_packet(by, times=["12:00", "20:00"], ends_at=AT + timedelta(days=1))
    first, second = red_packets.list_of(activity)
    assert red_packets.close_due(at=first.opens_at) == 0
    assert red_packets.close_due(at=second.opens_at) == 1
    first.refresh_from_db()
    assert first.closed_at == second.opens_at
    # A clock that is set back opens no share of a packet that is published.
    (bob,) = factories.members(by.community, "bob")
    assert not join(activity, bob, first.opens_at).accepted


@pytest.mark.parametrize(
    ("zone", "start", "days", "times", "expected"),
    [
        # Los Angeles: 8 March 2026 has no 02:30, 1 November has 01:30 twice.
        (
            "America/Los_Angeles",
            "2026-03-07T08:00",
            2,
            ["12:00"],
            ["03-07T20", "03-08T19"],
        ),
        ("America/Los_Angeles", "2026-03-07T08:00", 2, ["02:30"], None),
        ("America/Los_Angeles", "2026-11-01T07:00", 1, ["01:30"], ["11-01T08"]),
        # Cairo: 24 April 2026 has no 00:30.
        ("Africa/Cairo", "2026-04-23T00:00", 2, ["00:30"], None),
        ("Africa/Cairo", "2026-04-23T00:00", 2, ["20:00"], ["04-23T18", "04-24T17"]),
        ("Asia/Shanghai", "2026-03-05T00:00", 1, ["20:00"], ["03-05T12"]),
    ],
)
def test_times_follow_the_clocks_of_the_community(
    zone: str, start: str, days: int, times: list[str], expected: list[str] | None
) -> None:
    by = factories.staff(factories.community(language="en", timezone=zone))
    starts_at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    activity = running.draft(
        by,
        "red_packet",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=days),
        settings={"times": times},
    )
    if expected is None:
        with pytest.raises(InvalidSetting, match="does not exist"):
            red_packets.list_times(activity)
        return
    found = [
        f"{each.astimezone(UTC):%m-%dT%H}" for each in red_packets.list_times(activity)
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"total": 10, "shares": 20}, "20 shares"),
        ({"total": 10, "shares": 4, "minimum": 3}, "at least 3"),
        ({"shares": 0}, "Shares"),
        ({"total": -1}, "Points in each packet"),
        ({"times": ["25:00"]}, "25:00"),
        ({"times": ["12:00", "12:00"]}, "once"),
    ],
)
def test_impossible_settings_are_refused(
    by: Staff, settings: dict[str, Any], part: str
) -> None:
    with pytest.raises(InvalidSetting, match=part):
        running.draft(by, "red_packet", settings=settings)


def test_too_many_packets_and_none_are_refused(by: Staff) -> None:
    times = [f"{hour}:00" for hour in range(24)]
    many = running.draft(
        by, "red_packet", ends_at=AT + timedelta(days=9), settings={"times": times}
    )
    with pytest.raises(InvalidSetting, match="at most 100"):
        lifecycle.submit(activity=many, by=by, at=AT)
    local = AT - timedelta(hours=1)
    none = running.draft(
        by,
        "red_packet",
        ends_at=AT + HOUR / 60,
        settings={"times": [f"{(local.hour + 5) % 24}:01"]},
    )
    with pytest.raises(InvalidSetting, match="none of them"):
        lifecycle.submit(activity=none, by=by, at=AT)


def test_the_budget_covers_all_packets_before_publication(by: Staff) -> None:
    activity = running.draft(
        by, "red_packet", ends_at=AT + HOUR, points_limit=99, settings={"total": 100}
    )
    lifecycle.submit(activity=activity, by=by, at=AT)
    with pytest.raises(budget.BudgetExceeded):
        lifecycle.approve(activity=activity, by=running.approver(by), at=AT)
    assert not RedPacket.objects.exists()


def test_a_published_packet_does_not_change(by: Staff) -> None:
    activity = open_packet(by)
    with pytest.raises(NotBetter):
        activities.change(
            activity=activity,
            by=by,
            at=AT,
            settings={**activity.settings, "total": 200},
        )
