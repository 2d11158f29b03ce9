"""Facts about prizes: awarded, claimed, sent, handed over, returned, and what staff did."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.core.facts import facts

MANAGE = permissions.declare(
    "prizes.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    community_wide=True,
    label=gettext_lazy("add prizes, change their stock and upload codes"),
)
DELIVER = permissions.declare(
    "prizes.deliver",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("see who won prizes, and hand prizes over"),
)
VIEW_ADDRESSES = permissions.declare(
    "prizes.view_addresses",
    permissions.Role.MANAGER,
    label=gettext_lazy("read the addresses of winners"),
)


@dataclass(frozen=True, kw_only=True)
class PrizeFact(facts.FactKind):
    """`award` is the number of the award, `prize` that of its stock."""

    award: int
    prize: int
    instead = gettext_lazy("Award prizes by an activity, or on the page of prizes.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeAwarded(PrizeFact):
    """`source` is what it was awarded for, such as a draw."""

    kind = "prize.awarded"
    label = gettext_lazy("won a prize")
    source: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeClaimed(PrizeFact):
    kind = "prize.claimed"
    label = gettext_lazy("claimed a prize")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeSent(PrizeFact):
    kind = "prize.sent"
    label = gettext_lazy("was sent a prize")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeDelivered(PrizeFact):
    kind = "prize.delivered"
    label = gettext_lazy("got a prize")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeReturned(PrizeFact):
    """`was_claimed` is false if nobody claimed it in time, and `next` asks for another
    winner."""

    kind = "prize.returned"
    label = gettext_lazy("prize returned")
    was_claimed: bool
    source: str
    source_key: str
    next: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeReminded(PrizeFact):
    kind = "prize.reminded"
    label = gettext_lazy("was reminded of a prize")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeReleased(PrizeFact):
    kind = "prize.released"
    label = gettext_lazy("held prize released")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeAddressRead(PrizeFact):
    """Staff read the address of a winner."""

    kind = "prize.address_read"
    label = gettext_lazy("address of a prize read")


@dataclass(frozen=True, kw_only=True)
class StockFact(facts.FactKind):
    """`prize` is the number of the stock, `name` what it is called."""

    prize: int
    name: str
    instead = gettext_lazy("Change prizes on their page or through the API.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeCreated(StockFact):
    kind = "prize_stock.created"
    label = gettext_lazy("prize added")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeChanged(StockFact):
    kind = "prize_stock.changed"
    label = gettext_lazy("prize changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeStockAdded(StockFact):
    kind = "prize_stock.added"
    label = gettext_lazy("stock of a prize added")
    added: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeCodesAdded(StockFact):
    kind = "prize_stock.codes_added"
    label = gettext_lazy("codes of a prize uploaded")
    added: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeArchived(StockFact):
    kind = "prize_stock.archived"
    label = gettext_lazy("prize archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PrizeMessageAnswered(facts.FactKind):
    """A member wrote that they claim their prizes; `text` is our answer."""

    kind = "prize.message_answered"
    label = gettext_lazy("answered about prizes")
    instead = gettext_lazy("Members write it in a chat.")
    text: str
