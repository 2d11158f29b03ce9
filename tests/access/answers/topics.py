"""What verbs of topics answer to whom, as in `answers`."""

from __future__ import annotations

T = "activities.topics"
ANSWERS: dict[str, str] = {
    # A topic of a hidden group.
    "rraaaanna": f"""
        {T}.reply_list.list_visible
    """,
    # Files of members are for managers.
    "rrraaanna": f"""
        {T}.reply_files.write
    """,
    # The member has to be seen, too.
    "rraaannna": f"""
        {T}.replies.get
        {T}.replies.hide
        {T}.replies.show
    """,
}
