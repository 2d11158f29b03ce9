"""The items of a mall, as its settings have them: a prize, its price, and how many each."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qunce.activities.activities.models import Activity
from qunce.activities.prizes import choices
from qunce.activities.prizes.models import PrizeStock
from qunce.core import errors


class ItemNotFound(errors.NotFound):
    """The mall has no such item."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """`number` is its place from 1 on, `most` what a person can have, None without a limit."""

    number: int
    stock: PrizeStock
    price: int
    most: int | None

    @property
    def price_text(self) -> str:
        return f"{self.price:,}"

    @property
    def left_text(self) -> str:
        return f"{self.stock.left:,}"

    @property
    def held_reason(self) -> str:
        """Why nobody gets it for now, "" if it is offered."""
        if self.stock.archived_at is None:
            return ""
        return _("“%(prize)s” is not offered at the moment.") % {
            "prize": self.stock.name
        }


def list_items(activity: Activity) -> list[Item]:
    """The items in their order, with what is left in the stock now."""
    rows = activity.settings.get("items") or []
    stocks = choices.load(activity.community, (row["prize"] for row in rows))
    return [
        Item(
            number=number,
            stock=stocks[row["prize"]],
            price=row["price"],
            most=row["most"],
        )
        for number, row in enumerate(rows, start=1)
        if row["prize"] in stocks
    ]


def find(items: Sequence[Item], said: str) -> Item:
    """The item of a number or a name; without either, the only one. Raises ItemNotFound."""
    said = said.strip().lstrip("#＃第").strip()
    if not said and len(items) == 1:
        return items[0]
    # Phones write full-width digits, too.
    word = _folded(said)
    for item in items:
        # The number first, as a name may be a number.
        if word == str(item.number):
            return item
    named = [item for item in items if _folded(item.stock.name) == word]
    if len(named) == 1:
        return named[0]
    text = _("Which one? Write “redeem” and its number: %(items)s.")
    raise ItemNotFound(text % {"items": list_texts(items)})


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def list_texts(items: Sequence[Item]) -> str:
    """Number, name and price of each, in one line."""
    return _(", ").join(
        _("%(number)s %(prize)s (%(points)s points)")
        % {
            "number": item.number,
            "prize": item.stock.name,
            "points": f"{item.price:,}",
        }
        for item in items
        if not item.held_reason
    )
