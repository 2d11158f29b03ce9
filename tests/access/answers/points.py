"""What verbs of points answer to whom, as in `answers`."""

from __future__ import annotations

P = "activities.points"
ANSWERS: dict[str, str] = {
    "aaaaanana": f"""
        {P}.balances.get
        {P}.balances.history
        {P}.balances.list_lots
        {P}.balances.recount
    """,
    "rraaaaaaa": f"""
        {P}.adjustments.list_waiting
        {P}.leaderboard.load
    """,
    # Who asked for it cannot approve it.
    "rraaxnana": f"""
        {P}.adjustments.approve
    """,
    "rraaanana": f"""
        {P}.adjustments.adjust
        {P}.adjustments.decline
        {P}.adjustments.get
        {P}.earning.award
        {P}.earning.earn
        {P}.leaderboard.opt_in
        {P}.leaderboard.opt_out
        {P}.reversals.reverse_awards
        {P}.reversals.reverse_order
        {P}.reversals.reverse_source
        {P}.spending.restore
        {P}.spending.spend
    """,
    # Rules and the liability are those of the whole community.
    "rrraarrar": f"""
        {P}.liability.load
        {P}.rules.list_all
    """,
    "rrraarrnr": f"""
        {P}.past_runs.preview
        {P}.past_runs.run
        {P}.point_settings.update
        {P}.rules.archive
        {P}.rules.create
        {P}.rules.get
        {P}.rules.switch_off
        {P}.rules.switch_on
        {P}.rules.update
    """,
}
