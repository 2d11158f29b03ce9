"""Sections of the page of a community: what is open to the visitor.

home_sections.SECTIONS.register(Section("activities", _("Activities"), "portal/…", load))
"""

from __future__ import annotations

from qunce.portal.sections import Registry

SECTIONS = Registry()
