"""Goals: what a metric of the community, or of a group, is to come to in a span of days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import (
    community_days,
    errors,
    names,
    permissions,
    text_validation,
    value_types,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff import scopes
from qunce.core.staff.models import Staff
from qunce.insight import metric_dictionary
from qunce.insight.goals import targets
from qunce.insight.goals.models import MAX_NAME, STATES, Direction, Goal, State
from qunce.insight.metric_definitions import COMMUNITY, GROUP, Metric, Ratio
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

EDIT = permissions.declare(
    "goals.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("set goals"),
)
FIELDS = (
    "name",
    "metric",
    "group",
    "direction",
    "target",
    "first",
    "last",
    "owner",
)
KEPT = ("name", "owner")
"""What can change of a goal whose span is over."""
LABELS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "metric": gettext_lazy("Metric"),
    "group": gettext_lazy("Group"),
    "direction": pgettext_lazy("goal", "Direction"),
    "target": pgettext_lazy("goal", "Target"),
    "first": gettext_lazy("First day"),
    "last": gettext_lazy("Last day"),
    "owner": pgettext_lazy("goal", "Owner"),
}
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
MAX_DAYS, MAX_GOALS = 400, 500


@dataclass(frozen=True, kw_only=True)
class GoalFact(facts.FactKind):
    """`goal` is the id of the goal."""

    labels = {"goal": gettext_lazy("number of the goal")}
    goal: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GoalCreated(GoalFact):
    kind = "goal.created"
    label = gettext_lazy("goal set")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GoalChanged(GoalFact):
    kind = "goal.changed"
    label = gettext_lazy("goal changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GoalArchived(GoalFact):
    kind = "goal.archived"
    label = gettext_lazy("goal archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GoalRestored(GoalFact):
    kind = "goal.restored"
    label = gettext_lazy("goal restored")


class GoalNotFound(errors.NotFound):
    """There is no such goal, or it is of what staff do not see."""


class InvalidGoal(errors.Invalid):
    """A field of a goal is missing or not possible."""


class GoalIsOver(errors.Refused):
    """The span of the goal is over, so that its result stays as it is."""


# Checks


def check_may_edit(by: Staff, goal: Goal | None = None) -> None:
    """Raise NotAllowed, or GoalNotFound for a goal that `by` does not see."""
    permissions.check_may(by, EDIT)
    if by.scope is not None:
        raise permissions.NotAllowed(
            _("You see some of the members only, so you cannot set goals for all.")
        )
    if goal is not None:
        check_visible(goal, by)


def may_edit(by: Staff) -> bool:
    return permissions.may(by, EDIT) and by.scope is None


def check_visible(goal: Goal, by: Staff) -> None:
    """Raise GoalNotFound for a goal of what `by` does not see."""
    if goal.community_id != by.community_id or not _is_visible(goal.group, by):
        raise GoalNotFound(_("There is no such goal."))


def _is_visible(group: str, by: Staff) -> bool:
    if not group:
        return by.scope is None
    return by.groups is None or group in by.groups


def check_fields(goal: Goal, *, by: Staff) -> None:
    """Raise InvalidGoal for the first field that is not possible."""
    if len(goal.name) > MAX_NAME or not text_validation.is_valid(goal.name):
        raise InvalidGoal(
            _("The name can have at most %(most)s characters.") % {"most": MAX_NAME}
        )
    if goal.group:
        scopes.check_groups(by, [goal.group])
        if not has_group(goal):
            raise errors.NotFound(_("There is no such group."))
    if goal.direction not in Direction.values:
        raise InvalidGoal(
            _("Choose a direction: %(all)s.") % {"all": ", ".join(Direction.values)}
        )
    metric_dictionary.check_names([goal.metric], level_of(goal))
    if not EARLIEST <= goal.first <= goal.last <= LATEST:
        raise InvalidGoal(_("The first day cannot be after the last day."))
    if count_days(goal) > MAX_DAYS:
        raise InvalidGoal(
            _("A goal is for at most %(most)s days.") % {"most": MAX_DAYS}
        )
    if goal.owner is not None:
        _check_owner(goal, goal.owner)


def _check_owner(goal: Goal, owner: Staff) -> None:
    if owner.community_id != goal.community_id or not owner.is_active:
        raise InvalidGoal(_("The owner does not work here."))
    if not _is_visible(goal.group, owner):
        raise InvalidGoal(
            _("%(name)s does not see the numbers of this goal.") % {"name": owner.name}
        )


def _check_unique(goal: Goal) -> None:
    rows = Goal.objects.filter(community=goal.community, state=State.ACTIVE)
    others = rows.exclude(pk=goal.pk)
    if others.count() >= MAX_GOALS:
        raise InvalidGoal(
            _("There can be at most %(most)s goals. Archive some.")
            % {"most": MAX_GOALS}
        )
    same = {
        name: getattr(goal, name)
        for name in ("metric", "group", "direction", "first", "last")
    }
    if others.filter(**same).exists():
        raise InvalidGoal(
            _("There is a goal for this metric, direction and span already.")
        )


def _check_not_over(last: date, community: Community, at: datetime) -> None:
    if last < community_days.to_date(community.day(at)):
        raise GoalIsOver(
            _("%(day)s is over. The last day of a goal is today or later.")
            % {"day": last}
        )


# Verbs


@transaction.atomic
def create(*, community: Community, by: Staff, at: datetime, **fields: Any) -> Goal:
    """Set a goal. `fields` are those of FIELDS; the target is a text or a Decimal."""
    check_may_edit(by)
    permissions.check_community(by, community.pk)
    goal = Goal(community=community, by=by, created_at=at, changed_at=at)
    for name in ("metric", "direction", "target", "first", "last"):
        if fields.get(name) in (None, ""):
            raise InvalidGoal(_("“%(field)s” is required.") % {"field": LABELS[name]})
    _set_fields(goal, fields, by=by)
    _check_not_over(goal.last, community, at)
    _check_unique(goal)
    goal.save()
    _record(GoalCreated(goal=goal.pk), goal, by, at)
    return goal


@transaction.atomic
def update(*, goal: Goal, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    Of a goal whose span is over, only KEPT can change.
    """
    check_may_edit(by, goal)
    fresh = (
        Goal.objects.select_for_update(of=("self",))
        .select_related("community")
        .get(pk=goal.pk)
    )
    before = {name: getattr(fresh, name) for name in FIELDS}
    _set_fields(fresh, fields, by=by)
    changed = sorted(name for name in FIELDS if getattr(fresh, name) != before[name])
    if not changed:
        return []
    if set(changed) - set(KEPT):
        _check_not_over(before["last"], fresh.community, at)
        _check_not_over(fresh.last, fresh.community, at)
        _check_unique(fresh)
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "currency", "changed_at"])
    for name in (*FIELDS, "currency", "changed_at"):
        setattr(goal, name, getattr(fresh, name))
    _record(GoalChanged(goal=goal.pk, fields=changed), goal, by, at)
    return changed


