"""Roles in a group that only people who work here have.

Whoever has one in any group is a staff account in the whole community, also after leaving
that group. Group owners and KOC may be members; an owner who works here is marked as a
staff account on their page.
"""

from __future__ import annotations

from collections.abc import Iterable

from qunce.sets.bitmaps import staff_accounts

ROLES = frozenset({"atmosphere", "service"})

# `NOT (role = 'member')` is spelt like the condition of the index of such memberships.
staff_accounts.register("""
SELECT m.account_id FROM groups_group g JOIN groups_membership m ON m.group_id = g.id
WHERE g.community_id = %s AND NOT (m.role = 'member') AND m.role IN ('atmosphere', 'service')
    AND (m.present OR m.left_at IS NOT NULL)
""")


def note_change(community_id: int, roles: Iterable[str | None]) -> None:
    """Call it last in the transaction in which somebody gets or loses these roles."""
    if not ROLES.isdisjoint(roles):
        staff_accounts.note_change(community_id)
