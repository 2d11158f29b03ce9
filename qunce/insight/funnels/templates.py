"""Ready-made funnels over the facts that a community has."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.sets import audiences

WINDOW = {"within": "90d"}


def aidma(community: Community) -> tuple[str, dict[str, Any]]:
    """Attention, interest, desire, memory, action, as far as facts show them.

    Reached, clicked, replied or asked, touched again, bought.
    """
    # Where people send by hand, no channel says what was delivered.
    known = audiences.list_fact_kinds(community)
    is_marked = "send.delivered" not in known and "send.marked_sent" in known
    reached = "send.marked_sent" if is_marked else "send.delivered"
    kinds = (reached, "send.clicked", "message.posted", reached, "order.paid")
    return _("AIDMA: from attention to action"), {
        "steps": [{"kind": kind} for kind in kinds],
        "order": "strict",
        "within": "30d",
        "during": WINDOW,
    }


def purchase(community: Community) -> tuple[str, dict[str, Any]]:
    """Joined the community, bought, bought again."""
    return _("From joining to the second order"), {
        "steps": [
            {"kind": "member.joined"},
            {"kind": "order.paid"},
            {"kind": "order.paid"},
        ],
        "order": "strict",
        "within": "60d",
        "during": {"within": "180d"},
    }


TEMPLATES = {"aidma": aidma, "purchase": purchase}


def missing_kinds(definition: dict[str, Any]) -> list[str]:
    """The kinds of the steps of which this installation has no fact yet."""
    kinds = dict.fromkeys(step["kind"] for step in definition["steps"])
    return [kind for kind in kinds if facts.find_kind(kind) is None]
