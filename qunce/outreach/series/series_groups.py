"""The groups of a series, and who posts into each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Audience, Group, Membership, Stage
from qunce.members.people import staff_accounts
from qunce.outreach import task_permissions
from qunce.outreach.series.models import Poster, Series

FILTER_FIELDS = {
    "kinds": "kind",
    "platforms": "platform",
    "audiences": "audience",
    "stages": "state",
}
MAX_VALUES = 40


class InvalidSeriesGroups(errors.Invalid):
    """A series has a list of groups, or those that match a filter."""


def parse_filter(value: Any) -> dict[str, list[str]]:
    """The filter of its JSON form: field → the values of which a group has one.

    An empty filter matches all groups. Raises InvalidSeriesGroups.
    """
    if not isinstance(value, Mapping):
        raise InvalidSeriesGroups(_("The filter of groups is an object."))
    unknown = sorted(set(value) - set(FILTER_FIELDS))
    if unknown:
        raise InvalidSeriesGroups(
            _("Groups cannot be filtered by “%(name)s”, only by: %(names)s.")
            % {"name": unknown[0], "names": ", ".join(FILTER_FIELDS)}
        )
    found: dict[str, list[str]] = {}
    for name, chosen in value.items():
        if not isinstance(chosen, list) or len(chosen) > MAX_VALUES:
            raise InvalidSeriesGroups(
                _("“%(name)s” is a list of at most %(n)s values.")
                % {"name": name, "n": MAX_VALUES}
            )
        for each in chosen:
            if not isinstance(each, str) or not _is_known(name, each):
                raise InvalidSeriesGroups(
                    _("“%(value)s” is not a value of “%(name)s”.")
                    % {"value": each, "name": name}
                )
        if chosen:
            found[name] = sorted(set(chosen))
    return found


def _is_known(name: str, value: str) -> bool:
    """Kinds and platforms are free texts, audiences and stages are not."""
    known: Mapping[str, Iterable[str]] = {
        "audiences": Audience.values,
        "stages": [stage for stage in Stage.values if stage != Stage.DEAD],
    }
    return value in known[name] if name in known else 0 < len(value) <= 40


def list_groups(series: Series) -> models.QuerySet[Group]:
    """The groups of the series now, by key; retired ones are left out."""
    rows = Group.objects.filter(community=series.community).exclude(state=Stage.DEAD)
    if series.group_filter is None:
        return rows.filter(pk__in=series.groups).order_by("key")
    for name, values in series.group_filter.items():
        rows = rows.filter(**{f"{FILTER_FIELDS[name]}__in": values})
    return rows.order_by("key")


def list_visible_groups(series: Series, by: Staff) -> models.QuerySet[Group]:
    """Those of its groups that `by` sees."""
    return list_groups(series).filter(pk__in=group_visibility.list_visible(by))


def needs_person(series: Series) -> bool:
    return channel_contract.get(series.channel).capabilities.needs_person


def posters(series: Series, groups: Iterable[Group]) -> dict[int, Staff | None]:
    """Group → who posts into it by hand; None if the channel does, or nobody can.

    If nobody has the role in a group, or they no longer do tasks, `series.staff` posts.
    """
    rows = list(groups)
    if not needs_person(series):
        return {group.pk: None for group in rows}
    able = {
        each.pk: each
        for each in task_permissions.list_assignable_staff(series.community)
    }
    chosen: dict[int, int | None] = {}
    if series.poster == Poster.OWNER:
        chosen = {group.pk: group.owner_id for group in rows}
    elif series.poster != Poster.STAFF:
        chosen = _with_role(series.poster, [group.pk for group in rows])
    fallback = able.get(series.staff_id or 0)
    return {group.pk: able.get(chosen.get(group.pk) or 0, fallback) for group in rows}


def _with_role(role: str, groups: list[int]) -> dict[int, int | None]:
    """Group → the first staff member whose account has a role in it."""
    rows = Membership.objects.filter(group__in=groups, role=role, present=True)
    pairs = list(rows.order_by("-pk").values_list("group_id", "account_id"))
    marked = staff_accounts.find_marked({account for _group, account in pairs})
    return {
        group: marked[account].staff_id
        for group, account in pairs
        if account in marked and marked[account].staff_id is not None
    }
