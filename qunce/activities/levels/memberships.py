"""Paid memberships: plans, and the terms that orders or staff enter.

A term begins when the terms before it end, or on the day when it is bought. Terms that
follow each other end on the same day of the month, or on the last one of a shorter month.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities.levels import level_facts
from qunce.activities.levels.badges import clean_reason
from qunce.activities.levels.models import (
    MAX_NAME,
    MAX_SOURCE_KEY,
    MembershipPlan,
    MembershipTerm,
    Source,
)
from qunce.core import community_days, errors, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.core.unique_keys import unused_key
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_PLANS, MAX_MONTHS, MAX_REMIND_DAYS = 20, 60, 90
MAX_LAST_DAY = community_days.from_date(date(2100, 1, 1))
FIELDS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "months": pgettext_lazy("membership", "Term in months"),
    "category": gettext_lazy("Bought by an order with the category"),
    "level": gettext_lazy("Gives at least the level"),
    "remind_days": gettext_lazy("Reminder, days before the end"),
}


class InvalidMembership(errors.Invalid):
    """A field cannot be stored; `field` is its name."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class MembershipNotFound(errors.NotFound):
    """There is no such membership or term, or it is of a member who is not seen."""


@dataclass(frozen=True)
class Held:
    """A membership that a person has; days are community days, both included."""

    plan: MembershipPlan
    first_day: int
    last_day: int


# Decisions


def add_months(day: int, months: int) -> int:
    """The same day of the month, or the last one where the month is shorter."""
    found = community_days.to_date(day)
    number = found.year * 12 + found.month - 1 + months
    year, month = divmod(number, 12)
    most = calendar.monthrange(year, month + 1)[1]
    return community_days.from_date(date(year, month + 1, min(found.day, most)))


