"""Prizes of instant draws: how many can be won now, changed by conditional updates only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F

from qunce.activities import budget
from qunce.activities.activities.models import Activity
from qunce.activities.instant_draws import odds
from qunce.activities.instant_draws.models import InstantPrize, State
from qunce.activities.prizes import awards, sources
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.prepared_queries import Param, PreparedQuery

if TYPE_CHECKING:
    from qunce.core.communities import Community

SOURCE = "instant_draw"
"""What awards of instant draws name as their source."""
HOUR = 3600


# Verbs


def take(prize: InstantPrize, *, released: int) -> int:
    """Take one of those that are released; returns which one it is, 0 if none is left.

    A count that was read before is never written back: of two who take the last one at
    the same time, one gets it.
    """
    if prize.taken >= released:
        # Most tickets of a crowd come too late: they write nothing and take no lock.
        return 0
    rows = InstantPrize.objects.filter(pk=prize.pk, taken__lt=released)
    if not rows.update(taken=F("taken") + 1):
        return 0
    # The row is locked until the commit, so this is the number of this prize.
    return int(InstantPrize.objects.values_list("taken", flat=True).get(pk=prize.pk))


def award(
    activity: Activity, prize: InstantPrize, n: int, *, account_id: int, at: datetime
) -> Award:
    """Award the n-th of a prize that was taken, and reserve its part of the budget."""
    budget.reserve_part(
        activity=activity,
        key=budget_key(prize.position),
        into=award_budget_key(prize.position, n),
        points=points_of(prize),
        money=prize.stock.cost,
        at=at,
    )
    found = awards.award(
        stock=prize.stock,
        account_id=account_id,
        source=SOURCE,
        source_key=f"{activity.pk}:{prize.position}:{n}",
        at=at,
        is_taken=True,
    )
    if found is None:
        raise ValueError("a prize that was taken beforehand is awarded")
    return found


# Reads


def list_of(draw_id: int) -> list[InstantPrize]:
    """The prizes in their order, with the stock of each."""
    return _OF_DRAW.all(draw=draw_id)


_OF_DRAW = PreparedQuery(
    lambda: (
        InstantPrize.objects.filter(draw=Param("draw"))
        .select_related("stock__community")
        .order_by("position")
    )
)


def count_released(prize: InstantPrize, activity: Activity, at: datetime) -> int:
    """How many of a prize could have been won until now."""
    hours = int((at - activity.starts_at).total_seconds() // HOUR)
    return odds.count_released(prize.total, prize.per_hour, hours)


def points_of(prize: InstantPrize) -> int:
    """The points of one prize, 0 if it is something else."""
    return (prize.stock.amount or 0) if prize.stock.kind == "points" else 0


def budget_key(position: int) -> str:
    """What the prizes of a place are reserved under, before somebody wins them."""
    return f"instant/{position}"


def award_budget_key(position: int, n: int) -> str:
    """What the n-th prize of a place is reserved under, and booked when delivered."""
    return f"instant/{position}/{n}"


def _book(award: Award, at: datetime) -> None:
    for activity, key in _budget_of(award):
        budget.book(activity=activity, key=key, at=at)


def _release(award: Award, at: datetime) -> None:
    for activity, key in _budget_of(award):
        budget.release(activity=activity, key=key, at=at)


def _budget_of(award: Award) -> Iterator[tuple[Activity, str]]:
    pk, position, n = award.source_key.split(":")
    for activity in Activity.objects.filter(pk=int(pk)):
        yield activity, award_budget_key(int(position), int(n))


def _is_promised(prize: PrizeStock) -> bool:
    return InstantPrize.objects.filter(draw__state=State.OPEN, stock=prize).exists()


def _count_reserved(community: Community) -> Counter[int]:
    rows = InstantPrize.objects.filter(
        draw__activity__community=community, draw__state=State.OPEN
    )
    waiting = models.Sum(F("total") - F("taken"))
    by_stock = rows.order_by().values_list("stock").annotate(waiting=waiting)
    return Counter(dict(by_stock))


sources.register(
    sources.Source(
        key=SOURCE,
        delivered=_book,
        returned=_release,
        promises=_is_promised,
        count_reserved=_count_reserved,
    )
)
