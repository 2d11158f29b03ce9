"""The goals of a report: how they stood when its period was over, as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.insight.goals import goals, progress
from qunce.insight.goals.pace import Standing
from qunce.insight.goals.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from qunce.core.staff.models import Staff
    from qunce.insight.reports.periods import Period

MAX_GOALS, MAX_LINES = 50, 3
SHOWN = ("on_course", "behind", "met", "missed")
"""Standings that a line counts, in its order."""


def freeze(period: Period, *, by: Staff, at: datetime) -> list[dict[str, str]]:
    """The goals whose span has a day of the period, those that end first before others."""
    found = goals.list_overlapping(by, period.first, period.last)[:MAX_GOALS]
    return [
        _to_texts(each)
        for each in progress.load_all(found, by=by, at=at, until=period.last)
    ]


def _to_texts(found: Progress) -> dict[str, str]:
    goal = found.goal
    return {
        "goal": str(goal.pk),
        "group": goal.group,
        "title": found.title,
        "span": f"{goal.first.isoformat()} – {goal.last.isoformat()}",
        "value": found.value_text,
        "target": found.target_text,
        "direction": goal.direction,
        "share": "" if found.share is None else f"{found.share:,} %",
        "elapsed": f"{found.elapsed} %",
        "standing": found.standing.value,
    }


def standing_label(row: Mapping[str, str]) -> str:
    return str(Standing(row["standing"]).label)


def summarise(rows: Iterable[Mapping[str, str]]) -> str:
    """`"Goals: 2 on course, 1 behind"`; "" if no goal has a standing to count."""
    found = [row["standing"] for row in rows]
    parts = [
        f"{found.count(name)} {Standing(name).label}" for name in SHOWN if name in found
    ]
    return _("Goals: %(parts)s") % {"parts": _(", ").join(parts)} if parts else ""


def line_of(row: Mapping[str, str]) -> str:
    """`"New members: 40 of 100, behind"`."""
    return _("%(goal)s: %(value)s, target %(target)s, %(standing)s") % {
        "goal": row["title"],
        "value": row["value"],
        "target": row["target"],
        "standing": standing_label(row),
    }
