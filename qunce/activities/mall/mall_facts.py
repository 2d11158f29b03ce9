"""Facts about malls: what was redeemed for points, and what was given back."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class MallFact(facts.FactKind):
    """`redemption` is the number of the redemption, `prize` that of the stock."""

    activity: int
    redemption: int
    prize: int
    points: int
    instead = gettext_lazy("Members redeem points in a mall, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ItemRedeemed(MallFact):
    kind = "item.redeemed"
    label = gettext_lazy("redeemed points")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ItemReturned(MallFact):
    """A redemption was undone: the points and the stock are back."""

    kind = "item.returned"
    label = gettext_lazy("undid a redemption")
