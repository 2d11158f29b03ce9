"""Contact limits and quiet hours against slow oracles (issue 10.3, journeys 10–13)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.outreach.contact_budget.limits import (
    ROLLING,
    Budget,
    Clock,
    Contact,
    Limit,
    Mode,
    QuietHours,
    Reason,
    Span,
)
from qunce.outreach.contact_budget.member_policies import MemberPolicies
from qunce.outreach.contact_budget.policies import Policy
from qunce.outreach.contact_budget.pressure import NOTHING_REPORTED
from qunce.outreach.hold_outs import assignment
from qunce.outreach.sending.ledger import Origin, Sender
from qunce.outreach.sending.timing import Planner, Plans
from qunce.sets.bitmaps import bitmaps

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONES = ("Asia/Shanghai", "America/Los_Angeles", "Africa/Cairo")
CLOCK_CHANGES = (0, 7, 34)
"""Weeks after START: clocks change in Los Angeles, in Cairo, and in both."""
HOURS = st.integers(0, 24 * 9)
LIMITS = st.builds(
    Limit,
    span=st.sampled_from(Span),
    mode=st.sampled_from(Mode),
    count=st.integers(1, 3),
    rolling=st.booleans(),
    channel=st.sampled_from(("", "wecom")),
    purpose=st.sampled_from(("marketing", "service")),
)
BUDGETS = st.builds(
    Budget,
    limits=st.lists(LIMITS, max_size=3).map(tuple),
    gap=st.integers(0, 5).map(lambda hours: hours * HOUR),
    quiet=st.none()
    | st.tuples(st.integers(0, 23), st.integers(0, 23))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: QuietHours(pair[0] * 60, pair[1] * 60)),
)
CONTACTS = st.lists(
    st.builds(
        Contact,
        at=HOURS.map(lambda hours: START + hours * HOUR),
        channel=st.sampled_from(("wecom", "sms")),
        purpose=st.sampled_from(("marketing", "service")),
    ),
    max_size=6,
)


def fits(
    budget: Budget, contacts: list[Contact], at: datetime, kind: str, clock: Clock
) -> bool:
    """Put the message in, and look at every window of every limit, hour by hour."""
    for limit in budget.limits:
        if limit.mode == Mode.OFF or limit.purpose != kind or limit.channel == "sms":
            continue
        most = limit.count if limit.mode == Mode.AT_MOST else 0
        times = [
            contact.at
            for contact in contacts
            if contact.purpose == kind and limit.channel in ("", contact.channel)
        ]
        if limit.rolling:
            length = ROLLING[limit.span]
            ends = (at + offset * HOUR for offset in range(length // HOUR))
            counts = [sum(end - length < time <= end for time in times) for end in ends]
        else:
            counts = [sum(same_period(limit, time, at, clock) for time in times)]
        if max(counts) + 1 > most:
            return False
    return not any(
        contact.purpose == kind and abs(contact.at - at) < budget.gap
        for contact in contacts
    )


def same_period(limit: Limit, left: datetime, right: datetime, clock: Clock) -> bool:
    days = [moment.astimezone(clock.zone).date() for moment in (left, right)]
    if limit.span == Span.DAY:
        return days[0] == days[1]
    if limit.span == Span.WEEK:
        return days[0].isocalendar()[:2] == days[1].isocalendar()[:2]
    return (days[0].year, days[0].month) == (days[1].year, days[1].month)


@given(
    budget=BUDGETS,
    contacts=CONTACTS,
    hour=HOURS,
    zone=st.sampled_from(ZONES),
    hold=st.integers(0, 60),
    weeks_later=st.sampled_from(CLOCK_CHANGES),
)
def test_first_time_is_the_first_hour_that_fits(
    budget: Budget,
    contacts: list[Contact],
    hour: int,
    zone: str,
    hold: int,
    weeks_later: int,
) -> None:
    later = timedelta(weeks=weeks_later)
    contacts = [replace(contact, at=contact.at + later) for contact in contacts]
    clock, at = Clock(ZoneInfo(zone)), START + later + hour * HOUR
    kinds: dict[str, Any] = {"channel": "wecom", "purpose": "marketing"}
    assert (budget.refusal(contacts, at, clock=clock, **kinds) is None) == fits(
        budget, contacts, at, "marketing", clock
    )
    expected = next(
        (
            moment
            for moment in (at + offset * HOUR for offset in range(hold + 1))
            if fits(budget, contacts, moment, "marketing", clock)
            and not (budget.quiet and is_quiet(budget.quiet, moment, clock))
        ),
        None,
    )
    found = budget.first_time(
        contacts, at, clock=clock, until=at + hold * HOUR, **kinds
    )
    assert found == expected


@given(
    budget=BUDGETS,
    histories=st.lists(CONTACTS, min_size=2, max_size=5),
    hour=HOURS,
    hold=st.integers(0, 60),
)
def test_plans_of_many_are_those_of_each(
    budget: Budget, histories: list[list[Contact]], hour: int, hold: int
) -> None:
    at = START + hour * HOUR
    policy = Policy(replace(budget, hold=hold * HOUR), Clock(ZoneInfo(ZONES[0])))
    sender = Sender(community=Community(pk=1), origin=Origin.CARE, channel="wecom")
    planner = Planner(sender, MemberPolicies(policy, policy), NOTHING_REPORTED)
    plans = Plans(planner)
    for contacts in histories:
        same = list(contacts)
        expected = planner.plan(same, at, policy=policy)
        assert (plans.plan(contacts, at, policy=policy), contacts) == (expected, same)


def is_quiet(quiet: QuietHours, at: datetime, clock: Clock) -> bool:
    hours = itertools.takewhile(
        lambda hour: hour != quiet.end // 60,
        itertools.islice(itertools.cycle(range(24)), quiet.start // 60, None),
    )
    return at.astimezone(clock.zone).hour in set(hours)


def test_three_words_are_three_things() -> None:
    clock = Clock(ZoneInfo("Asia/Shanghai"))
    for word, refusal in ((Mode.OFF, None), (Mode.NONE, Reason.OVER_LIMIT)):
        budget = Budget(limits=(Limit(Span.WEEK, word),))
        kinds = {"channel": "wecom", "purpose": "marketing"}
        assert budget.refusal([], START, clock=clock, **kinds) == refusal


@pytest.mark.parametrize(
    ("zone", "month", "day", "utc_hour"),
    [
        # 02:00 does not exist, and 01:00 is twice.
        ("America/Los_Angeles", 3, 8, 15),
        ("America/Los_Angeles", 11, 1, 16),
        # 00:00 does not exist, and 23:00 of the day before is twice.
        ("Africa/Cairo", 4, 24, 5),
        ("Africa/Cairo", 10, 30, 6),
        ("Asia/Shanghai", 3, 8, 0),
    ],
)
def test_quiet_hours_over_midnight_end_right_at_clock_changes(
    zone: str, month: int, day: int, utc_hour: int
) -> None:
    clock = Clock(ZoneInfo(zone))
    quiet = QuietHours(22 * 60, 8 * 60)
    evening = datetime(2026, month, day, 23, tzinfo=clock.zone) - timedelta(days=1)
    end = quiet.end_after(evening.astimezone(UTC), clock)
    assert end == datetime(2026, month, day, utc_hour, tzinfo=UTC)


def test_shares_of_hold_outs_and_variants_are_exact_and_stable() -> None:
    """Journeys 19, 20: within 0.1 percentage points, the same on every machine."""
    people = bitmaps.of(np.arange(1, 1_000_001))
    held = assignment.select(people, salt="community tea 2026-Q1", per_mille=50)
    assert abs(len(held) - 50_000) < 1_000
    assert list(held[:3]) == FIRST_HELD_OUT
    again = assignment.select(people, salt="community tea 2026-Q2", per_mille=50)
    assert abs(len(held & again) - 2_500) < 250
    parts = assignment.split(people, salt="a/b", shares=[1, 1, 2])
    assert sum(map(len, parts)) == 1_000_000
    for part, share in zip(parts, (0.25, 0.25, 0.5), strict=True):
        assert abs(len(part) / 1_000_000 - share) < 0.001


FIRST_HELD_OUT = [42, 45, 61]
