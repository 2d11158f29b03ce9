"""Sections of a member's own page: points, prizes, tickets and whatever registers here.

me_sections.SECTIONS.register(Section("points", _("Points"), "portal/me/points.html", load))
"""

from __future__ import annotations

from qunce.portal.sections import Registry

SECTIONS = Registry()
