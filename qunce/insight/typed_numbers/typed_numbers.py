"""Numbers of groups without an API, which staff count by hand and type in each evening.

They stand beside measured numbers and are never part of a metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import scopes
from qunce.insight.typed_numbers.models import MAX_VALUE, Field, TypedNumber

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

TYPE = permissions.declare(
    "typed_numbers.type",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("type numbers of groups"),
)
FIELDS = tuple(Field.values)
Cell = tuple[int, date, str]
"""Group id, day and field."""
MAX_ENTRIES = 5_000
MAX_DAYS = 400


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TypedNumbersSaved(facts.FactKind):
    """`fields` are the numbers of the group's `day` that have a new value."""

    kind = "typed_numbers.saved"
    label = gettext_lazy("numbers of a group typed")
    labels = {"day": gettext_lazy("day"), "fields": gettext_lazy("numbers")}
    day: str
    fields: list[str]


class InvalidTypedNumber(errors.Invalid):
    """The number or its day is not possible."""


class GroupNotFound(errors.NotFound):
    """There is no such group in this community."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A number to store; a `value` of None withdraws the one that holds."""

    group: Group
    day: date
    field: str
    value: int | None

    @property
    def cell(self) -> Cell:
        return self.group.pk, self.day, self.field


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """An entry that was not stored, as somebody typed `other` in the meantime."""

    entry: Entry
    other: TypedNumber


