"""What verbs of what is beside the domains answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        sidebar.member_search.suggest
    """,
    # About a thing that everybody in the community sees.
    "aaaaaaana": """
        sets.audiences.compile_rule
        sets.audiences.count
        sets.audiences.count_uncounted
        sets.audiences.funnel
        sets.audiences.list_ids
        sets.audiences.overlap
        sets.audiences.people
        sets.audiences.people_by_rule
        sets.set_sizes.count_by_ref
        sets.set_sizes.count_further_marks
        sets.set_sizes.count_in_any
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        sidebar.member_sidebar.load
        sets.audiences.explain
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        outreach.report_deliveries.deliveries.list_latest
    """,
}
