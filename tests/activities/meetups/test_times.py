"""Reminders, deadlines and calendar files, by tables that were written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from qunce.activities import calendar_files, time_texts
from qunce.activities.calendar_files import Event
from qunce.activities.meetups import reminders, terms
from qunce.activities.meetups.models import Slot
from tests import factories
from tests.activities import running

TABLE = (
    # Zone, start of day, start on its clock, reminder 24 hours before on its clock, both
    # in UTC.
    (
        "Asia/Shanghai",
        0,
        "2026-05-09 14:00",
        "2026-05-08 14:00",
        "08T06:00",
        "09T06:00",
    ),
    # A day that starts at 04:00 changes no clock: 01:30 is of the date that is written.
    (
        "Asia/Shanghai",
        4,
        "2026-05-09 01:30",
        "2026-05-08 01:30",
        "07T17:30",
        "08T17:30",
    ),
    # Clocks are set forward on 2026-03-08 at 02:00: 24 hours before 10:00 is 09:00.
    (
        "America/Los_Angeles",
        0,
        "2026-03-08 10:00",
        "2026-03-07 09:00",
        "07T17:00",
        "08T17:00",
    ),
    # Clocks are set back on 2026-11-01 at 02:00: 24 hours before 10:00 is 11:00.
    (
        "America/Los_Angeles",
        0,
        "2026-11-01 10:00",
        "2026-10-31 11:00",
        "31T18:00",
        "01T18:00",
    ),
    # Cairo skips the hour after midnight on 2026-04-24.
    ("Africa/Cairo", 0, "2026-04-24 09:00", "2026-04-23 08:00", "23T06:00", "24T06:00"),
)


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "hour", "start", "reminder", "due", "utc"), TABLE)
def test_a_reminder_is_a_day_before(
    zone: str, hour: int, start: str, reminder: str, due: str, utc: str
) -> None:
    shop = factories.community(language="en", timezone=zone, day_start=hour)
    by = factories.staff(shop)
    (ann,) = factories.members(shop, "ann")
    starts = start.replace(" ", "T")
    made = running.draft(
        by,
        "meetup",
        settings={"place": "Tea house", "starts": starts, "minutes": 90},
        ends_at=datetime.fromisoformat(starts).replace(tzinfo=UTC) + 3 * running.DAY,
    )
    running.publish(made, by)
    assert running.join(made, ann).accepted
    slot = Slot.objects.select_related("activity__community").get()
    assert f"{slot.starts_at:%dT%H:%M}" == utc
    moment = terms.remind_at(made, slot)
    assert moment is not None
    assert f"{moment:%dT%H:%M}" == due
    assert time_texts.moment_text(made, moment) == reminder
    assert terms.slot_text(made, slot).startswith(start)
    assert reminders.remind_due(at=moment - timedelta(seconds=1)) == 0
    assert reminders.remind_due(at=moment) == 1


def event(**fields: str) -> Event:
    start = datetime(2026, 11, 1, 18, tzinfo=UTC)
    values = {"title": "Tasting", "text": "Tea", "place": "Tea house", "url": ""}
    return Event(
        uid="abc-1@qunce",
        starts_at=start,
        ends_at=start + timedelta(minutes=90),
        changed_at=datetime(2026, 10, 1, 8, 30, 15, 999, tzinfo=UTC),
        **(values | fields),
    )


def test_a_calendar_file_is_in_utc() -> None:
    text = calendar_files.render(event(), organiser="Shop").decode()
    for line in (
        "DTSTART:20261101T180000Z",
        "DTEND:20261101T193000Z",
        "DTSTAMP:20261001T083015Z",
        "UID:abc-1@qunce",
        "METHOD:PUBLISH",
    ):
        assert f"{line}\r\n" in text


@pytest.mark.parametrize(
    "text",
    [
        "a, b; c\\d\nnext: line",
        "线下活动，" * 40,
        "𠮷🙂\u202etfel",
        "END:VEVENT\r\nBEGIN:VALARM",
        "=HYPERLINK(1)",
    ],
)
def test_any_text_stays_a_text(text: str) -> None:
    content = calendar_files.render(event(title=text, place=text), organiser="Shop")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert content.count(b"BEGIN:") == 2 + content.count(b"\\nBEGIN:")
    (found,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert str(found["summary"]) == text.replace("\r\n", "\n")
    assert str(found["location"]) == text.replace("\r\n", "\n")
