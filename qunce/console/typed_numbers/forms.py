"""The cells that the grid posts: numbers that were read, and texts that are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.core import community_days, timestamps
from qunce.insight.typed_numbers import cells
from qunce.insight.typed_numbers.evenings import Evening, EveningRow
from qunce.insight.typed_numbers.typed_numbers import (
    FIELDS,
    Entry,
    InvalidTypedNumber,
)

if TYPE_CHECKING:
    from qunce.groups.groups import Group

MAX_TEXT = 200
EARLIEST = date(2000, 1, 1)


def cell_name(group: Group, name: str) -> str:
    return f"n-{group.pk}-{name}"


@dataclass
class PostedRow:
    """`numbers` are those of the day if the form were saved as it is."""

    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int | None] = field(default_factory=dict)


def read_row(request: http.Request, row: EveningRow) -> PostedRow:
    posted = PostedRow()
    for name in FIELDS:
        text = request.POST.get(cell_name(row.group, name))
        if text is None:
            posted.numbers[name] = row.numbers.get(name)
            continue
        posted.texts[name] = text[:MAX_TEXT]
        try:
            posted.numbers[name] = cells.parse(text[:MAX_TEXT])
        except cells.InvalidCell as error:
            posted.errors[name] = str(error)
            posted.numbers[name] = None
    return posted


def list_entries(evening: Evening, posted: dict[int, PostedRow]) -> list[Entry]:
    """What to save: every cell of the form that could be read."""
    return [
        Entry(group=row.group, day=evening.day, field=name, value=own.numbers[name])
        for row in evening.rows
        for own in [posted[row.group.pk]]
        for name in own.texts
        if name not in own.errors
    ]


def read_day(request: http.Request) -> date:
    """The day in the address; today without one, and instead of a day to come."""
    today = community_days.to_date(request.community.day(request.at))
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return day if EARLIEST <= day <= today else today


def read_posted_day(request: http.Request) -> date:
    """The day of the form. Raises InvalidTypedNumber without one."""
    text = request.POST.get("day", "")[:MAX_TEXT]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidTypedNumber(
            _("“%(text)s” is not a day. Write it as 2026-03-05.") % {"text": text[:40]}
        ) from None


def read_seen_at(request: http.Request) -> datetime | None:
    """When the posted numbers were read; a form without it changes all of them."""
    text = request.POST.get("seen", "")
    if not text.isascii() or not text.isdigit() or len(text) > 17:
        return None
    return timestamps.from_micros(int(text))
