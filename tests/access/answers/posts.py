"""What verbs of posts answer to whom, as in `answers`."""

from __future__ import annotations

U = "activities.posts"
ANSWERS: dict[str, str] = {
    # An activity of a hidden group.
    "rraaaanna": f"""
        {U}.reading.list_visible
    """,
    "rraaannna": f"""
        {U}.posts.get
        {U}.decisions.accept
        {U}.decisions.reject
        {U}.decisions.hide
        {U}.decisions.feature
        {U}.decisions.unfeature
        {U}.rewards.reward
        {U}.rewards.note
        {U}.consents.confirm
        {U}.consents.withdraw
    """,
}
