"""Reminders of live sessions, by tables that were written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce import reactions
from qunce.activities import time_texts
from qunce.activities.activities import lifecycle
from qunce.activities.live_sessions import reminders
from qunce.activities.live_sessions.models import LiveReservation, LiveSession
from qunce.core.staff.models import Staff
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.activities import running
from tests.activities.live_sessions import builders
from tests.activities.live_sessions.builders import START, open_session, say
from tests.factories import AT

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

TABLE = (
    # Zone, start of day, start on its clock, start in UTC, and the reminder 24 hours
    # before it on its clock and in UTC.
    (
        "Asia/Shanghai",
        0,
        ("2026-05-09 20:00", "2026-05-09T12:00"),
        ("2026-05-08 20:00", "2026-05-08T12:00"),
    ),
    # A day that starts at 04:00 changes no clock: 01:30 is of the date that is written.
    (
        "Asia/Shanghai",
        4,
        ("2026-05-09 01:30", "2026-05-08T17:30"),
        ("2026-05-08 01:30", "2026-05-07T17:30"),
    ),
    # Clocks are set forward on 2026-03-08 at 02:00: 24 hours before 10:00 is 09:00.
    (
        "America/Los_Angeles",
        0,
        ("2026-03-08 10:00", "2026-03-08T17:00"),
        ("2026-03-07 09:00", "2026-03-07T17:00"),
    ),
    # Clocks are set back on 2026-11-01 at 02:00: 24 hours before 10:00 is 11:00.
    (
        "America/Los_Angeles",
        0,
        ("2026-11-01 10:00", "2026-11-01T18:00"),
        ("2026-10-31 11:00", "2026-10-31T18:00"),
    ),
    # Cairo skips the hour after midnight on 2026-04-24.
    (
        "Africa/Cairo",
        0,
        ("2026-04-24 09:00", "2026-04-24T06:00"),
        ("2026-04-23 08:00", "2026-04-23T06:00"),
    ),
)


@pytest.mark.parametrize(("zone", "hour", "start", "reminder"), TABLE)
def test_a_reminder_is_a_day_before(
    zone: str, hour: int, start: tuple[str, str], reminder: tuple[str, str]
) -> None:
    shop = factories.community(language="en", timezone=zone, day_start=hour)
    by = factories.staff(shop)
    (ann,) = factories.members(shop, "ann")
    clock = datetime.fromisoformat(start[0])
    made = running.draft(
        by,
        "live_session",
        settings={
            "starts": clock.isoformat(),
            "ends": (clock + timedelta(hours=2)).isoformat(),
            "platform": "Douyin",
            "reminders": [{"minutes": 24 * 60}],
        },
        ends_at=clock.replace(tzinfo=UTC) + 3 * running.DAY,
    )
    running.publish(made, by)
    assert say(made, ann).accepted
    session = LiveSession.objects.get()
    assert f"{session.starts_at:%Y-%m-%dT%H:%M}" == start[1]
    due = datetime.fromisoformat(reminder[1]).replace(tzinfo=UTC)
    assert time_texts.moment_text(made, due) == reminder[0]
    assert reminders.remind_due(at=due - SECOND) == 0
    assert reminders.remind_due(at=due) == 1
    assert reminders.remind_due(at=due + MINUTE) == 0


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Africa/Cairo"])
def test_a_start_in_a_skipped_hour_is_refused(zone: str) -> None:
    by = factories.staff(factories.community(language="en", timezone=zone))
    skipped = {
        "America/Los_Angeles": "2026-03-08T02:30",
        "Africa/Cairo": "2026-04-24T00:30",
    }[zone]
    with pytest.raises(Exception, match="does not exist"):
        running.draft(by, "live_session", settings={"starts": skipped})


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def count_reminders(account: int) -> int:
    return Message.objects.filter(target_id=account, text__contains="Live soon").count()


def run(at: datetime) -> None:
    reminders.remind_due(at=at)
    while reactions.CONSUMER.catch_up(at=at):
        pass


def test_those_who_reserved_are_reminded_at_each_time_and_others_not(by: Staff) -> None:
    ann, bob, cy, di = factories.members(by.community, "ann", "bob", "cy", "di")
    live = open_session(by)
    for account in (ann, bob, cy):
        say(live, account)
    say(live, bob, "cancel")
    factories.leave(by.community, "cy")
    run(START - timedelta(days=1))
    # Who reserves after the first reminder gets the second one only.
    say(live, di, at=START - timedelta(hours=5))
    run(START - timedelta(hours=4))
    assert [count_reminders(pk) for pk in (ann, bob, cy, di)] == [1, 0, 0, 0]
    run(START - 15 * MINUTE)
    run(START - 14 * MINUTE)
    assert [count_reminders(pk) for pk in (ann, bob, cy, di)] == [2, 0, 0, 1]
    run(START)
    assert count_reminders(ann) == 2


def test_after_an_outage_only_the_latest_reminder_is_sent(by: Staff) -> None:
    (ann,) = factories.members(by.community, "ann")
    live = open_session(by)
    say(live, ann)
    run(START - 5 * MINUTE)
    assert count_reminders(ann) == 1
    assert LiveReservation.objects.get().reminded == 15
    facts = factories.recorded_facts(by.community, "live_session.reminded")
    assert [payload["minutes"] for _who, payload in facts] == [15]


def test_a_merged_person_is_reminded_once(by: Staff) -> None:
    ann, anna = factories.members(by.community, "ann", "anna")
    live = open_session(by)
    say(live, ann)
    say(live, anna)
    factories.merge(by.community, "ann", "anna")
    run(START - timedelta(days=1))
    assert count_reminders(ann) + count_reminders(anna) == 1
    run(START - 15 * MINUTE)
    assert count_reminders(ann) + count_reminders(anna) == 2


def test_nobody_is_reminded_of_what_is_cancelled(by: Staff) -> None:
    (ann,) = factories.members(by.community, "ann")
    live = open_session(by)
    say(live, ann)
    lifecycle.cancel(activity=live, reason="Storm", by=by, at=AT)
    lifecycle.cancel(activity=live, reason="Storm", by=running.approver(by), at=AT)
    run(START - timedelta(days=1))
    assert count_reminders(ann) == 0


def test_the_latest_due_one_by_a_slow_oracle() -> None:
    minutes = (5, 15, 60, 1440)
    for ahead in range(0, 1500, 7):
        at = START - ahead * MINUTE
        rows = {"reminders": [{"minutes": each} for each in minutes]}
        wanted = [each for each in minutes if ahead and each >= ahead]
        found = reminders.find_due(rows, START, at)
        assert found == (wanted[0] if wanted else None)
    assert builders.END > START
