"""Facts about draws, and who may run them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.core.facts import facts

CLOSE = permissions.declare(
    "draws.close",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("enter the public value of a draw, draw again, declare it void"),
)


@dataclass(frozen=True, kw_only=True)
class DrawFact(facts.FactKind):
    """`draw` is the number of the draw, `activity` that of its activity."""

    draw: int
    activity: int
    instead = gettext_lazy("Draws run automatically, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DrawChanged(DrawFact):
    """The prizes or the public value were chosen, before it is published."""

    kind = "draw.changed"
    label = gettext_lazy("draw changed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DrawPublished(DrawFact):
    kind = "draw.published"
    label = gettext_lazy("draw published")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DrawClosed(DrawFact):
    """`tickets` are in the list, `removed` were taken off it."""

    kind = "draw.closed"
    label = gettext_lazy("draw closed")
    tickets: int
    removed: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FigureTyped(DrawFact):
    """One person typed the published figure, which is not repeated here."""

    kind = "draw.figure_typed"
    label = gettext_lazy("public value of a draw typed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SignaturePasted(DrawFact):
    kind = "draw.signature_pasted"
    label = gettext_lazy("signature for a draw pasted")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DrawDrawn(DrawFact):
    """`winners` were drawn; `again` says that it continued for prizes not claimed."""

    kind = "draw.drawn"
    label = gettext_lazy("draw drawn")
    winners: int
    again: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DrawVoided(DrawFact):
    kind = "draw.voided"
    label = gettext_lazy("draw declared void")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TicketsGiven(DrawFact):
    """Staff gave a member further tickets, for a reason that is kept with the draw."""

    kind = "ticket.given"
    label = gettext_lazy("was given further tickets")
    count: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TicketDrawn(DrawFact):
    """A member's ticket won a prize; `k` is its place in the stream."""

    kind = "ticket.drawn"
    label = gettext_lazy("ticket drawn")
    k: int
