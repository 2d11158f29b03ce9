"""What verbs of meet-ups answer to whom, as in `answers`."""

from __future__ import annotations

U = "activities.meetups"
ANSWERS: dict[str, str] = {
    # A meet-up of a hidden group.
    "rraaaanna": f"""
        {U}.sign_ups.list_visible
    """,
    # Files of members are for managers.
    "rrraaanna": f"""
        {U}.sign_up_files.write
    """,
    "rraaannna": f"""
        {U}.sign_ups.cancel
        {U}.sign_ups.get
        {U}.sign_ups.get_by_code
        {U}.attendance.record
        {U}.attendance.undo_check_in
    """,
}
