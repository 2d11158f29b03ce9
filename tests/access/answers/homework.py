"""What verbs of homework answer to whom, as in `answers`."""

from __future__ import annotations

U = "activities.homework"
ANSWERS: dict[str, str] = {
    # Homework of a hidden group.
    "rraaaanna": f"""
        {U}.hand_ins.list_visible
        {U}.results.publish
    """,
    # Files of members are for managers.
    "rrraaanna": f"""
        {U}.submission_files.write
    """,
    "rraaannna": f"""
        {U}.comments.write_as_staff
        {U}.hand_ins.get
        {U}.results.decide
    """,
}
