"""The persona cards of the coffee brand."""

from __future__ import annotations

from qunce.demo.coffee.context import Context
from qunce.demo.simulation.texts.persona_cards import CARDS
from qunce.insight.portraits import persona_cards
from qunce.members.segments import segments


def create(context: Context) -> None:
    cards = CARDS[context.simulation.settings.language]
    for key, (name, sentence, wants, avoid) in cards.items():
        persona_cards.save(
            segment=segments.get(context.community, key),
            name=name,
            sentence=sentence,
            wants=wants,
            avoid=avoid,
            by=context.staff["manager"],
            at=context.at,
        )
