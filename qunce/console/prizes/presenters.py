"""Lines of prizes and awards as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils.translation import gettext as _

from qunce.activities.prizes import awards, codes
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import Award, PrizeStock, State
from qunce.console import http, member_names

TONES = {
    State.TO_CLAIM: "",
    State.CLAIMED: "warn",
    State.SENT: "info",
    State.DELIVERED: "good",
    State.RETURNED: "bad",
}


@dataclass(frozen=True)
class StockLine:
    """A prize in the list; `missing` are codes that winners wait for."""

    prize: PrizeStock
    kind: str
    missing: int
    free_codes: int | None


@dataclass(frozen=True)
class AwardLine:
    """An award in a list."""

    award: Award
    name: str
    tone: str
    to_do: str


def stock_line(prize: PrizeStock) -> StockLine:
    has_codes = codes.has_codes(prize)
    return StockLine(
        prize=prize,
        kind=str(base.get(prize.kind).label),
        missing=codes.count_missing(prize) if has_codes else 0,
        free_codes=codes.count_free(prize) if has_codes else None,
    )


def award_lines(rows: Sequence[Award]) -> list[AwardLine]:
    names = member_names.find(row.account_id for row in rows)
    return [
        AwardLine(
            award=row,
            name=names.get(row.account_id, ""),
            tone=TONES[State(row.state)],
            to_do=_to_do(row),
        )
        for row in rows
    ]


def _to_do(award: Award) -> str:
    """What staff have to do now, "" if nothing."""
    kind = base.get(award.stock.kind)
    if award.is_held and award.state == State.TO_CLAIM:
        return _("Look at it")
    if award.state != State.CLAIMED:
        return ""
    if kind.hand_over == base.HandOver.CODE:
        return _("Upload codes")
    return str(kind.staff_step)


def count_awards(request: http.Request) -> dict[str, int]:
    """How many awards there are in each state, of the members whom the staff see."""
    rows = awards.list_visible(by=request.staff, at=request.at)
    counted = rows.order_by().values_list("state").annotate(Count("pk"))
    return dict.fromkeys(State.values, 0) | dict(counted)


def steps(award: Award) -> list[tuple[str, datetime]]:
    """What has happened to an award, in order."""
    every = [
        (_("Won"), award.awarded_at),
        (_("Reminded"), award.reminded_at),
        (_("Claimed"), award.claimed_at),
        (_("Sent"), award.sent_at),
        (_("Handed over"), award.delivered_at),
        (_("Returned"), award.returned_at),
    ]
    return [(label, at) for label, at in every if at is not None]
