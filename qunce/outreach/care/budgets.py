"""The money that a community may spend on care per month, and what is reserved of it.

What members get is reserved in the transaction that decides it, under a lock of the budget,
so that two workers at the same time cannot spend the same money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, money, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach.care.models import CareBudget, CareOccasion, OccasionState
from qunce.outreach.sending import send_facts
from qunce.outreach.sending.ledger import COUNTED, Message, Origin
from qunce.outreach.tasks import staff_tasks
from qunce.outreach.tasks.kinds.base import CANNOT
from qunce.outreach.tasks.kinds.gift import GIFT, GIVEN
from qunce.outreach.tasks.staff_tasks import TaskTarget

MANAGE = permissions.declare(
    "care.manage_budget",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set what care may cost per month"),
)
VIEW = permissions.declare(
    "care.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    community_wide=True,
    label=gettext_lazy("see care rules, the coming occasions and the budget"),
)
MAX_AMOUNT = 10**12


class InvalidCareBudget(errors.Invalid):
    """The budget is not an amount."""


class OccasionNotFound(errors.NotFound):
    """There is no such occasion in this community."""


class OccasionNotOpen(errors.Refused):
    """Nothing is reserved for this occasion."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CareBudgetChanged(facts.FactKind):
    """`amount` is per month."""

    kind = "care.budget_changed"
    label = gettext_lazy("care budget changed")
    amount: int
    currency: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CareReleased(facts.FactKind):
    """What was reserved for a member was not given; the money can be spent again."""

    kind = "care.released"
    label = gettext_lazy("gift was not given")
    care_rule: str
    amount: int


@dataclass(frozen=True)
class BudgetState:
    """`amount` is None if no budget is set, which allows no spending."""

    month: str
    amount: int | None
    spent: int

    @property
    def left(self) -> int:
        return max(0, (self.amount or 0) - self.spent)


# Verbs


@transaction.atomic
def set_amount(*, community: Community, amount: int, by: Staff, at: datetime) -> None:
    """Set what care may cost per month from now on; 0 allows nothing."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    if not 0 <= amount <= MAX_AMOUNT:
        most = money.format_with_currency(MAX_AMOUNT, community.currency)
        raise InvalidCareBudget(
            _("Give an amount per month from 0 to %(most)s.") % {"most": most}
        )
    CareBudget.objects.update_or_create(
        community=community,
        defaults={"amount": amount, "by": by, "changed_at": at},
    )
    fact = CareBudgetChanged(amount=amount, currency=community.currency)
    facts.record(fact, community=community, by=by, at=at)


@transaction.atomic
def release(*, occasion: CareOccasion, by: Staff, at: datetime) -> None:
    """Record that a gift was not given; its amount can be spent again this month."""
    permissions.check_may(by, MANAGE)
    community = occasion.rule.community
    if community.pk != by.community_id:
        raise OccasionNotFound(_("There is no such occasion."))
    if not _release(CareOccasion.objects.filter(pk=occasion.pk), community, by, at):
        raise OccasionNotOpen(_("Nothing is reserved for this occasion any more."))


def _release(
    occasions: models.QuerySet[CareOccasion],
    community: Community,
    by: Staff | None,
    at: datetime,
) -> int:
    """Release what is reserved for these occasions, and record it; returns for how many."""
    reserved = occasions.filter(state=OccasionState.PLANNED, amount__gt=0)
    locked = reserved.select_related("rule").select_for_update(of=("self",))
    rows = list(locked.order_by("pk"))
    if not rows:
        return 0
    for ids in account_queries.chunks([row.pk for row in rows]):
        CareOccasion.objects.filter(pk__in=ids).update(
            state=OccasionState.RELEASED, amount=0
        )
    new = [
        CareReleased(account=row.account_id, care_rule=row.rule.name, amount=row.amount)
        for row in rows
    ]
    facts.record_many(new, community=community, by=by, at=at)
    return len(rows)


# Reactions


def release_not_sent(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to messages that were not sent: what was reserved can be spent again."""
    numbers = [
        fact.payload["message"]
        for fact in facts
        if fact.payload.get("origin") == Origin.CARE
    ]
    # Nearly always, so that a campaign to a million members costs nothing here.
    if not numbers:
        return
    messages = Message.objects.filter(
        community=community, pk__in=numbers, origin=Origin.CARE
    )
    not_sent = messages.exclude(state__in=COUNTED).values("origin_id")
    _release_all(CareOccasion.objects.filter(pk__in=not_sent), community, at)


