"""Facts about flash sales: what was reserved, confirmed, and lapsed."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class FlashSaleFact(facts.FactKind):
    """`reservation` is the number of the reservation."""

    activity: int
    reservation: int
    instead = gettext_lazy("Flash sales run automatically, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FlashSaleReserved(FlashSaleFact):
    """`from_waitlist` says that they waited for it, and have to be notified."""

    kind = "flash_sale.reserved"
    label = gettext_lazy("reserved a piece in a flash sale")
    from_waitlist: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FlashSaleConfirmed(FlashSaleFact):
    """`confirmed_by` is `points`, `order` or `staff`."""

    kind = "flash_sale.confirmed"
    label = gettext_lazy("got a piece in a flash sale")
    confirmed_by: str
    points: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FlashSaleLapsed(FlashSaleFact):
    """Nobody confirmed it in time, or staff declared it void."""

    kind = "flash_sale.lapsed"
    label = gettext_lazy("lost a reservation in a flash sale")
    is_void: bool
