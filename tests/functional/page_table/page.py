"""A page of the console, and who opens it."""

from __future__ import annotations

from dataclasses import dataclass, field

ALL, STAFF, EDIT, MANAGE, HEADS = "vomsw", "omsw", "omw", "mw", "msw"
"""Everybody; who works with members; without those in a scope; who manages; also in a scope."""
SETTINGS_TABS = dict.fromkeys(
    "Staff|Entry links|Units|Identity|Exchange rates|API keys|Webhooks|Member pages|Background jobs|Audit log".split(
        "|"
    ),
    MANAGE,
)


@dataclass(frozen=True)
class Page:
    view: str
    opens: str
    shows: tuple[str, ...]
    only: dict[str, str] = field(default_factory=dict)
