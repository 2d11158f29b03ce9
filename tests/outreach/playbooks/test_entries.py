"""Entries: who begins a run, when, and who does not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from qunce.core.lunar_dates import LunarDate
from qunce.groups import groups as group_verbs
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.outreach.playbooks import (
    run_entries,
)
from qunce.outreach.playbooks.entries import DateEntry
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.models import Run, RunStep
from qunce.outreach.playbooks.run_entries import NewRun
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, MINUTE, Worker, send, wait


def test_old_facts_start_nothing_and_are_counted(worker: Worker) -> None:
    worker.members("bob")
    playbook = worker.playbook(send("a"), late_hours=24)
    for days in (365, 0.9):
        # They become known now, as in an import.
        factories.order(worker.shop, "bob", paid_at=AT - days * DAY, at=AT)
    worker.tick(AT + MINUTE)
    playbook.refresh_from_db()
    assert playbook.late_count == 1 and worker.runs("bob") == ["done"]


@pytest.mark.parametrize(("minutes", "expected"), [(10, ["done"]), (31, [])])
def test_a_tag_within_the_grace_period_lets_a_member_in_once(
    worker: Worker, minutes: int, expected: list[str]
) -> None:
    worker.members("bob")
    factories.tag(worker.shop, "vip")
    rule = {"tag": {"any": ["vip"]}}
    worker.playbook(send("a"), conditions=[{"rule": rule, "checked": "entry"}])
    worker.order("bob", AT)
    worker.tick(AT)
    assert worker.runs("bob") == ["pending"]
    for minute in sorted({5, minutes, 30, 31, 40}):
        at = AT + minute * MINUTE
        if minute == minutes:
            factories.apply_tag(worker.shop, "vip", "bob", at=at)
        worker.tick(at)
    assert worker.runs("bob") == expected


def test_playbooks_of_a_lane_exclude_each_other(worker: Worker) -> None:
    worker.members("bob", "cat")
    step = wait("w", 600)
    worker.playbook(step, name="New", lane={"name": "life", "rank": 2})
    refunded = {"on": "fact", "fact": "order.refunded"}
    rank = {"name": "life", "rank": 1}
    worker.playbook(step, name="Win back", lane=rank, entry=refunded)
    worker.order("bob", AT)
    worker.tick(AT)
    # The more important one takes over, and keeps the other out.
    factories.refund(worker.shop, "o1", at=AT + MINUTE)
    worker.tick(AT + MINUTE)
    assert worker.runs("bob") == ["lane", "waiting"]
    worker.order("bob", AT + 2 * MINUTE, key="2")
    worker.tick(AT + 2 * MINUTE)
    assert worker.runs("bob") == ["lane", "waiting"]


@pytest.mark.parametrize(
    ("existing", "first", "later"),
    [
        ("nobody", [], []),
        ("now", ["a"], ["a", "b"]),
        ("as_if", ["a: past"], ["a: past", "b"]),
    ],
)
def test_who_was_there_before_begins_as_chosen(
    worker: Worker, existing: str, first: list[str], later: list[str]
) -> None:
    worker.members("bob")
    worker.order("bob", AT - 2 * DAY)
    worker.tick(AT)
    choice = Choice(existing, 30)
    worker.playbook(send("a"), wait("w", 3 * 1440), send("b"), choice=choice)
    worker.tick(AT)
    assert worker.steps("bob") == first
    worker.tick(AT + DAY)
    worker.tick(AT + 3 * DAY)
    assert worker.steps("bob") == later


def test_entering_a_segment_a_layer_or_a_date_begins_a_run(worker: Worker) -> None:
    worker.members("bob", "cat")
    factories.apply_tag(worker.shop, "vip", "cat")
    factories.segment(worker.shop, "vips", {"tag": {"any": ["vip"]}})
    worker.tick(AT)
    entry = {"on": "segment", "segment": "vips"}
    worker.playbook(send("s"), entry=entry, name="Segment")
    worker.tick(AT + MINUTE)
    factories.apply_tag(worker.shop, "vip", "bob")
    worker.tick(AT + 2 * MINUTE)
    assert (worker.steps("bob"), worker.steps("cat")) == (["s"], [])


def test_a_date_begins_a_run_each_year(worker: Worker) -> None:
    (bob,) = worker.members("bob")
    owner = factories.staff(worker.shop, login="olga")
    birthday = attributes.define(
        community=worker.shop, name="birthday", type="date", by=owner, at=AT
    )
    born = AT.date() + timedelta(days=3)
    values = {bob: born.replace(year=1990)}
    attributes.set_values(attribute=birthday, values=values, by=owner, at=AT)
    entry = {"on": "date", "attribute": "birthday", "offset": -1}
    again = {"mode": "finished"}
    worker.playbook(send("d"), entry=entry, again=again)
    worker.run_until(AT + 4 * DAY, every=12 * HOUR)
    assert worker.steps("bob") == ["d"]
    run = Run.objects.get()
    assert run.run_key == f"day:{born - timedelta(days=1)}"
    worker.run_until(AT + 368 * DAY, AT + 366 * DAY, every=12 * HOUR)
    assert worker.steps("bob") == ["d", "d"]


FIRST_OF_FOURTH = date(2021, 5, 12)
"""The first day of the fourth lunar month of 2021, a year without leap month."""


@pytest.mark.parametrize(
    ("value", "fields", "days"),
    [
        (LunarDate(4, 1), {}, [FIRST_OF_FOURTH]),
        (LunarDate(4, 1, is_leap=True), {}, [FIRST_OF_FOURTH]),
        (LunarDate(4, 1, year=2022), {}, []),
        # 2020 had its fourth month twice. Both first days are kept in 2021.
        (date(2020, 4, 23), {"lunar": True}, [FIRST_OF_FOURTH]),
        (date(2020, 5, 23), {"lunar": True}, [FIRST_OF_FOURTH]),
        (date(2020, 5, 23), {}, [date(2021, 5, 23)]),
        (LunarDate(4, 1), {"offset": -2}, [FIRST_OF_FOURTH - timedelta(days=2)]),
        (LunarDate(3, 30), {}, [FIRST_OF_FOURTH - timedelta(days=1)]),
        (LunarDate(4, 1, year=2021), {"yearly": False}, [FIRST_OF_FOURTH]),
        (LunarDate(4, 1), {"yearly": False}, []),
        (date(2000, 2, 29), {}, [date(2021, 2, 28)]),
    ],
)
def test_dates_of_both_calendars_recur(
    value: date | LunarDate, fields: dict[str, Any], days: list[date]
) -> None:
    entry = DateEntry("birthday", **fields)
    year = [date(2021, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [day for day in year if entry.falls_on(value, day)] == days


def test_a_lunar_attribute_begins_a_run(worker: Worker) -> None:
    bob, cat = worker.members("bob", "cat")
    owner = factories.staff(worker.shop, login="olga")
    birthday = attributes.define(
        community=worker.shop, name="birthday", type="lunar", by=owner, at=AT
    )
    # 6 March 2026 is the 18th day of the first lunar month.
    values = {bob: "01-18", cat: "01-19"}
    attributes.set_values(attribute=birthday, values=values, by=owner, at=AT)
    entry = {"on": "date", "attribute": "birthday"}
    worker.playbook(send("d"), entry=entry, again={"mode": "finished"})
    worker.run_until(AT + DAY, every=12 * HOUR)
    assert (worker.steps("bob"), worker.steps("cat")) == (["d"], [])
    assert Run.objects.get().run_key == "day:2026-03-06"


def test_groups_begin_by_founding_calendar_and_size(worker: Worker) -> None:
    worker.members("bob", "cat")
    group = factories.group(worker.shop, "north", "bob")
    groups: dict[str, Any] = {"for": "group", "again": {"mode": "finished"}}
    founded = {"on": "founding", "offset": 1, "time": "09:00"}
    worker.playbook(send("f"), entry=founded, name="Founding", **groups)
    calendar = {"on": "calendar", "days": {"weekdays": [6]}, "time": "20:00"}
    worker.playbook(send("c"), entry=calendar, name="Member day", **groups)
    size = {"on": "size", "members": 2}
    worker.playbook(send("n"), entry=size, name="Full", **groups)
    worker.run_until(AT + 2 * DAY, every=6 * HOUR)
    group_verbs.add_members(
        group=group,
        accounts=[account_queries.get(worker.shop, "cat").pk],
        by=worker.by,
        at=AT + 2 * DAY,
    )
    worker.run_until(AT + 7 * DAY, AT + 2 * DAY, every=12 * HOUR)
    steps = RunStep.objects.order_by("at", "pk").values_list("step", "run__target_id")
    assert list(steps) == [("f", group.pk), ("n", group.pk), ("c", group.pk)]


def test_pending_runs_of_one_key_are_one(worker: Worker) -> None:
    (bob,) = worker.members("bob")
    playbook = worker.playbook(wait("w", 5))
    for _worker in range(4):
        run_entries.add_pending(playbook, [NewRun(bob, "fact:1", AT)], AT)
    assert Run.objects.count() == 1
