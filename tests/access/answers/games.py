"""What verbs of games answer to whom, as in `answers`."""

from __future__ import annotations

G = "activities.games"
ANSWERS: dict[str, str] = {
    # A game of a hidden group.
    "rraaaanna": f"""
        {G}.answer_list.list_results
        {G}.answer_list.list_visible
        {G}.payouts.decide_now
        {G}.rounds.close
        {G}.rounds.get
        {G}.rounds.open_next
    """,
    # The member has to be seen, too.
    "rraaannna": f"""
        {G}.rulings.get
        {G}.rulings.rule
    """,
}
