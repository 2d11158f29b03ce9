"""The items of an order: what was bought, with categories and amounts as far as known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors, money, text_validation


class InvalidItems(errors.Invalid):
    """The items contain characters that cannot be stored."""


def load_items(text: str | None) -> Sequence[dict[str, Any]]:
    items = json.loads(text) if text else ()
    return [item for item in items if isinstance(item, dict)]


def dump_items(items: Sequence[dict[str, Any]] | None) -> str | None:
    """Return the items as JSON, None without any."""
    if not items:
        return None
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    if not text_validation.is_valid(text):
        raise InvalidItems(_("This contains characters that cannot be stored."))
    return text


def item_amount(item: dict[str, Any], currency: str) -> int | None:
    """Return the amount of an item in the smallest unit, None if it is unknown.

    Programs give whole numbers of that unit, files decimals as text.
    """
    amount = item.get("amount")
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount
    if not isinstance(amount, str | float):
        return None
    try:
        return money.to_units(amount, currency)
    except money.InvalidMoney:
        return None


def list_categories(items: Sequence[dict[str, Any]] | None) -> list[str]:
    """Return the distinct categories of an order's items, sorted."""
    return sorted({item["category"] for item in items or () if item.get("category")})
