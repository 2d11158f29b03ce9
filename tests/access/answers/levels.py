"""What verbs of levels, badges and memberships answer to whom, as in `answers`."""

from __future__ import annotations

L = "activities.levels"
ANSWERS: dict[str, str] = {
    "aaaaanana": f"""
        {L}.cards.get
    """,
    # Levels, badges and memberships are those of the whole community.
    "rrraarrar": f"""
        {L}.badges.count_awards
        {L}.gifts.count_given
        {L}.memberships.count_members
        {L}.schemes.list_for
        {L}.holdings.recount_by
    """,
    "rrraarrnr": f"""
        {L}.badges.archive
        {L}.badges.create
        {L}.badges.switch
        {L}.badges.update
        {L}.memberships.archive_plan
        {L}.memberships.create_plan
        {L}.memberships.update_plan
        {L}.previews.preview
        {L}.schemes.define
        {L}.schemes.switch_off
        {L}.schemes.switch_on
    """,
    "rraaaaaaa": f"""
        {L}.badges.list_all
        {L}.memberships.list_plans
    """,
    "rraaaaana": f"""
        {L}.badges.get
        {L}.badges.get_by_key
        {L}.badges.list_awards
        {L}.memberships.get_plan
    """,
    "rraaanana": f"""
        {L}.badges.award
        {L}.badges.revoke
        {L}.memberships.cancel
        {L}.memberships.enter
        {L}.memberships.get_term
    """,
}
