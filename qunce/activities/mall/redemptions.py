"""Redemptions: points for an item of a mall, and undoing that while it is not delivered.

Stock, lots and award change in one transaction, in the order activity, person, stock; so
do they when it is undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.activities.models import OPEN, Activity, Way
from qunce.activities.mall import items, mall_facts
from qunce.activities.mall.items import Item
from qunce.activities.mall.models import Redemption
from qunce.activities.points import holders, spending
from qunce.activities.prizes import awards, claims, sources
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors, names, text_validation
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

KIND = SOURCE = "mall"
MAX_REASON = 200
UNDONE_BY_MEMBER = (AwardState.TO_CLAIM, AwardState.CLAIMED)


class RedemptionNotFound(errors.NotFound):
    """There is no such redemption, or it is of a member whom the staff do not see."""


class NotOffered(errors.Refused):
    """The item is sold out, held, or the person has as many as one can have."""


class CannotUndo(errors.Refused):
    """It is delivered, undone before, or the time of the member is over."""


# Checks


def check_offered(item: Item) -> None:
    """Raise NotOffered for an item that nobody gets, judged by what was read."""
    if item.held_reason:
        raise NotOffered(item.held_reason)
    if item.stock.left < 1:
        raise NotOffered(_sold_out(item))


def _sold_out(item: Item) -> str:
    return _("“%(prize)s” is sold out.") % {"prize": item.stock.name}


def check_may_undo(redemption: Redemption, at: datetime) -> None:
    """Raise CannotUndo for a member whose time is over, or who has it already."""
    minutes = redemption.activity.settings.get("undo_minutes")
    if minutes is None:
        raise CannotUndo(_("Only our staff can undo this. Please ask them."))
    _check_undelivered(redemption, UNDONE_BY_MEMBER)
    if at > redemption.at + timedelta(minutes=minutes):
        raise CannotUndo(
            _("The %(n)s minutes for undoing are over. Please ask our staff.")
            % {"n": f"{minutes:,}"}
        )


def may_undo(redemption: Redemption, at: datetime) -> bool:
    try:
        check_may_undo(redemption, at)
    except CannotUndo:
        return False
    return True


def _check_undelivered(redemption: Redemption, states: Sequence[AwardState]) -> None:
    award = redemption.award
    if redemption.undone_at is not None or award is None:
        raise CannotUndo(_("This is undone already."))
    if award.state == AwardState.RETURNED:
        raise CannotUndo(_("This is undone already."))
    if award.state not in states:
        raise CannotUndo(_("It is on its way or handed over, so it stays redeemed."))


# Verbs


@transaction.atomic
def redeem(
    *,
    activity: Activity,
    item: Item,
    account_id: int,
    way: Way,
    by: Staff | None,
    at: datetime,
) -> Redemption:
    """Give the item to the account for its points; raises NotOffered or NotEnoughPoints.

    The kind calls it in the transaction in which eligibility was judged.
    """
    check_offered(item)
    row = Redemption.objects.create(
        activity=activity,
        stock=item.stock,
        item=item.number,
        points=item.price,
        account_id=account_id,
        person_id=account_queries.person_ids([account_id])[account_id],
        source=way,
        at=at,
        by=by,
    )
    if item.stock.cost:
        # Before the person, as every promise locks the activity first.
        budget.reserve(
            activity=activity, key=_budget_key(row), at=at, money=item.stock.cost
        )
    accounts, _owed = holders.lock_person(activity.community, account_id)
    if item.most is not None and _count(activity, item, accounts) > item.most:
        raise NotOffered(
            _("You have reached the limit per person for “%(prize)s”: %(n)s.")
            % {"prize": item.stock.name, "n": item.most}
        )
    spending.spend(
        account_id=account_id,
        amount=item.price,
        key=_key_of_spend(row),
        by=None,
        at=at,
        reason=item.stock.name,
    )
    award = awards.award(
        stock=item.stock,
        account_id=account_id,
        source=SOURCE,
        source_key=str(row.pk),
        at=at,
        by=by,
    )
    if award is None:
        raise NotOffered(_sold_out(item))
    _check_still_offered(item, at)
    row.award = award
    row.save(update_fields=["award"])
    _record(mall_facts.ItemRedeemed, row, by, at)
    return row


def _check_still_offered(item: Item, at: datetime) -> None:
    """Taking has locked the prize: what archives it now does that after the commit."""
    if PrizeStock.objects.filter(pk=item.stock.pk, archived_at__isnull=False).exists():
        item.stock.archived_at = at
        raise NotOffered(item.held_reason)


def _count(activity: Activity, item: Item, accounts: Sequence[int]) -> int:
    rows = Redemption.objects.filter(
        activity=activity,
        stock=item.stock,
        account_id__in=accounts,
        undone_at__isnull=True,
    )
    return rows.count()


@transaction.atomic
def undo(
    *, redemption: Redemption, by: Staff | None, at: datetime, reason: str = ""
) -> None:
    """Give the points and the stock back; without `by` the member does it, within the time.

    Raises CannotUndo. The same lots have the points again, with their old last day, or one
    in 7 days if that is later.
    """
    if by is not None:
        activities.check_may_run(by, redemption.activity)
        visibility.check_visible(by=by, accounts=[redemption.account_id], at=at)
        reason = _clean_reason(reason)
    # Nobody sends or claims it between what is judged here and the end.
    rows = Award.objects.select_for_update(of=("self",)).select_related(
        "stock__community", "community"
    )
    redemption.refresh_from_db()
    redemption.award = rows.filter(redemption=redemption).first()  # unique
    if by is None:
        check_may_undo(redemption, at)
    else:
        _check_undelivered(redemption, (*UNDONE_BY_MEMBER, AwardState.SENT))
    if redemption.award is None:
        raise CannotUndo(_("This is undone already."))
    claims.take_back(award=redemption.award, reason=reason, by=by, at=at, is_next=False)
    Redemption.objects.filter(pk=redemption.pk).update(undone_by=by)
    redemption.refresh_from_db()


def _clean_reason(text: str) -> str:
    reason = names.clean(text)
    if not reason or len(reason) > MAX_REASON or not text_validation.is_valid(reason):
        raise errors.Invalid(
            _("Give a reason with at most %(n)s characters.") % {"n": MAX_REASON}
        )
    return reason


def _give_points_back(award: Award, at: datetime) -> None:
    """Undo the spend of an award that returned to the stock, for whatever reason."""
    rows = Redemption.objects.filter(award=award, undone_at__isnull=True)
    for row in rows.select_related("activity__community", "award"):
        if not rows.filter(pk=row.pk).update(undone_at=at):
            continue
        budget.release(activity=row.activity, key=_budget_key(row), at=at)
        # Erased members have no points any more, and their spends have no key.
        if not account_queries.find_erased([row.account_id]):
            spending.restore(
                community=row.activity.community, key=_key_of_spend(row), by=None, at=at
            )
            _record(mall_facts.ItemReturned, row, None, at)


def _book(award: Award, at: datetime) -> None:
    for row in Redemption.objects.filter(pk=int(award.source_key)):
        budget.book(activity=row.activity, key=_budget_key(row), at=at)


def _key_of_spend(row: Redemption) -> str:
    return f"mall/{row.pk}"


def _budget_key(row: Redemption) -> str:
    return f"mall/{row.pk}"


def _record(
    kind: type[mall_facts.MallFact], row: Redemption, by: Staff | None, at: datetime
) -> None:
    fact = kind(
        account=row.account_id,
        activity=row.activity_id,
        redemption=row.pk,
        prize=row.stock_id,
        points=row.points,
    )
    facts.record(fact, community=row.activity.community, by=by, at=at)


# What members have read


def _is_promised(prize: PrizeStock) -> bool:
    """Whether an open mall offers this prize."""
    rows = Activity.objects.filter(
        community=prize.community_id, kind=KIND, state__in=OPEN
    )
    return any(
        item.stock.pk == prize.pk
        for activity in rows.select_related("community")
        for item in items.list_items(activity)
    )


sources.register(
    sources.Source(
        key=SOURCE,
        delivered=_book,
        returned=_give_points_back,
        promises=_is_promised,
        awarded_text=gettext_lazy("You have redeemed: %(prize)s."),
    )
)


# Reads


_SELECTED = Redemption.objects.select_related(
    "activity__community", "stock", "award", "by"
)


def _rows(activity: Activity) -> models.QuerySet[Redemption]:
    return _SELECTED.filter(activity=activity).order_by("-pk")


def list_own(activity: Activity, accounts: Sequence[int]) -> list[Redemption]:
    """What a person redeemed in a mall, the newest first."""
    return list(_rows(activity).filter(account_id__in=accounts))


def list_visible(
    *, activity: Activity, by: Staff, at: datetime, limit: int = 500
) -> list[Redemption]:
    """The newest redemptions of members whom `by` sees."""
    activities.check_may_run(by, activity)
    return list(visibility.filter_rows(_rows(activity), by=by, at=at)[:limit])


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> Redemption:
    """The redemption with this number, of a member whom `by` sees."""
    activities.check_may_run(by, activity)
    row = _rows(activity).filter(pk=pk).first()  # unique
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise RedemptionNotFound(_("There is no such redemption."))
    return row


def find_own(
    community: Community, public_id: str, accounts: Sequence[int]
) -> Redemption:
    """The person's own redemption, by the public id of its award."""
    rows = _SELECTED.filter(
        activity__community=community,
        account_id__in=accounts,
        award__public_id=public_id,
    )
    row = rows.first()  # unique
    if row is None:
        raise RedemptionNotFound(_("There is no such redemption."))
    return row
