"""A line of Today: what to do, why it is here, how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.staff.models import Staff

DO, DECIDE, CHANGED = "do", "decide", "changed"
SECTIONS: dict[str, StrOrPromise] = {
    DO: gettext_lazy("To do now"),
    DECIDE: gettext_lazy("To decide"),
    CHANGED: gettext_lazy("What changed"),
}


@dataclass(frozen=True, kw_only=True)
class TodayItem:
    """`key` changes when the matter does, so that what is new is not put off with
    what was. `due_at` orders the lines; those of tomorrow are only announced."""

    key: str
    section: str
    icon: str
    text: str
    why: str
    url: str
    action: str
    minutes: int = 1
    due_at: datetime | None = None
    late: bool = False


Provider = Callable[[Staff, datetime], Sequence[TodayItem]]
PROVIDERS: list[Provider] = []


def register(read: Provider) -> Provider:
    PROVIDERS.append(read)
    return read


def list_items(staff: Staff, *, at: datetime) -> list[TodayItem]:
    """All lines: by section, what is late first, then by when it is due."""
    found = [line for read in PROVIDERS for line in read(staff, at)]
    order = list(SECTIONS)
    return sorted(
        found,
        key=lambda line: (
            order.index(line.section),
            not line.late,
            line.due_at or at,
            line.key,
        ),
    )