def spans(bought: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first and last days of terms, from the days and months they were bought for.

    In the order in which they were bought.
    """
    found: list[tuple[int, int]] = []
    anchor, total = 0, 0
    for day, months in bought:
        if not found or day > found[-1][1]:
            anchor, total, first = day, 0, day
        else:
            first = found[-1][1] + 1
        total += months
        found.append((first, add_months(anchor, total) - 1))
    return found


# Plans


def check_may_manage(by: Staff, plan: MembershipPlan | None = None) -> None:
    permissions.check_may(by, level_facts.MANAGE)
    if plan is not None and plan.community_id != by.community_id:
        raise MembershipNotFound(_("There is no such membership."))


@transaction.atomic
def create_plan(
    *,
    community: Community,
    name: str,
    by: Staff,
    at: datetime,
    key: str = "",
    **fields: Any,
) -> MembershipPlan:
    """Create a membership that members can buy from now on."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    rows = MembershipPlan.objects.filter(community=community)
    used = set(rows.values_list("key", flat=True))
    if len(used) >= MAX_PLANS:
        raise InvalidMembership(
            "name", _("There can be at most %(n)s memberships.") % {"n": MAX_PLANS}
        )
    plan = MembershipPlan(community=community, created_at=at)
    _set(plan, {"name": name, **fields})
    plan.key = unused_key((key or "membership")[:50], used)
    plan.save()
    _record(level_facts.MembershipPlanDefined(plan=plan.key), community, by, at)
    return plan


@transaction.atomic
def update_plan(
    *, plan: MembershipPlan, by: Staff, at: datetime, **fields: Any
) -> None:
    """Change a membership. Terms that were bought before keep their months."""
    check_may_manage(by, plan)
    _set(plan, fields)
    plan.save()
    _record(level_facts.MembershipPlanDefined(plan=plan.key), plan.community, by, at)


@transaction.atomic
def archive_plan(*, plan: MembershipPlan, by: Staff, at: datetime) -> None:
    """Nobody can buy it any more. Members keep their terms."""
    check_may_manage(by, plan)
    rows = MembershipPlan.objects.filter(pk=plan.pk, archived_at__isnull=True)
    if rows.update(archived_at=at):
        plan.refresh_from_db()
        fact = level_facts.MembershipPlanDefined(plan=plan.key)
        _record(fact, plan.community, by, at)


def _set(plan: MembershipPlan, fields: dict[str, Any]) -> None:
    for field, value in fields.items():
        if field not in FIELDS:
            raise InvalidMembership(
                field,
                _("A membership has no field “%(field)s”.") % {"field": field},
            )
        setattr(plan, field, value)
    plan.name, plan.category = names.clean(plan.name), names.clean(plan.category)
    if not 1 <= len(plan.name) <= MAX_NAME or not text_validation.is_valid(plan.name):
        raise InvalidMembership(
            "name", _("A name has 1 to %(most)s characters.") % {"most": MAX_NAME}
        )
    if len(plan.category) > 80 or not text_validation.is_valid(plan.category):
        raise InvalidMembership(
            "category", _("A category has at most %(most)s characters.") % {"most": 80}
        )
    for field, least, most in (
        ("months", 1, MAX_MONTHS),
        ("remind_days", 0, MAX_REMIND_DAYS),
    ):
        value = getattr(plan, field)
        if not isinstance(value, int) or not least <= value <= most:
            raise InvalidMembership(
                field,
                _("“%(field)s” must be a whole number from %(least)s to %(most)s.")
                % {"field": FIELDS[field], "least": least, "most": f"{most:,}"},
            )
    if plan.level is not None and plan.level.community_id != plan.community_id:
        raise InvalidMembership("level", _("There is no such level."))


# Terms


@transaction.atomic
def enter(
    *,
    plan: MembershipPlan,
    account_id: int,
    key: str,
    by: Staff,
    at: datetime,
    reason: str = "",
    months: int | None = None,
) -> MembershipTerm:
    """Enter a term by hand, once per key; it extends what the member has."""
    check_may_enter(by, plan.community_id, account_id, at)
    key = names.clean(key)
    if not key or len(key) > MAX_SOURCE_KEY - 20 or not text_validation.is_valid(key):
        raise InvalidMembership(
            "key",
            _("“Key” must have 1 to %(most)s characters.")
            % {"most": MAX_SOURCE_KEY - 20},
        )
    chosen = plan.months if months is None else months
    if not 1 <= chosen <= MAX_MONTHS:
        raise InvalidMembership(
            "months",
            _("“%(field)s” must be a whole number from %(least)s to %(most)s.")
            % {"field": FIELDS["months"], "least": 1, "most": MAX_MONTHS},
        )
    return _buy(
        plan,
        account_id,
        source=Source.STAFF,
        key=f"staff/{key}",
        months=chosen,
        day=plan.community.day(at),
        by=by,
        at=at,
        reason=clean_reason(reason, is_required=False),
    )


def check_may_enter(
    by: Staff, community_id: int, account_id: int, at: datetime
) -> None:
    permissions.check_may(by, level_facts.AWARD)
    if community_id != by.community_id:
        raise MembershipNotFound(_("There is no such membership."))
    visibility.check_visible(by=by, accounts=[account_id], at=at)


def buy(
    *,
    plan: MembershipPlan,
    account_id: int,
    key: str,
    day: int,
    paid: int,
    at: datetime,
) -> MembershipTerm:
    """Enter the term that an order bought, once per order."""
    with transaction.atomic():
        return _buy(
            plan,
            account_id,
            source=Source.ORDER,
            key=key,
            months=plan.months,
            day=day,
            by=None,
            at=at,
            paid=paid,
        )


def _buy(
    plan: MembershipPlan,
    account_id: int,
    *,
    source: Source,
    key: str,
    months: int,
    day: int,
    by: Staff | None,
    at: datetime,
    reason: str = "",
    paid: int = 0,
) -> MembershipTerm:
    if (
        known := MembershipTerm.objects.filter(plan=plan, source_key=key).first()
    ) is not None:
        return _same(known, account_id)
    if plan.archived_at is not None:
        raise InvalidMembership(
            "plan", _("This membership is archived. Choose another one.")
        )
    _lock(plan)
    own = account_queries.account_ids_of_person(account_id)
    try:
        with transaction.atomic():
            term = MembershipTerm.objects.create(
                community_id=plan.community_id,
                plan=plan,
                account_id=account_id,
                person_id=own[0],
                source=source,
                source_key=key,
                months=months,
                bought_day=day,
                first_day=day,
                last_day=day,
                paid=paid,
                reason=reason,
                at=at,
                by=by,
            )
    except IntegrityError:
        known = MembershipTerm.objects.get(plan=plan, source_key=key)
        return _same(known, account_id)
    last = _recompute(plan, own)
    term.refresh_from_db()
    if last is not None and last > MAX_LAST_DAY:
        raise InvalidMembership("months", _("The membership would end after 2100."))
    fact = level_facts.MembershipBought(
        account=account_id, plan=plan.key, last_day=_written(last)
    )
    _record(fact, plan.community, by, at)
    return term


def _same(known: MembershipTerm, account_id: int) -> MembershipTerm:
    people = account_queries.person_ids([known.account_id, account_id])
    if people[known.account_id] != people[account_id]:
        raise InvalidMembership(
            "key", _("This key was used for another member. Use a new one.")
        )
    return known


@transaction.atomic
def cancel(*, term: MembershipTerm, by: Staff, at: datetime, reason: str) -> None:
    """Cancel a term by hand, with a reason; terms after it move forward."""
    check_may_enter(by, term.community_id, term.account_id, at)
    reason = clean_reason(reason, is_required=True)
    _cancel(term, by=by, at=at, reason=reason)


def _cancel(
    term: MembershipTerm, *, by: Staff | None, at: datetime, reason: str
) -> None:
    _lock(term.plan)
    rows = MembershipTerm.objects.filter(pk=term.pk, cancelled_at__isnull=True)
    if not rows.update(cancelled_at=at, cancelled_by=by, cancel_reason=reason):
        return
    own = account_queries.account_ids_of_person(term.account_id)
    last = _recompute(term.plan, own)
    fact = level_facts.MembershipCancelled(
        account=term.account_id, plan=term.plan.key, last_day=_written(last)
    )
    _record(fact, term.plan.community, by, at)


def refund(term: MembershipTerm, *, amount: int, at: datetime) -> None:
    """Count a refund of the order of a term; a full one cancels it."""
    rows = MembershipTerm.objects.filter(pk=term.pk)
    rows.update(refunded=F("refunded") + amount)
    term.refresh_from_db()
    if term.refunded >= term.paid:
        _cancel(term, by=None, at=at, reason="")


def recompute_person(community: Community, account_id: int) -> None:
    """Compute the days of all terms of a person again, as accounts were joined."""
    own = account_queries.account_ids_of_person(account_id)
    plans = MembershipPlan.objects.filter(
        pk__in=MembershipTerm.objects.filter(
            community=community, account_id__in=own
        ).values("plan")
    )
    for plan in plans.order_by("pk"):
        _lock(plan)
        _recompute(plan, own)


def _lock(plan: MembershipPlan) -> None:
    """Let one at a time change terms of a plan, as they follow each other."""
    list(MembershipPlan.objects.select_for_update().filter(pk=plan.pk))


def _recompute(plan: MembershipPlan, own: Sequence[int]) -> int | None:
    """Write the days of a person's terms; returns their last day, None without any."""
    rows = list(
        MembershipTerm.objects.filter(
            plan=plan, account_id__in=own, cancelled_at__isnull=True
        ).order_by("bought_day", "pk")
    )
    found = spans((row.bought_day, row.months) for row in rows)
    for row, (first, last) in zip(rows, found, strict=True):
        if (row.first_day, row.last_day) != (first, last):
            MembershipTerm.objects.filter(pk=row.pk).update(
                first_day=first, last_day=last
            )
    return found[-1][1] if found else None


def _written(day: int | None) -> str:
    return "" if day is None else community_days.to_date(day).isoformat()


def _record(
    fact: facts.FactKind, community: Community, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=community, by=by, at=at)


# Reads


def list_plans(by: Staff) -> list[MembershipPlan]:
    """The memberships that can be bought, for staff who may enter them."""
    if not permissions.may(by, level_facts.MANAGE):
        permissions.check_may(by, level_facts.AWARD)
    rows = MembershipPlan.objects.filter(
        community=by.community_id, archived_at__isnull=True
    )
    return list(rows.select_related("community", "level").order_by("pk"))


def count_members(by: Staff, *, at: datetime) -> dict[int, int]:
    """How many members have each membership today, by the plan's id."""
    check_may_manage(by)
    today = by.community.day(at)
    rows = MembershipTerm.objects.filter(
        community=by.community_id,
        cancelled_at__isnull=True,
        first_day__lte=today,
        last_day__gte=today,
    )
    return dict(rows.values_list("plan").annotate(Count("person_id", distinct=True)))


def get_plan(*, by: Staff, pk: int) -> MembershipPlan:
    if not permissions.may(by, level_facts.MANAGE):
        permissions.check_may(by, level_facts.AWARD)
    rows = MembershipPlan.objects.filter(community=by.community_id, pk=pk)
    plan = rows.select_related("community", "level").first()
    if plan is None:
        raise MembershipNotFound(_("There is no such membership."))
    return plan


def get_term(*, by: Staff, pk: int, at: datetime) -> MembershipTerm:
    permissions.check_may(by, level_facts.AWARD)
    rows = MembershipTerm.objects.filter(community=by.community_id, pk=pk)
    term = rows.select_related("plan__community").first()
    if term is None or not visibility.filter_visible(
        by=by, accounts=[term.account_id], at=at
    ):
        raise MembershipNotFound(_("There is no such term of a membership."))
    return term


def list_terms(accounts: Sequence[int]) -> list[MembershipTerm]:
    """All terms of these accounts, cancelled ones too, the newest first."""
    rows = MembershipTerm.objects.filter(account_id__in=accounts)
    return list(rows.select_related("plan", "by", "cancelled_by").order_by("-pk"))


_HELD = PreparedQuery(
    lambda: (
        MembershipTerm.objects.filter(
            account_id__in=Ids("accounts"),
            cancelled_at__isnull=True,
            last_day__gte=Param("today"),
        )
        .select_related("plan")
        .order_by("first_day", "pk")
    )
)


def list_held(accounts: Sequence[int], today: int) -> list[Held]:
    """The memberships that a person has today, with their last day of all terms."""
    found: dict[int, Held] = {}
    for row in _HELD.all(accounts=list(accounts), today=today):
        if row.first_day > today and row.plan_id not in found:
            continue
        first = found[row.plan_id].first_day if row.plan_id in found else row.first_day
        found[row.plan_id] = Held(row.plan, first, row.last_day)
    return list(found.values())
