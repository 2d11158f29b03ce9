"""Prizes: what can be won, how many there are, and what becomes of unclaimed ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.prizes import prize_facts, sources, stock
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import PrizeStock, Unclaimed
from qunce.activities.prizes.prize_facts import DELIVER, MANAGE
from qunce.core import errors, names, permissions, text_validation
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_NAME, MAX_INSTRUCTIONS, MAX_TOTAL = 80, 500, 1_000_000
MAX_MONEY = 10**12
MIN_CLAIM_DAYS, MAX_CLAIM_DAYS = 1, 365
FIELDS = (
    *("name", "amount", "instructions", "value", "cost", "claim_days", "unclaimed"),
)
MAX_ID = 2**63 - 1


class PrizeNotFound(errors.NotFound):
    """There is no such prize in this community."""


class InvalidPrize(errors.Invalid):
    """A field of a prize is missing or out of its limits."""


class WorsensPromise(errors.Refused):
    """The change would worsen what members have read of the prize."""


# Checks


def _check(row: PrizeStock) -> None:
    kind = base.get(row.kind)
    if not row.name or len(row.name) > MAX_NAME:
        raise InvalidPrize(_("A name must be 1 to 80 characters long."))
    if not text_validation.is_valid(row.name + row.instructions):
        raise InvalidPrize(_("This contains characters that cannot be stored."))
    if len(row.instructions) > MAX_INSTRUCTIONS:
        raise InvalidPrize(
            _("Write at most %(n)s characters on how to get the prize.")
            % {"n": MAX_INSTRUCTIONS}
        )
    if not 1 <= row.total <= MAX_TOTAL:
        raise InvalidPrize(_("Give a stock from 1 to %(n)s.") % {"n": f"{MAX_TOTAL:,}"})
    if not MIN_CLAIM_DAYS <= row.claim_days <= MAX_CLAIM_DAYS:
        raise InvalidPrize(
            _("A prize can be claimed for 1 to %(n)s days.") % {"n": MAX_CLAIM_DAYS}
        )
    if row.unclaimed not in Unclaimed.values:
        raise InvalidPrize(
            _("An unclaimed prize returns to the stock or goes to the next winner.")
        )
    _check_numbers(row, kind)


def _check_numbers(row: PrizeStock, kind: base.PrizeKind) -> None:
    for money in (row.value, row.cost):
        if not 0 <= money <= MAX_MONEY:
            raise InvalidPrize(_("The value and the cost of a prize are 0 or more."))
    if kind.needs_cost and not row.cost:
        raise InvalidPrize(_("Say how much money is in it, as its cost."))
    if not kind.amount_label:
        if row.amount is not None:
            raise InvalidPrize(_("This kind of prize has no amount. Leave it empty."))
        return
    if row.amount is None or not 1 <= row.amount <= kind.max_amount:
        raise InvalidPrize(
            _("“%(field)s” is from 1 to %(n)s.")
            % {"field": kind.amount_label, "n": f"{kind.max_amount:,}"}
        )


def _check_not_worse(prize: PrizeStock, changes: Mapping[str, Any]) -> None:
    """Raise WorsensPromise for a change of what members have read that is not better."""
    for field, new in changes.items():
        old = getattr(prize, field)
        is_better = field == "cost"
        if field == "instructions":
            is_better = old in new
        elif field in ("amount", "value", "claim_days"):
            is_better = (new or 0) >= (old or 0)
        if not is_better:
            raise WorsensPromise(
                _(
                    "Members have read in a draw that they can win “%(prize)s”. It can only"
                    " become better: more of it, more days, more text. Else add a new prize."
                )
                % {"prize": prize.name}
            )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    kind: str,
    total: int,
    by: Staff,
    at: datetime,
    **fields: Any,
) -> PrizeStock:
    """Add a prize with its stock; `fields` are those of FIELDS."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    row = PrizeStock(
        community=community,
        name=names.clean(name),
        kind=kind,
        total=total,
        left=total,
        created_at=at,
        by=by,
        **{field: value for field, value in fields.items() if field in FIELDS},
    )
    row.instructions = row.instructions.strip()
    _check(row)
    row.save()
    _record(prize_facts.PrizeCreated, row, by, at)
    return row


@transaction.atomic
def update(*, prize: PrizeStock, by: Staff, at: datetime, **changes: Any) -> None:
    """Change fields of FIELDS; what members have read of it only becomes better."""
    permissions.check_may(by, MANAGE)
    check_visible(prize, by)
    # A draw that is published at the same time promises what the prize is then.
    prize.refresh_from_db(from_queryset=PrizeStock.objects.select_for_update())
    if "name" in changes:
        changes["name"] = names.clean(changes["name"])
    changed = [
        field
        for field, value in changes.items()
        if field in FIELDS and getattr(prize, field) != value
    ]
    if sources.is_promised(prize):
        _check_not_worse(prize, {field: changes[field] for field in changed})
    for field in changed:
        setattr(prize, field, changes[field])
    _check(prize)
    # Never the stock, which others change at the same time.
    prize.save(update_fields=changed)
    if changed:
        _record(prize_facts.PrizeChanged, prize, by, at, fields=sorted(changed))


@transaction.atomic
def add_stock(*, prize: PrizeStock, count: int, by: Staff, at: datetime) -> None:
    """Raise the stock by `count`."""
    permissions.check_may(by, MANAGE)
    check_visible(prize, by)
    if not 1 <= count <= MAX_TOTAL or prize.total + count > MAX_TOTAL:
        raise InvalidPrize(_("Give a stock from 1 to %(n)s.") % {"n": f"{MAX_TOTAL:,}"})
    stock.add(stock_id=prize.pk, count=count)
    _record(prize_facts.PrizeStockAdded, prize, by, at, added=count)
    prize.refresh_from_db()


@transaction.atomic
def archive(*, prize: PrizeStock, by: Staff, at: datetime) -> None:
    """Offer the prize in no further activity. What was awarded stays."""
    permissions.check_may(by, MANAGE)
    check_visible(prize, by)
    rows = PrizeStock.objects.filter(pk=prize.pk, archived_at__isnull=True)
    if rows.update(archived_at=at):
        _record(prize_facts.PrizeArchived, prize, by, at)
    prize.refresh_from_db()


def _record(
    kind: type[prize_facts.StockFact],
    prize: PrizeStock,
    by: Staff,
    at: datetime,
    **fields: Any,
) -> None:
    fact = kind(prize=prize.pk, name=prize.name, **fields)
    facts.record(fact, community=prize.community, by=by, at=at)


# Reads


def may_manage(by: Staff) -> bool:
    return permissions.may(by, MANAGE)


def check_visible(prize: PrizeStock, by: Staff) -> None:
    if prize.community_id != by.community_id:
        raise PrizeNotFound(_("There is no such prize."))


def list_visible(
    by: Staff, *, with_archived: bool = False
) -> models.QuerySet[PrizeStock]:
    """The prizes of the community, the newest first."""
    permissions.check_may(by, DELIVER)
    rows = PrizeStock.objects.filter(community=by.community_id)
    if not with_archived:
        rows = rows.filter(archived_at__isnull=True)
    return rows.select_related("community").order_by("-pk")


def get(*, pk: int, by: Staff) -> PrizeStock:
    """The prize with this number. Raises PrizeNotFound."""
    rows = list_visible(by, with_archived=True)
    for row in rows.filter(pk=pk) if 0 < pk <= MAX_ID else []:
        return row
    raise PrizeNotFound(_("There is no such prize."))
