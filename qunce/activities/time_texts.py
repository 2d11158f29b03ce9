"""Times of activities as members read them, on the community's clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import communities

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity


def moment_text(activity: Activity, moment: datetime) -> str:
    """A time on the community's clock, such as 2026-03-07 14:00."""
    return f"{moment.astimezone(communities.zone(activity.community)):%Y-%m-%d %H:%M}"


def span_text(activity: Activity, start: datetime, end: datetime) -> str:
    """Such as 2026-03-07 14:00–16:00."""
    zone = communities.zone(activity.community)
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() == last.date():
        return f"{first:%Y-%m-%d %H:%M}–{last:%H:%M}"
    return f"{first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}"
