"""Sets of groups in which a person should be once, and what may overlap in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.groups.overlaps.models import Door, GroupSet, KeepRule
from qunce.groups.overlaps.overlap_sets import Pair, pair

VIEW = permissions.declare(
    "overlaps.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("see who is in several groups"),
)
MANAGE = permissions.declare(
    "overlaps.manage",
    permissions.Role.MANAGER,
    label=gettext_lazy("clean up people who are in several groups"),
)
MAX_SETS, MAX_GROUPS, MAX_PAIRS = 50, 500, 500


@dataclass(frozen=True, kw_only=True)
class GroupSetFact(facts.FactKind):
    labels = {"set": gettext_lazy("set of groups")}
    set: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupSetCreated(GroupSetFact):
    kind = "overlaps.set_created"
    label = gettext_lazy("set of groups created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupSetChanged(GroupSetFact):
    kind = "overlaps.set_changed"
    label = gettext_lazy("set of groups changed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupSetArchived(GroupSetFact):
    kind = "overlaps.set_archived"
    label = gettext_lazy("set of groups archived")


class GroupSetNotFound(errors.NotFound):
    """There is no such set of groups."""


class InvalidGroupSet(errors.Invalid):
    """A part of the set is not valid."""


# Checks


def _check(
    by: Staff,
    *,
    name: str,
    groups: Sequence[Group],
    keep: str,
    door: str,
    chosen: Group | None,
    may_overlap: Sequence[Sequence[int]],
) -> dict[str, Any]:
    name = names.clean(name)
    if not 0 < len(name) <= 80 or not text_validation.is_valid(name):
        raise InvalidGroupSet(_("A name has 1 to 80 characters."))
    if not 2 <= len(groups) <= MAX_GROUPS:
        raise InvalidGroupSet(_("A set has 2 to %(n)s groups.") % {"n": MAX_GROUPS})
    for group in groups:
        group_verbs.check_visible(group, by)
    if keep not in KeepRule.values or door not in Door.values:
        raise InvalidGroupSet(_("Choose which group is kept and what the gate does."))
    ids = {group.pk for group in groups}
    if (keep == KeepRule.CHOSEN) != (chosen is not None):
        raise InvalidGroupSet(_("Choose the group that is kept, for this rule only."))
    if chosen is not None and chosen.pk not in ids:
        raise InvalidGroupSet(_("The group that is kept must be one of the set."))
    pairs = sorted({_check_pair(two, ids) for two in may_overlap})
    if len(pairs) > MAX_PAIRS:
        raise InvalidGroupSet(
            _("At most %(n)s pairs of groups may overlap.") % {"n": MAX_PAIRS}
        )
    return {
        "name": name,
        "keep": keep,
        "door": door,
        "chosen": chosen,
        "may_overlap": [list(two) for two in pairs],
    }


def _check_pair(two: Sequence[int], ids: set[int]) -> Pair:
    if len(two) != 2 or two[0] == two[1] or not set(two) <= ids:
        raise InvalidGroupSet(_("A pair is two different groups of the set."))
    return pair(two[0], two[1])


# Verbs


@transaction.atomic
def create(
    *,
    name: str,
    groups: Sequence[Group],
    by: Staff,
    at: datetime,
    keep: str = KeepRule.EARLIEST,
    chosen: Group | None = None,
    door: str = Door.OFF,
    may_overlap: Sequence[Sequence[int]] = (),
) -> GroupSet:
    permissions.check_may(by, MANAGE)
    fields = _check(
        by,
        name=name,
        groups=groups,
        keep=keep,
        chosen=chosen,
        door=door,
        may_overlap=may_overlap,
    )
    in_use = GroupSet.objects.filter(community=by.community, archived_at__isnull=True)
    if in_use.count() >= MAX_SETS:
        raise InvalidGroupSet(_("At most %(n)s sets are possible.") % {"n": MAX_SETS})
    row = GroupSet(community=by.community, by=by, created_at=at, **fields)
    _save(row)
    row.groups.set(groups)
    event = GroupSetCreated(set=row.pk)
    facts.record(event, community=by.community, by=by, at=at)
    return row


@transaction.atomic
def update(*, group_set: GroupSet, by: Staff, at: datetime, **changes: Any) -> None:
    """Change the fields of `create` that are given."""
    permissions.check_may(by, MANAGE)
    check_visible(group_set, by)
    current = {
        "name": group_set.name,
        "groups": list(group_set.groups.order_by("pk")),
        "keep": group_set.keep,
        "chosen": group_set.chosen,
        "door": group_set.door,
        "may_overlap": group_set.may_overlap,
    }
    merged = current | changes
    fields = _check(by, **merged)
    for name, value in fields.items():
        setattr(group_set, name, value)
    _save(group_set)
    group_set.groups.set(merged["groups"])
    event = GroupSetChanged(set=group_set.pk)
    facts.record(event, community=by.community, by=by, at=at)


def _save(row: GroupSet) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise InvalidGroupSet(
            _("There is a set with the name “%(name)s” already.") % {"name": row.name}
        ) from None


@transaction.atomic
def archive(*, group_set: GroupSet, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(group_set, by)
    rows = GroupSet.objects.filter(pk=group_set.pk, archived_at__isnull=True)
    if not rows.update(archived_at=at):
        raise GroupSetNotFound(_("There is no such set of groups."))
    event = GroupSetArchived(set=group_set.pk)
    facts.record(event, community=by.community, by=by, at=at)


# Reads


def check_visible(group_set: GroupSet, by: Staff) -> None:
    get(pk=group_set.pk, by=by)


def get(*, pk: int, by: Staff) -> GroupSet:
    """A set; to staff who see only some of its groups there is none."""
    if 0 < pk <= group_visibility.MAX_ID:
        for row in list_visible(by):
            if row.pk == pk:
                return row
    raise GroupSetNotFound(_("There is no such set of groups."))


def list_visible(by: Staff) -> list[GroupSet]:
    """The sets all of whose groups `by` sees, by name."""
    permissions.check_may(by, VIEW)
    rows = GroupSet.objects.filter(community=by.community, archived_at__isnull=True)
    if by.groups is not None:
        hidden = Group.objects.filter(community=by.community).exclude(key__in=by.groups)
        through = GroupSet.groups.through.objects.filter(
            group_id__in=hidden.values("pk")
        )
        rows = rows.exclude(pk__in=through.values("groupset_id"))
    related = rows.select_related("community", "chosen", "by")
    return list(related.prefetch_related("groups").order_by("name", "pk"))


def list_with(group: Group) -> models.QuerySet[GroupSet]:
    """The sets that have a group."""
    through = GroupSet.groups.through.objects.filter(group_id=group.pk)
    rows = GroupSet.objects.filter(
        pk__in=through.values("groupset_id"), archived_at__isnull=True
    )
    return rows.order_by("pk")


def allowed_pairs(group_set: GroupSet) -> set[Pair]:
    return {pair(left, right) for left, right in group_set.may_overlap}