@transaction.atomic
def archive(*, goal: Goal, by: Staff, at: datetime) -> None:
    check_may_edit(by, goal)
    STATES.transition(goal, "archive", changed_at=at)
    _record(GoalArchived(goal=goal.pk), goal, by, at)


@transaction.atomic
def restore(*, goal: Goal, by: Staff, at: datetime) -> None:
    check_may_edit(by, goal)
    if STATES.may("restore", goal.state):
        _check_unique(goal)
    STATES.transition(goal, "restore", changed_at=at)
    _record(GoalRestored(goal=goal.pk), goal, by, at)


def _set_fields(goal: Goal, fields: Mapping[str, Any], *, by: Staff) -> None:
    """Set the given fields and check all of them."""
    if unknown := set(fields) - set(FIELDS):
        raise InvalidGoal(
            _("A goal has no field “%(field)s”.") % {"field": min(unknown)}
        )
    for name, value in fields.items():
        if value is not None:
            _check_type(name, value)
        if name in ("name", "group"):
            setattr(goal, name, names.clean(value or ""))
        elif name == "owner" or value is not None:
            setattr(goal, name, value)
    metric_dictionary.check_names([goal.metric], level_of(goal))
    entry = metric_dictionary.find(goal.metric)
    if entry is not None and {"target", "metric"} & set(fields):
        currency = goal.community.currency
        goal.currency = currency if entry.is_money else ""
        goal.target = targets.parse(str(goal.target), entry, currency)
    check_fields(goal, by=by)


