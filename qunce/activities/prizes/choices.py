"""Prizes as a choice in the settings of an activity, where each is stored by its number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities.prizes import prize_facts, prizes
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import PrizeStock
from qunce.core import errors, permissions

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_LISTED = 500


class CannotOffer(errors.Invalid):
    """The prize is archived, or members could not know how to get it."""


def check_may_offer(prize: PrizeStock) -> None:
    """Raise CannotOffer for a prize that no activity can promise to members."""
    values = {"prize": prize.name}
    if prize.archived_at is not None:
        raise CannotOffer(_("“%(prize)s” is archived. Choose another prize.") % values)
    if base.get(prize.kind).needs_instructions and not prize.instructions:
        text = _(
            "Say where and when winners get “%(prize)s”, on the page of the prize."
        )
        raise CannotOffer(text % values)


def list_prizes(by: Staff) -> list[tuple[str, str]]:
    """The number, as a text, and the name of each prize that `by` can choose."""
    if not permissions.may(by, prize_facts.DELIVER):
        return []
    rows = prizes.list_visible(by)[:MAX_LISTED]
    return [(str(row.pk), row.name) for row in rows]


def load(community: Community, keys: Iterable[str]) -> dict[str, PrizeStock]:
    """The prizes of these stored numbers, with archived ones; unknown ones are left out."""
    ids = {key: int(key) for key in keys if key.isascii() and key.isdigit()}
    rows = PrizeStock.objects.filter(community=community).select_related("community")
    found = rows.in_bulk(list(ids.values()))
    return {key: found[pk] for key, pk in ids.items() if pk in found}
