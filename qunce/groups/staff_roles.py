"""What a role in a group means for statistics, rules of moderation and prizes.

See docs/decisions/0010. Roles of STAFF and BOTS hold in the whole community, also after
leaving that group: a shop has one list of colleagues, not one per group. A volunteer is a
member who helps in one group, as long as they have the role and are in it.

KOC, core and seed members are members like others: counted, judged, and they may win.
"""

from __future__ import annotations

from collections.abc import Iterable

from qunce.sets.bitmaps import staff_accounts
from qunce.sets.bitmaps.staff_accounts import Part

STAFF = frozenset({"owner", "atmosphere", "expert", "service"})
BOTS = frozenset({"bot"})
VOLUNTEERS = frozenset({"volunteer"})

WORKING = STAFF | BOTS
NOT_COUNTED = WORKING | VOLUNTEERS
"""No number, no audience and no report has them."""
NOT_PUNISHED = WORKING | VOLUNTEERS
"""Rules of moderation do not apply to them: to volunteers, in their own group."""
NOT_WINNING = WORKING
"""They join no activity and win no prize; volunteers may, as they are members."""

# `NOT (role = 'member')` is spelt like the condition of the index of such memberships.
_SELECT = """
SELECT m.account_id FROM groups_group g JOIN groups_membership m ON m.group_id = g.id
WHERE g.community_id = %s AND NOT (m.role = 'member') AND m.role IN ({roles}) AND {present}
"""
_EVER = "(m.present OR m.left_at IS NOT NULL)"


def _register(part: Part, roles: Iterable[str], present: str) -> None:
    texts = ", ".join(f"'{role}'" for role in sorted(roles))
    staff_accounts.register(_SELECT.format(roles=texts, present=present), part)


_register(Part.STAFF, STAFF, _EVER)
_register(Part.BOTS, BOTS, _EVER)
_register(Part.VOLUNTEERS, VOLUNTEERS, "m.present")


def note_change(community_id: int, roles: Iterable[str | None]) -> None:
    """Call it last in the transaction in which somebody gets or loses these roles."""
    if not NOT_COUNTED.isdisjoint(roles):
        staff_accounts.note_change(community_id)
