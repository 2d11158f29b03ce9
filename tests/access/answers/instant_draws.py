"""What verbs of instant draws and red packets answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Activities of a hidden group.
    "rraaaanna": """
        activities.instant_draws.instant_draws.get_visible
        activities.instant_draws.tickets.list_visible
        activities.red_packets.red_packets.list_visible
    """,
}
