"""Retention against plain Python, and against rules that count the same people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight import breakdowns, retention, small_numbers
from qunce.insight.retention import Retention, RetentionQuery
from qunce.sets import audiences
from qunce.sets.rules import snapshots
from tests import factories
from tests.insight import random_communities
from tests.insight.random_communities import KINDS, Person, World

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
STARTS = (
    "joined",
    "checkin.done",
    "first:message.posted",
    "first:message.posted,reaction.added",
)
RETURNS = ("active", "present", "reaction.added")
ACTIVE_KINDS = ("message.posted", "checkin.done", "reaction.added")


def days_of(query: RetentionQuery, today: date) -> list[tuple[date, date]]:
    """The periods, walked back day by day."""
    last = min(query.until or today, today)
    periods: list[tuple[date, date]] = []

    def same(one: date, other: date) -> bool:
        if query.period == "month":
            return (one.year, one.month) == (other.year, other.month)
        if query.period == "week":
            return one.isocalendar()[:2] == other.isocalendar()[:2]
        return one == other

    end = last
    while same(end + DAY, last):
        end += DAY
    while len(periods) < query.count:
        begin = end
        while same(begin - DAY, end):
            begin -= DAY
        periods.insert(0, (begin, end))
        end = begin - DAY
    return periods


def start_days(world: World, person: Person, start: str) -> list[date]:
    if start == "joined":
        return [world.day(person.joined)] if person.joined <= world.at else []
    kinds = start.split(":")[-1].split(",")
    days = [world.day(when) for when in world.times(person, *kinds)]
    return days[:1] if start.startswith("first:") else days


def has_returned(
    world: World, person: Person, returning: str, first: date, last: date
) -> bool:
    if returning == "present":
        return person.left is None or world.day(person.left) > last
    kinds = ACTIVE_KINDS if returning == "active" else (returning,)
    return any(first <= world.day(when) <= last for when in world.times(person, *kinds))


def people_of(
    world: World, query: RetentionQuery, cohort: int, period: int
) -> set[int]:
    """Who is in a cell, one person after another."""
    today = world.day(world.at)
    periods = days_of(query, today)
    begin, end = periods[cohort]
    found = []
    for person in world.members:
        starts = [
            d for d in start_days(world, person, query.start) if begin <= d <= end
        ]
        if not starts:
            continue
        if period == 0:
            found.append(person)
            continue
        if query.rolling:
            length = {"day": 1, "week": 7, "month": 30}[query.period]
            first = min(starts) + length * period * DAY
            last = first + (length - 1) * DAY
            if first > today:
                continue
        else:
            first, last = periods[cohort + period]
        if has_returned(world, person, query.returning, first, last):
            found.append(person)
    return world.numbers(found)


def everything(world: World) -> list[RetentionQuery]:
    counts = {"day": 10, "week": 8, "month": 4}
    return [
        RetentionQuery(start, returning, period, count, rolling=rolling)
        for start in STARTS
        for returning in RETURNS
        for period, count in counts.items()
        for rolling in (False, True)
    ]


@pytest.mark.parametrize(
    ("zone", "seed"),
    [("Asia/Shanghai", 1), ("America/Los_Angeles", 2), ("Africa/Cairo", 3)],
)
def test_table_has_the_people_whom_plain_python_finds(zone: str, seed: int) -> None:
    """C4"""
    world = random_communities.build(zone, seed)
    by = staff_models.system(world.community)
    some = 0
    for query in everything(world):
        result = retention.compute(query=query, by=by, at=world.at)
        for index, cohort in enumerate(result.cohorts):
            assert (cohort.first, cohort.last) == days_of(query, world.day(world.at))[
                index
            ]
            for period, cell in enumerate(cohort.cells):
                expected = people_of(world, query, index, period)
                assert cell.people == len(expected), (query, index, period)
                some += cell.people
            assert cohort.size == cohort.cells[0].people
        listed = retention.find_people(
            query=query, cohort=1, period=2, by=by, at=world.at
        )
        assert set(listed) == people_of(world, query, 1, 2)
    assert some > 1_000
    check_rules(world, by)
    check_scope(world)
    check_lines(world, by)


def check_rules(world: World, by: Staff) -> None:
    """The segment behind a number has as many people as the number says."""
    for start in STARTS:
        for returning in RETURNS:
            query = RetentionQuery(start, returning, "week", 6)
            result = retention.compute(query=query, by=by, at=world.at)
            for cohort, period in ((0, 0), (1, 2), (2, 1)):
                row = result.cohorts[cohort]
                later = result.cohorts[cohort + period] if period else None
                rule = retention.rule_of(query, row, later)
                count = audiences.count(
                    community=world.community, rule=rule, by=by, at=world.at
                )
                assert count == row.cells[period].people


def check_scope(world: World) -> None:
    seen = [person for person in world.members if person.number % 2]
    keys = [key for person in seen for key in person.accounts]
    narrow = staff_models.create(
        community=world.community,
        login="narrow",
        scope={"members": {"keys": keys}},
        at=world.at,
    )
    query = RetentionQuery("joined", "active", "month", 3)
    result = retention.compute(query=query, by=narrow, at=world.at)
    visible = world.numbers(seen)
    for index, cohort in enumerate(result.cohorts):
        for period, cell in enumerate(cohort.cells):
            people = people_of(world, query, index, period) & visible
            assert cell.people == len(people)


def check_lines(world: World, by: Staff) -> None:
    """The lines by source add up to the table."""
    query = RetentionQuery("joined", "active", "week", 8)
    whole = retention.compute(query=query, by=by, at=world.at)
    lines = retention.compare(
        query=query, breakdown=breakdowns.Breakdown("source"), by=by, at=world.at
    )
    assert {line.label for line in lines} == {"shop", "parcel", "all others"}
    assert sum(line.size for line in lines) == sum(row.size for row in whole.cohorts)
    for share in whole.total:
        parts = [line.by_period[share.periods] for line in lines]
        assert sum(part.people for part in parts) == share.people
        assert sum(part.among for part in parts) == share.among
    parcel = next(line for line in lines if line.key == "parcel")
    people = {p.number for p in world.members if p.source == "parcel"}
    expected = [
        people_of(world, query, index, 2) & people
        for index in range(5)  # the sixth cohort's second week is not over
    ]
    assert parcel.by_period[2].people == sum(map(len, expected))


def test_incomplete_periods_and_small_cohorts_give_no_percentage() -> None:
    shop = factories.community(timezone="UTC")
    by = factories.staff(shop)
    at = factories.AT  # a Thursday
    monday = at - timedelta(days=3)
    for number in range(30):
        factories.member(shop, f"a{number}", joined_at=monday - 14 * DAY, at=at)
    factories.members(shop, "b", "c", joined_at=monday - 7 * DAY, at=at)
    query = RetentionQuery("joined", "present", "week", 3)
    result = retention.compute(query=query, by=by, at=at)
    large, small, newest = result.cohorts
    assert [cell.percent for cell in large.cells] == [100, 100, 100]
    assert [cell.is_complete for cell in large.cells] == [True, True, False]
    assert (small.size, small.cells[0].percent) == (2, None)
    assert not newest.cells[0].is_complete
    assert [(each.periods, each.people) for each in result.total] == [(0, 32), (1, 30)]
    assert small_numbers.MIN_PEOPLE == 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"period": "year"}, "one of: day, week, month"),
        ({"count": 1}, "2 to 53 cohorts"),
        ({"count": 54}, "2 to 53 cohorts"),
        ({"start": "no.such"}, "no kind of fact “no.such”"),
        ({"start": "first:no.such"}, "no kind of fact “no.such”"),
        ({"returning": "no.such"}, "no kind of fact “no.such”"),
        ({"until": date(2500, 1, 1)}, "between the years"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    by: Staff, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(retention.InvalidRetention, match=message):
        retention.compute(query=RetentionQuery(**change), by=by, at=factories.AT)


def test_answer_follows_facts_and_members_that_come_later() -> None:
    world = random_communities.build("Asia/Shanghai", 4, people=8, facts=40)
    by = staff_models.system(world.community)
    query = RetentionQuery("joined", "active", "week", 8)

    def ask() -> Retention:
        return retention.compute(query=query, by=by, at=world.at)

    before = ask()
    snapshots.close_all()
    assert ask() == before
    factories.member(
        world.community, "late", joined_at=world.at - 20 * DAY, at=world.at
    )
    sizes = [cohort.size for cohort in ask().cohorts]
    assert sum(sizes) == sum(cohort.size for cohort in before.cohorts) + 1
    assert KINDS[0] in ACTIVE_KINDS
