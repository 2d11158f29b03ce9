"""Rules of points: for what members earn how many, from when, and up to which caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities.points import point_facts
from qunce.activities.points.models import (
    MAX_NAME,
    MAX_POINTS,
    EntryKind,
    Event,
    PointEntry,
    PointRule,
)
from qunce.core import errors, lots, money, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.unique_keys import unused_key

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_RULES, MAX_DAYS = 100, 3_650
FIELDS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "event": pgettext_lazy("points", "For"),
    "points": pgettext_lazy("field", "Points"),
    "per_amount": gettext_lazy("Per amount"),
    "currency": gettext_lazy("Currency"),
    "wait_days": gettext_lazy("Usable after days"),
    "valid_days": gettext_lazy("Valid for days"),
    "day_cap": gettext_lazy("Most per day"),
    "week_cap": gettext_lazy("Most per week"),
    "month_cap": gettext_lazy("Most per month"),
    "is_multiplied": gettext_lazy("Levels multiply the points"),
    "starts_at": gettext_lazy("From"),
}
RANGES = {
    "points": (1, MAX_POINTS),
    "per_amount": (1, 10**12),
    "wait_days": (0, MAX_DAYS),
    "valid_days": (1, MAX_DAYS),
    **dict.fromkeys(("day_cap", "week_cap", "month_cap"), (0, MAX_POINTS)),
}
OPTIONAL = ("per_amount", "valid_days", "day_cap", "week_cap", "month_cap")


@dataclass(frozen=True, kw_only=True)
class RuleFact(facts.FactKind):
    """`rule` is the key of the rule."""

    labels = {"rule": gettext_lazy("key of the rule")}
    instead = gettext_lazy("Change rules of points in the console or through the API.")
    rule: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointRuleCreated(RuleFact):
    kind = "point_rule.created"
    label = gettext_lazy("rule of points created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointRuleChanged(RuleFact):
    kind = "point_rule.changed"
    label = gettext_lazy("rule of points changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointRuleSwitchedOn(RuleFact):
    kind = "point_rule.switched_on"
    label = gettext_lazy("rule of points switched on")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointRuleSwitchedOff(RuleFact):
    kind = "point_rule.switched_off"
    label = gettext_lazy("rule of points switched off")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointRuleArchived(RuleFact):
    kind = "point_rule.archived"
    label = gettext_lazy("rule of points archived")


class RuleNotFound(errors.NotFound):
    """There is no such rule of points in this community."""


class InvalidRule(errors.Invalid):
    """A field of a rule cannot be stored; `field` is its name."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class RuleIsArchived(errors.Refused):
    """The rule is archived and cannot be changed."""


# Checks


def check_may_manage(by: Staff, rule: PointRule | None = None) -> None:
    permissions.check_may(by, point_facts.MANAGE)
    if rule is not None and rule.community_id != by.community_id:
        raise RuleNotFound(_("There is no such rule of points."))


def may_manage(by: Staff) -> bool:
    return permissions.may(by, point_facts.MANAGE)


def check_fields(rule: PointRule) -> None:
    """Raise InvalidRule for the first field that is missing or out of range."""
    rule.name = names.clean(rule.name)
    if not 1 <= len(rule.name) <= MAX_NAME or not text_validation.is_valid(rule.name):
        raise InvalidRule(
            "name", _("A name has 1 to %(most)s characters.") % {"most": MAX_NAME}
        )
    if rule.event not in Event.values:
        raise InvalidRule(
            "event",
            _("Choose what it is for: %(events)s.")
            % {"events": ", ".join(Event.values)},
        )
    for field, (least, most) in RANGES.items():
        value = getattr(rule, field)
        if value is None and field in OPTIONAL:
            continue
        if not isinstance(value, int) or not least <= value <= most:
            raise InvalidRule(
                field,
                _("“%(field)s” must be a whole number from %(least)s to %(most)s.")
                % {"field": FIELDS[field], "least": least, "most": f"{most:,}"},
            )
    _check_order_fields(rule)


def _check_order_fields(rule: PointRule) -> None:
    if rule.event != Event.ORDER:
        rule.per_amount, rule.currency = None, ""
        return
    if rule.per_amount is None:
        raise InvalidRule(
            "per_amount", _("Enter the amount for which the points are earned.")
        )
    rule.currency = rule.currency or rule.community.currency
    if rule.currency not in money.CURRENCIES:
        raise InvalidRule(
            "currency",
            _("“%(currency)s” is not a currency; write it like USD.")
            % {"currency": rule.currency},
        )


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, by: Staff, at: datetime, **fields: Any
) -> PointRule:
    """Create a rule, which is off at first. Without `starts_at` it begins now."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    used = set(
        PointRule.objects.filter(community=community).values_list("key", flat=True)
    )
    if len(used) >= MAX_RULES:
        raise InvalidRule(
            "name", _("There can be at most %(n)s rules of points.") % {"n": MAX_RULES}
        )
    rule = PointRule(
        community=community,
        name=name,
        by=by,
        created_at=at,
        changed_at=at,
        starts_at=at,
    )
    key = fields.pop("key", "")
    _set(rule, fields)
    check_fields(rule)
    rule.key = unused_key((key or rule.event)[:50], used)
    rule.save()
    _record(PointRuleCreated(rule=rule.key), rule, by, at)
    return rule


@transaction.atomic
def update(*, rule: PointRule, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns those that have a new value. It holds for later earnings."""
    check_may_manage(by, rule)
    fresh = PointRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    _check_not_archived(fresh)
    before = {field: getattr(fresh, field) for field in FIELDS}
    _set(fresh, fields)
    check_fields(fresh)
    if fresh.event != before["event"]:
        raise InvalidRule(
            "event", _("What a rule is for cannot change. Create another rule.")
        )
    changed = sorted(f for f, value in before.items() if getattr(fresh, f) != value)
    if not changed:
        return []
    fresh.changed_at = at
    fresh.save()
    rule.refresh_from_db()
    _record(PointRuleChanged(rule=rule.key, fields=changed), rule, by, at)
    return changed


