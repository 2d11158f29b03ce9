"""Awards: a prize that a member was awarded, once per source and key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from qunce.activities.prizes import prize_facts, sources
from qunce.activities.prizes import stock as prize_stock
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import Award, PrizeStock, State
from qunce.core import db, errors, permissions
from qunce.core.facts import facts
from qunce.core.prepared_queries import Ids, PreparedQuery
from qunce.core.state_machine import StateMachine
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

STATES = StateMachine(
    {
        "claim": ((State.TO_CLAIM,), State.CLAIMED),
        "send": ((State.CLAIMED,), State.SENT),
        "deliver": ((State.TO_CLAIM, State.CLAIMED, State.SENT), State.DELIVERED),
        "return": ((State.TO_CLAIM, State.CLAIMED, State.SENT), State.RETURNED),
    }
)

# Plain SQL in one round trip, as most requests of a crowd need nothing else.
LOOK = """
SELECT (
    SELECT id FROM prizes_award
    WHERE community_id = %s AND source = %s AND source_key = %s
), EXISTS (SELECT 1 FROM prizes_prizestock WHERE id = %s AND "left" > 0)
"""


class AwardNotFound(errors.NotFound):
    """There is no such award, or its winner is outside the scope."""


# Verbs


def award(
    *,
    stock: PrizeStock,
    account_id: int,
    source: str,
    source_key: str,
    at: datetime,
    by: Staff | None = None,
    is_taken: bool = False,
    is_held: bool = False,
) -> Award | None:
    """Award one prize of a stock to an account; None, without a change, if none is left.

    The same source and key return the first award again and take nothing. `is_taken`
    says that the prize was taken out of the stock before, as a draw does when it is
    published. A prize that `is_held` waits until staff have looked at it. It is called by
    activities, in the transaction of what the prize is awarded for.
    """
    pk, is_left = _look(stock, source, source_key)
    if pk is not None:
        return _load(pk)
    if not is_left and not is_taken:
        # Most requests of a crowd come too late: they write nothing and take no lock.
        return None
    try:
        with transaction.atomic():
            return _create(
                stock=stock,
                account_id=account_id,
                source=source,
                source_key=source_key,
                at=at,
                by=by,
                is_taken=is_taken,
                is_held=is_held,
            )
    except IntegrityError:
        # Somebody else was faster with the same key; what was taken is back.
        pk, _is_left = _look(stock, source, source_key)
        if pk is None:
            raise
        return _load(pk)


def _look(stock: PrizeStock, source: str, source_key: str) -> tuple[int | None, bool]:
    """The award with this key, and whether anything is left, without a lock."""
    key = [stock.community_id, source, source_key]
    ((pk, is_left),) = db.rows(LOOK, [*key, stock.pk])
    return pk, bool(is_left)


def _load(pk: int) -> Award:
    return Award.objects.select_related("stock__community").get(pk=pk)


def _create(
    *,
    stock: PrizeStock,
    account_id: int,
    source: str,
    source_key: str,
    at: datetime,
    by: Staff | None,
    is_taken: bool,
    is_held: bool,
) -> Award | None:
    if not is_taken and not prize_stock.take(stock_id=stock.pk):
        return None
    created = Award.objects.create(
        community_id=stock.community_id,
        stock=stock,
        account_id=account_id,
        person_id=account_queries.person_ids([account_id])[account_id],
        source=source,
        source_key=source_key,
        is_held=is_held,
        awarded_at=at,
        claim_until=at + timedelta(days=stock.claim_days),
    )
    fact = prize_facts.PrizeAwarded(
        account=account_id, award=created.pk, prize=stock.pk, source=source
    )
    facts.record(fact, community=stock.community, by=by, at=at)
    if not is_held:
        deliver_automatic(created, by=by, at=at)
    return created


def deliver_automatic(award: Award, *, by: Staff | None, at: datetime) -> None:
    """Deliver a prize that needs nobody, in the transaction of its award or release."""
    kind = base.get(award.stock.kind)
    if kind.hand_over != base.HandOver.AUTOMATIC or kind.deliver is None:
        return
    deliver(award, by=by, at=at)
    kind.deliver(award, at)


def deliver(award: Award, *, by: Staff | None, at: datetime) -> None:
    """Note that a prize reached its winner, in the caller's transaction."""
    STATES.transition(award, "deliver", delivered_at=at)
    record(prize_facts.PrizeDelivered, award, by=by, at=at)
    if (source := sources.find(award.source)) is not None:
        source.delivered(award, at)


def record(
    kind: type[prize_facts.PrizeFact],
    award: Award,
    *,
    by: Staff | None,
    at: datetime,
    **fields: Any,
) -> None:
    """Record a fact of this kind about an award."""
    fact = kind(
        account=award.account_id, award=award.pk, prize=award.stock_id, **fields
    )
    facts.record(fact, community=award.community, by=by, at=at)


# Reads


def get(*, pk: int, by: Staff, at: datetime) -> Award:
    """The award with this number whose winner `by` may see. Raises AwardNotFound."""
    permissions.check_may(by, prize_facts.DELIVER)
    rows = list_visible(by=by, at=at).filter(pk=pk)
    for row in rows:
        return row
    raise AwardNotFound(_("There is no such award."))


def list_visible(*, by: Staff, at: datetime) -> models.QuerySet[Award]:
    """The awards of the community whose winners `by` may see, without an order."""
    permissions.check_may(by, prize_facts.DELIVER)
    rows = Award.objects.filter(community=by.community_id)
    if by.is_scoped:
        winners = rows.values_list("account_id", flat=True).distinct()
        rows = rows.filter(account_id__in=_visible(list(winners), by, at))
    return rows.select_related("stock__community", "community")


def _visible(accounts: Sequence[int], by: Staff, at: datetime) -> list[int]:
    people = visibility.filter_visible(by=by, accounts=accounts, at=at)
    persons = account_queries.person_ids(accounts)
    return [account for account in accounts if persons[account] in people]


def list_of_person(accounts: Sequence[int]) -> list[Award]:
    """The awards of these accounts, the newest first, for the member who won them."""
    return _OF_PERSON.all(accounts=list(accounts))


_OF_PERSON = PreparedQuery(
    lambda: (
        Award.objects.filter(account_id__in=Ids("accounts"))
        .select_related("stock__community", "community", "prize_code", "address")
        .order_by("-pk")
    )
)
