"""What verbs of live sessions answer to whom, as in `answers`."""

from __future__ import annotations

U = "activities.live_sessions"
ANSWERS: dict[str, str] = {
    # A live session of a hidden group.
    "rraaaanna": f"""
        {U}.reservations.list_visible
        {U}.attendance.list_visible
        {U}.sessions.set_replay
        {U}.sessions.type_number
    """,
    # A member whom the scope hides is a name that nobody has.
    "rraaaxnna": """
        activities.attendance_lists.record
    """,
    "rraaannna": f"""
        {U}.reservations.cancel
        {U}.reservations.get
        {U}.attendance.get
        {U}.attendance.undo
    """,
}