def _check_type(name: str, value: Any) -> None:
    if name == "owner":
        if not isinstance(value, Staff):
            raise InvalidGoal(_("The owner does not work here."))
    elif name in ("first", "last"):
        value_types.check_day(value, LABELS[name])
    elif name != "target" or not isinstance(value, Decimal):
        value_types.check_text(value, LABELS[name])


def _record(fact: GoalFact, goal: Goal, by: Staff, at: datetime) -> None:
    facts.record(fact, community=goal.community, by=by, at=at)


# Reads


def level_of(goal: Goal) -> str:
    return GROUP if goal.group else COMMUNITY


def count_days(goal: Goal) -> int:
    return (goal.last - goal.first).days + 1


def find_entry(goal: Goal) -> Metric | Ratio | None:
    """The metric or ratio of a goal; None if it is no longer in the dictionary."""
    return metric_dictionary.find(goal.metric)


def list_visible(by: Staff, *, archived: bool = False) -> models.QuerySet[Goal]:
    """The goals of what `by` sees, those that end first before the others."""
    state = State.ARCHIVED if archived else State.ACTIVE
    rows = Goal.objects.filter(community=by.community, state=state)
    return _visible_rows(rows, by).order_by("last", "first", "pk")


def _visible_rows(rows: models.QuerySet[Goal], by: Staff) -> models.QuerySet[Goal]:
    if by.scope is not None:
        rows = rows.exclude(group="")
    if by.groups is not None:
        rows = rows.filter(group__in=["", *by.groups])
    return rows.select_related("community", "by", "owner", "result")


def list_overlapping(by: Staff, first: date, last: date) -> models.QuerySet[Goal]:
    """The visible goals whose span has a day of these."""
    return list_visible(by).filter(first__lte=last, last__gte=first)


def get(*, by: Staff, pk: int) -> Goal:
    for goal in _visible_rows(Goal.objects.filter(community=by.community, pk=pk), by):
        return goal
    raise GoalNotFound(_("There is no such goal."))


def find_owner(by: Staff, login: str) -> Staff | None:
    """The staff member with a login; None for "". Raises InvalidGoal."""
    if not login:
        return None
    for staff in list_owners(by):
        if staff.login == login:
            return staff
    raise InvalidGoal(
        _("Nobody with the login “%(key)s” works here.") % {"key": login[:80]}
    )


def list_owners(by: Staff) -> list[Staff]:
    """Those who can own a goal, by name."""
    rows = Staff.objects.filter(community=by.community, is_active=True)
    rows = rows.exclude(login__startswith=staff_models.SYSTEM_LOGIN_PREFIX)
    return list(rows.order_by("name", "pk"))


def has_group(goal: Goal) -> bool:
    """Whether the goal is of the community, or of a group that there is.

    The key of a group changes where it names somebody who is erased.
    """
    find_ids = references.get("group").find_ids
    return not goal.group or bool(find_ids and find_ids(goal.community, [goal.group]))


def find_group_name(goal: Goal) -> str:
    """The name of the group of a goal; "" for the community."""
    if not goal.group:
        return ""
    found = references.find_names(goal.community, "group", [goal.group])
    return found.get(goal.group, goal.group)
