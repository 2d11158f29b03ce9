"""The file by which the holder of a ticket verifies what it drew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities.instant_draws import instant_draws, odds, seeds
from qunce.activities.instant_draws.verifier import FORMAT
from qunce.core import errors

if TYPE_CHECKING:
    from qunce.activities.instant_draws.models import InstantTicket


class SeedNotRevealed(errors.Refused):
    """The seed of the day is secret while tickets are drawn with it."""


def to_text(ticket: InstantTicket) -> str:
    """The file of a ticket whose day is over, which anybody can verify."""
    draw = ticket.draw
    seed = seeds.find_revealed(draw, ticket.day)
    if not seed:
        raise SeedNotRevealed(
            _("The seed of %(day)s is published the next day. Come back then.")
            % {"day": ticket.day.isoformat()}
        )
    return instant_draws.to_json(
        {
            "format": FORMAT,
            "terms": json.loads(draw.terms),
            "terms_hash": draw.terms_hash,
            "ticket": {
                "day": ticket.day.isoformat(),
                "holder": odds.holder_of(draw.activity.public_id, ticket.account_id),
                "number": ticket.number,
                "own_number": ticket.own_number,
                "roll": ticket.roll,
                "drawn": ticket.drawn,
                "won": ticket.won,
            },
            "seed": seed,
        }
    )
