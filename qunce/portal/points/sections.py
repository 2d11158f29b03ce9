"""The points of a member on their own page, and the leaderboard of this month."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor


def _load_points(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    # Loads NumPy and bitmaps, which commands that only know the page do not need.
    from qunce.portal.points import presenters

    return presenters.own_points(visitor, at)


def _load_leaderboard(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    from qunce.portal.points import presenters

    found = presenters.leaderboard_of(visitor, at)
    return None if found is None or found["is_empty"] else found


me.SECTIONS.register(
    Section(
        key="points",
        label=_("My points"),
        template="portal/points/_points.html",
        load=_load_points,
        order=10,
    )
)
me.SECTIONS.register(
    Section(
        key="leaderboard",
        label=_("Leaderboard"),
        template="portal/points/_leaderboard.html",
        load=_load_leaderboard,
        order=60,
    )
)
