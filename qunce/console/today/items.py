"""The items of Today, and the registry of their providers."""

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
    """Something to do: what, why, by when, and how many minutes it takes.

    `key` identifies the item for snoozing. It changes when the reason does, so that a
    new reason is shown although the old one was snoozed. An item that `may_dismiss` needs
    nothing to be done; a notice is gone once its page was opened from Today.
    """

    key: str
    section: str
    icon: str
    text: str
    reason: str
    url: str
    action: str
    minutes: int = 1
    due_at: datetime | None = None
    is_late: bool = False
    may_dismiss: bool = False
    is_notice: bool = False


Provider = Callable[[Staff, datetime], Sequence[TodayItem]]
PROVIDERS: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Register a function that returns items for a staff member (a decorator)."""
    PROVIDERS.append(provider)
    return provider


def list_items(staff: Staff, *, at: datetime) -> list[TodayItem]:
    """Return all items by section: late ones, then those with a due time, the rest."""
    items = [item for provider in PROVIDERS for item in provider(staff, at)]
    sections = list(SECTIONS)
    return sorted(
        items,
        key=lambda item: (
            sections.index(item.section),
            not item.is_late,
            item.due_at is None,
            item.due_at or at,
            item.key,
        ),
    )
