"""Positioning cards: whom a group is for, what its members get, what is posted when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.groups.groups import Group

LABELS: dict[str, StrOrPromise] = {
    "whom": _("Intended for"),
    "value": _("What members get"),
    "rhythm": _("Rhythm"),
}


def read(group: Group) -> dict[str, str]:
    """Return the entries of the card that have a text."""
    card = group.card if isinstance(group.card, dict) else {}
    texts = {name: str(card.get(name, "")) for name in LABELS}
    return {name: text for name, text in texts.items() if text}


def change(card: Any, texts: Mapping[str, str | None]) -> dict[str, str]:
    """Return the card with these texts; an empty one removes its entry."""
    changed = dict(card if isinstance(card, dict) else {}) | dict(texts)
    return {name: text for name, text in changed.items() if text}
