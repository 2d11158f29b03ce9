"""Sections of a member's own page: points, prizes, tickets and whatever registers here.

me_sections.SECTIONS.register(Section("points", _("Points"), "portal/me/points.html", load))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from qunce.portal.sections import Registry

SECTIONS = Registry()
CardRows = Callable[[int, datetime], Sequence[tuple[str, str]]]
"""Labels and values of a member, by their account and the time."""
CARD_ROWS: list[CardRows] = []
"""What the picture of a member's card shows besides, in this order."""
