"""Facts about instant draws."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.activities.activities.activity_facts import LABELS
from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class InstantDrawFact(facts.FactKind):
    """`activity` is the number of the activity. No seed is part of a fact."""

    labels = {**LABELS, "number": gettext_lazy("number of the ticket")}
    instead = gettext_lazy("Instant draws run automatically, under Activities.")
    activity: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class InstantTicketDrawn(InstantDrawFact):
    """A member used a ticket; `won` says whether it won a prize, which is another fact."""

    kind = "instant_ticket.drawn"
    label = gettext_lazy("used a ticket of an instant draw")
    number: int
    won: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class InstantSeedRevealed(InstantDrawFact):
    """The seed of `day` is readable on the page, and draws no ticket any more."""

    kind = "instant_draw.seed_revealed"
    label = gettext_lazy("seed of an instant draw revealed")
    day: str
