"""What a tier gives, and taking it back: points, and a prize that is not handed over yet."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities.models import Activity
from qunce.activities.points import earning, reversals
from qunce.activities.prizes import awards, claims, sources
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.activities.tiered_tasks.models import Problem, ReachedTier, Tier
from qunce.core import errors

SOURCE = "tiered_task"
OPEN = (AwardState.TO_CLAIM, AwardState.CLAIMED)
RETURNED = AwardState.RETURNED


def give(row: ReachedTier, *, at: datetime) -> None:
    """Give what is not given yet; what the budget or the stock lacks is noted.

    Call it in the transaction in which the tier was reached. A prize that the member has
    kept from another time is not given again.
    """
    tier = row.tier
    try:
        if tier.points and row.points_entry is None:
            _give_points(row, at)
        if tier.stock is not None and row.award is None and not _has_prize(row):
            _give_prize(row, tier.stock, at)
    except budget.BudgetExceeded:
        row.problem = Problem.BUDGET
    row.save(update_fields=["points_entry", "award", "problem"])


def key_of(row: ReachedTier) -> str:
    return f"{row.tier_id}/{row.account_id}/{row.time}"


def _give_points(row: ReachedTier, at: datetime) -> None:
    tier, key = row.tier, f"tier/{key_of(row)}"
    budget.reserve(activity=tier.activity, key=key, points=tier.points, at=at)
    earned = earning.award(
        account_id=row.account_id,
        amount=tier.points,
        key=key,
        by=None,
        at=at,
        reason=tier.activity.name,
    )
    if earned.entry is None:
        budget.release(activity=tier.activity, key=key, at=at)
        return
    budget.book(activity=tier.activity, key=key, at=at)
    row.points_entry = earned.entry.pk


def _has_prize(row: ReachedTier) -> bool:
    rows = ReachedTier.objects.filter(tier=row.tier, account_id=row.account_id)
    return (
        rows.exclude(pk=row.pk)
        .filter(award__isnull=False)
        .exclude(award__state=RETURNED)
        .exists()
    )


def _give_prize(row: ReachedTier, stock: PrizeStock, at: datetime) -> None:
    activity, key = row.tier.activity, f"prize/{key_of(row)}"
    if stock.archived_at is not None or stock.left < 1:
        row.problem = Problem.STOCK
        return
    budget.reserve(activity=activity, key=key, money=stock.cost, at=at)
    row.award = awards.award(
        stock=stock,
        account_id=row.account_id,
        source=SOURCE,
        source_key=key_of(row),
        at=at,
    )
    row.problem = Problem.NONE if row.award else Problem.STOCK
    if row.award is None:
        budget.release(activity=activity, key=key, at=at)


def take_back(row: ReachedTier, *, at: datetime) -> None:
    """Reverse the points, and return a prize that was not sent or handed over."""
    activity = row.tier.activity
    if row.points_entry is not None:
        reversals.reverse_awards(
            community=activity.community, entries=[row.points_entry], by=None, at=at
        )
        budget.undo(activity=activity, key=f"tier/{key_of(row)}", at=at)
    if row.award is not None and row.award.state in OPEN:
        try:
            claims.take_back(
                award=row.award,
                reason=_("The task is not fulfilled any more."),
                by=None,
                at=at,
                is_next=False,
            )
        except errors.Refused:
            # Handed over a moment ago.
            row.award.refresh_from_db()


# Prizes


def _find_activity(award: Award) -> Activity | None:
    rows = ReachedTier.objects.filter(tier_id=award.source_key.partition("/")[0])
    tier = Tier.objects.filter(pk__in=rows.values("tier")).select_related("activity")
    found = tier.first() if award.source == SOURCE else None
    return found.activity if found else None


def _book(award: Award, at: datetime) -> None:
    if (activity := _find_activity(award)) is not None:
        budget.book(activity=activity, key=f"prize/{award.source_key}", at=at)


def _release(award: Award, at: datetime) -> None:
    if (activity := _find_activity(award)) is not None:
        budget.release(activity=activity, key=f"prize/{award.source_key}", at=at)


def _is_promised(stock: PrizeStock) -> bool:
    open_states = ("scheduled", "running", "paused", "closed")
    return Tier.objects.filter(stock=stock, activity__state__in=open_states).exists()


sources.register(
    sources.Source(
        key=SOURCE, delivered=_book, returned=_release, promises=_is_promised
    )
)