def release_not_given(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to results of tasks: a member could not be reached with a gift."""
    by_request: dict[int, list[int]] = {}
    for fact in facts:
        is_gift = fact.payload.get("task_kind") == GIFT.key
        if is_gift and fact.payload.get("outcome") == CANNOT.key and fact.account:
            by_request.setdefault(fact.payload["request"], []).append(fact.account)
    for request, people in by_request.items():
        accounts = account_queries.invert(account_queries.accounts_by_person(people))
        not_given = CareOccasion.objects.filter(
            day__request=request, account_id__in=list(accounts)
        )
        _release_all(not_given, community, at)


def release_cancelled(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to tasks that were cancelled: whoever has no gift yet gets none."""
    requests = [fact.payload["request"] for fact in facts]
    given = TaskTarget.objects.filter(task__request__in=requests, outcome=GIVEN.key)
    targets = given.values_list("target_id", flat=True)
    accounts = account_queries.invert(account_queries.accounts_by_person(targets))
    # Nobody knows any more whether an erased member was given the gift.
    left = CareOccasion.objects.filter(
        day__request__in=requests, account_id__isnull=False
    )
    _release_all(left.exclude(account_id__in=list(accounts)), community, at)


@transaction.atomic
def _release_all(
    occasions: models.QuerySet[CareOccasion], community: Community, at: datetime
) -> None:
    own = occasions.filter(rule__community=community)
    _release(own, community, None, at)


# Reads


def month_of(community: Community, at: datetime) -> str:
    """The month of a time in the community, such as 2026-11."""
    return f"{community_days.to_date(community.day(at)):%Y-%m}"


def find(*, by: Staff, at: datetime) -> BudgetState:
    """The budget of this month in the community of `by`."""
    permissions.check_may(by, VIEW)
    return get(by.community, at)


def get(community: Community, at: datetime) -> BudgetState:
    row = CareBudget.objects.filter(community=community).first()
    month = month_of(community, at)
    return BudgetState(
        month, None if row is None else row.amount, _spent(community, month)
    )


def lock(community: Community, at: datetime) -> BudgetState:
    """Like `get`, with a lock until the end of the transaction."""
    rows = CareBudget.objects.select_for_update().filter(community=community)
    row = rows.first()
    month = month_of(community, at)
    if row is None:
        return BudgetState(month, None, 0)
    return BudgetState(month, row.amount, _spent(community, month))


def _spent(community: Community, month: str) -> int:
    rows = CareOccasion.objects.filter(rule__community=community, month=month)
    return rows.aggregate(total=models.Sum("amount"))["total"] or 0


def get_occasion(*, by: Staff, pk: int) -> CareOccasion:
    permissions.check_may(by, MANAGE)
    rows = CareOccasion.objects.select_related("rule__community")
    found = rows.filter(pk=pk, rule__community=by.community_id).first()
    if found is None:
        raise OccasionNotFound(_("There is no such occasion."))
    return found


REACTIONS = {
    **dict.fromkeys(send_facts.NOT_SENT_KINDS, (release_not_sent,)),
    staff_tasks.StaffTaskOutcome.kind: (release_not_given,),
    staff_tasks.StaffTaskCancelled.kind: (release_cancelled,),
}
"""What frees money that care has reserved."""