@transaction.atomic
def switch_on(*, rule: PointRule, by: Staff, at: datetime) -> None:
    """Let members earn by this rule, for what happens from its start on."""
    check_may_manage(by, rule)
    _check_not_archived(rule)
    if _switch(rule, is_on=True, at=at):
        _record(PointRuleSwitchedOn(rule=rule.key), rule, by, at)


@transaction.atomic
def switch_off(*, rule: PointRule, by: Staff, at: datetime) -> None:
    """Stop earnings by this rule. Members keep what they have."""
    check_may_manage(by, rule)
    _check_not_archived(rule)
    if _switch(rule, is_on=False, at=at):
        _record(PointRuleSwitchedOff(rule=rule.key), rule, by, at)


@transaction.atomic
def archive(*, rule: PointRule, by: Staff, at: datetime) -> None:
    """Archive a rule permanently. Members keep what they earned by it."""
    check_may_manage(by, rule)
    rows = PointRule.objects.filter(pk=rule.pk, archived_at__isnull=True)
    if rows.update(archived_at=at, changed_at=at, is_on=False):
        rule.refresh_from_db()
        _record(PointRuleArchived(rule=rule.key), rule, by, at)


def _switch(rule: PointRule, *, is_on: bool, at: datetime) -> bool:
    # Caps count from here on, so that the time of the change matters.
    rows = PointRule.objects.filter(pk=rule.pk, is_on=not is_on)
    changed = rows.update(is_on=is_on, changed_at=at)
    rule.refresh_from_db()
    return bool(changed)


def _check_not_archived(rule: PointRule) -> None:
    if rule.archived_at is not None:
        raise RuleIsArchived(_("This rule is archived. Create another rule."))


def _set(rule: PointRule, fields: dict[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidRule(
            min(unknown),
            _("A rule of points has no field “%(field)s”.") % {"field": min(unknown)},
        )
    for field, value in fields.items():
        setattr(rule, field, value)


def _record(fact: facts.FactKind, rule: PointRule, by: Staff, at: datetime) -> None:
    facts.record(fact, community=rule.community, by=by, at=at)


# Reads


def list_all(by: Staff) -> Sequence[PointRule]:
    """All rules that are not archived, those for the same together."""
    check_may_manage(by)
    rows = PointRule.objects.filter(community=by.community_id, archived_at__isnull=True)
    return list(rows.select_related("community").order_by("event", "pk"))


def get(*, by: Staff, pk: int) -> PointRule:
    check_may_manage(by)
    rows = PointRule.objects.filter(community=by.community_id, pk=pk)
    rule = rows.select_related("community").first()
    if rule is None:
        raise RuleNotFound(_("There is no such rule of points."))
    return rule


def get_by_key(community: Community, key: str) -> PointRule:
    rows = PointRule.objects.filter(community=community, key=key)
    rule = rows.select_related("community").first()
    if rule is None:
        raise RuleNotFound(_("There is no rule of points “%(key)s”.") % {"key": key})
    return rule


def list_active(community: Community, event: str) -> list[PointRule]:
    """The rules by which members earn for this."""
    rows = PointRule.objects.filter(
        community=community, event=event, is_on=True, archived_at__isnull=True
    )
    return list(rows.select_related("community").order_by("pk"))


def list_of_event(community: Community, event: str) -> list[PointRule]:
    """All rules that are or were for this, whose earnings can be taken back."""
    return list(
        PointRule.objects.filter(community=community, event=event).order_by("pk")
    )


@dataclass(frozen=True)
class Counts:
    points: int
    people: int


def count_earned(rule: PointRule) -> Counts:
    """What was earned by a rule until now, and by how many members."""
    found = PointEntry.objects.filter(
        community_id=rule.community_id, rule_id=rule.pk, kind=EntryKind.EARN
    ).aggregate(points=Sum("amount"), people=Count("person_id", distinct=True))
    return Counts(int(found["points"] or 0), found["people"])


# Decisions


def points_for(rule: PointRule, amount: int, currency: str) -> int:
    """The points for an order of this amount; none in another currency."""
    if rule.per_amount is None or currency != rule.currency or amount <= 0:
        return 0
    return min(amount * rule.points // rule.per_amount, MAX_POINTS)


def days_of(rule: PointRule, day: int) -> tuple[int, int]:
    """The first and last day on which points of this day are usable."""
    first = day + rule.wait_days
    last = lots.NEVER if rule.valid_days is None else first + rule.valid_days - 1
    return first, last