@dataclass(frozen=True, kw_only=True)
class Saved:
    changed: tuple[TypedNumber, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TypedDay:
    """The numbers of a group on a day, and who typed the last of them when."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    typed_at: datetime
    by: Staff

    def get(self, name: str) -> int | None:
        return self.numbers.get(name)


# Checks


def check_groups(groups: Iterable[Group], by: Staff) -> None:
    """Raise NotFound for a group that `by` does not see, as for an unknown one."""
    seen = list(groups)
    scopes.check_groups(by, (group.key for group in seen))
    if any(group.community_id != by.community_id for group in seen):
        raise GroupNotFound(_("There is no such group."))


def check_day(group: Group, day: date, *, at: datetime) -> None:
    """Raise for a day to come, and for one before the group was created."""
    community = group.community
    if day > community_days.to_date(community.day(at)):
        raise InvalidTypedNumber(
            _("%(day)s is still to come. Numbers are of today or of a day before.")
            % {"day": day}
        )
    first = first_day(group)
    if day < first:
        raise InvalidTypedNumber(
            _(
                "There was no group “%(group)s” on %(day)s yet: it exists since %(first)s."
            )
            % {"group": group.name, "day": day, "first": first}
        )


def first_day(group: Group) -> date:
    return community_days.to_date(group.community.day(group.created_at))


def check_entries(entries: Sequence[Entry], *, by: Staff, at: datetime) -> None:
    """Raise for the first entry that cannot be stored."""
    if len(entries) > MAX_ENTRIES:
        raise InvalidTypedNumber(
            _("At most %(most)s numbers can be saved together.")
            % {"most": f"{MAX_ENTRIES:,}"}
        )
    check_groups((entry.group for entry in entries), by)
    for group, day in {(entry.group, entry.day) for entry in entries}:
        check_day(group, day, at=at)
    for entry in entries:
        if entry.field not in FIELDS:
            raise InvalidTypedNumber(
                _("There is no number “%(field)s”. Choose one of: %(fields)s.")
                % {"field": entry.field, "fields": _(", ").join(FIELDS)}
            )
        if entry.value is not None and not 0 <= entry.value <= MAX_VALUE:
            raise InvalidTypedNumber(
                _("A number is between 0 and %(most)s.") % {"most": f"{MAX_VALUE:,}"}
            )


# Verbs


@transaction.atomic
def save(
    *,
    community: Community,
    entries: Sequence[Entry],
    by: Staff,
    at: datetime,
    seen_at: datetime | None = None,
) -> Saved:
    """Store what is new among the entries, all of them or none.

    `seen_at` is when the numbers were read that `by` has changed. What is as it was then
    was not touched; what somebody else has changed since is a conflict and stays.
    """
    permissions.check_may(by, TYPE)
    permissions.check_community(by, community.pk)
    check_entries(entries, by=by, at=at)
    # One at a time, so that of two people who save the same cell the second sees it.
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)
    rows = TypedNumber.objects.filter(
        group__in={entry.group.pk for entry in entries},
        day__in={entry.day for entry in entries},
    )
    holding = _by_cell(rows.filter(replaced_at__isnull=True).select_related("by"))
    before = holding if seen_at is None else _by_cell(_as_of(rows, seen_at))
    changed, conflicts = _compare(entries, holding, before)
    new = [
        TypedNumber(
            community=community,
            group_id=entry.group.pk,
            day=entry.day,
            field=entry.field,
            value=entry.value,
            typed_at=at,
            by=by,
        )
        for entry in changed
    ]
    replaced = [holding[cell].pk for cell in _by_cell(new) if cell in holding]
    TypedNumber.objects.filter(pk__in=replaced).update(replaced_at=at)
    TypedNumber.objects.bulk_create(new)
    fields: dict[tuple[int, date], list[str]] = {}
    for row in new:
        fields.setdefault((row.group_id, row.day), []).append(row.field)
    recorded = [
        TypedNumbersSaved(group=group, day=day.isoformat(), fields=sorted(names))
        for (group, day), names in sorted(fields.items())
    ]
    facts.record(*recorded, community=community, by=by, at=at)
    return Saved(changed=tuple(new), conflicts=conflicts)


def _compare(
    entries: Sequence[Entry],
    holding: Mapping[Cell, TypedNumber],
    before: Mapping[Cell, TypedNumber],
) -> tuple[list[Entry], tuple[Conflict, ...]]:
    """The entries to store, and those that somebody else changed after `before`."""
    changed, conflicts = list[Entry](), list[Conflict]()
    for cell, entry in {each.cell: each for each in entries}.items():
        held, seen = holding.get(cell), before.get(cell)
        if entry.value in (_value(held), _value(seen)):
            continue
        if held is not None and held != seen:
            conflicts.append(Conflict(entry=entry, other=held))
        else:
            changed.append(entry)
    return changed, tuple(conflicts)


def _by_cell(rows: Iterable[TypedNumber]) -> dict[Cell, TypedNumber]:
    return {(row.group_id, row.day, row.field): row for row in rows}


def _value(row: TypedNumber | None) -> int | None:
    return None if row is None else row.value


def _as_of(
    rows: models.QuerySet[TypedNumber], moment: datetime
) -> models.QuerySet[TypedNumber]:
    held = models.Q(replaced_at__isnull=True) | models.Q(replaced_at__gt=moment)
    return rows.filter(held, typed_at__lte=moment)


# Reads


def load(
    *, groups: Sequence[Group], first: date, last: date, by: Staff
) -> dict[tuple[int, date], TypedDay]:
    """Group id and day → its typed numbers, where there are any."""
    check_groups(groups, by)
    rows = TypedNumber.objects.filter(
        group__in=[group.pk for group in groups],
        day__range=(first, last),
        replaced_at__isnull=True,
        value__isnull=False,
    )
    found: dict[tuple[int, date], list[TypedNumber]] = {}
    for row in rows.select_related("by").order_by("typed_at", "pk"):
        found.setdefault((row.group_id, row.day), []).append(row)
    return {
        cell: TypedDay(
            numbers={row.field: row.value for row in own if row.value is not None},
            typed_at=own[-1].typed_at,
            by=own[-1].by,
        )
        for cell, own in found.items()
    }


def list_history(
    *, group: Group, by: Staff, day: date | None = None, limit: int = 500
) -> list[TypedNumber]:
    """Every number that was ever typed of a group, the last typed first."""
    check_groups([group], by)
    rows = TypedNumber.objects.filter(group_id=group.pk)
    if day is not None:
        rows = rows.filter(day=day)
    ordered = rows.select_related("by").order_by("-typed_at", "day", "pk")
    return list(ordered[:limit])
