"""The calendar file of a sign-up or a session (RFC 5545), whose times are in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """`uid` stays the same, so that a file opened again changes the event it made."""

    uid: str
    title: str
    text: str
    place: str
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    url: str = ""


def render(event: Event, *, organiser: str) -> bytes:
    """The file with one event; `organiser` is the community."""
    # Loaded when it is needed, as it takes half a second.
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Qunce//Qunce//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", organiser)
    entry = icalendar.Event()
    entry.add("uid", event.uid)
    entry.add("dtstamp", event.changed_at.astimezone(UTC).replace(microsecond=0))
    entry.add("dtstart", event.starts_at.astimezone(UTC))
    entry.add("dtend", event.ends_at.astimezone(UTC))
    entry.add("summary", event.title)
    if event.text:
        entry.add("description", event.text)
    if event.place:
        entry.add("location", event.place)
    if event.url:
        entry.add("url", event.url)
    calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content
