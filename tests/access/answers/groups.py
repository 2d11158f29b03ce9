"""What verbs of groups and their memberships answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        groups.staff_lists.list_people
        groups.visibility.list_visible
    """,
    # About a group.
    "aaaaaanna": """
        groups.groups.ensure
        groups.memberships.count_members
        groups.memberships.count_uncounted
        groups.memberships.list_members
        groups.memberships.list_members_with_role
        groups.visibility.get
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        groups.staff_lists.get_person
    """,
    # Operators and managers, in a group that they see.
    "rraaaanna": """
        groups.memberships.undo_addition
    """,
    # Operators and managers, about members and groups, or a campaign, that they see.
    "rraaannna": """
        groups.groups.add_members
        groups.groups.remove_members
        groups.memberships.add_again
        groups.memberships.change_role
    """,
    # Managers, a group that they see.
    "rrraaanna": """
        groups.groups.change_stage
        groups.groups.update
    """,
    "rrraaarna": """
        groups.groups.create
    """,
}
