"""Fields of a group in the registry: kind, audience, threshold in words, capacity, owner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import text_validation
from qunce.core.staff import staff
from qunce.groups import groups, labels
from qunce.groups.entry import gates
from qunce.groups.groups import Audience, Group, Membership
from qunce.members.accounts import queries as account_queries
from qunce.outreach.group_templates.parts import base
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

LABELS = {
    "kind": gettext_lazy("Kind"),
    "audience": gettext_lazy("Group audience"),
    "capacity": gettext_lazy("Capacity"),
    "threshold": gettext_lazy("Entry threshold in words"),
    "owner": pgettext_lazy("group", "Owner"),
}
MAX_CAPACITY = 1_000_000
MAX_LENGTHS = {"kind": 40, "threshold": 200, "owner": 150}


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    """`owners` are the staff who can own a group, by login."""

    groups: Mapping[int, Group]
    sizes: Mapping[int, int]
    owners: Mapping[str, Staff]
    owner_logins: Mapping[int, str]
    thresholds: Mapping[int, str]

    def now(self, group: int) -> dict[str, Any]:
        row = self.groups[group]
        login = self.owner_logins.get(row.owner_id or 0)
        return {
            "kind": row.kind,
            "audience": row.audience,
            "capacity": row.capacity,
            "threshold": self.thresholds.get(group, ""),
            "owner": login,
        }

    def label(self, field: str) -> str:
        return str(LABELS[field])

    def text(self, field: str, value: Any) -> str:
        if field == "capacity":
            return f"{value:,}" if value else _("no limit")
        if not value:
            return _("none")
        if field == "kind":
            return labels.label_of(labels.KINDS, value)
        if field == "audience":
            return str(Audience(value).label) if value in Audience.values else value
        if field == "owner" and value in self.owners:
            return self.owners[value].name
        return str(value)

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        if field == "owner" and value:
            owner = self.owners.get(value)
            if owner is None:
                return _("There is no staff member with the login “%(login)s”.") % {
                    "login": value
                }
            if not owner.is_active and not is_undo:
                return _("%(name)s no longer works here.") % {"name": owner.name}
        size = self.sizes.get(group, 0)
        if field == "capacity" and value and size > value and not is_undo:
            return _("The group has %(size)s people, more than this capacity.") % {
                "size": f"{size:,}"
            }
        return ""


class Details(base.Part):
    key = "details"
    label = gettext_lazy("Basic information")
    rank = 1

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        base.check_names(self, fields, LABELS)
        for field, value in fields.items():
            if field == "capacity":
                _check_capacity(value)
            elif field == "audience":
                base.check_choice(field, value, Audience.values)
            else:
                base.check_text(field, value, MAX_LENGTHS[field])
        if not text_validation.is_valid("".join(map(str, fields.values()))):
            raise InvalidGroupTemplate(
                _("This contains characters that cannot be stored.")
            )

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        rows = {row.login: row for row in staff.list_all(by.community)}
        return Snapshot(
            {group.pk: group for group in groups},
            _sizes(groups, fields.get("capacity")),
            rows,
            {row.pk: login for login, row in rows.items()},
            gates.notes_of([group.pk for group in groups]),
        )

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        values = self.load([group], {}, by, at).now(group.pk)
        return {field: value for field, value in values.items() if value}

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        given = dict(values)
        if "owner" in given:
            login = given["owner"]
            given["owner"] = staff.get_by_login(by, login) if login else None
        if "threshold" in given:
            note = given.pop("threshold")
            gates.configure(group=group, note=note, by=by, at=at)
        groups.update(group=group, by=by, at=at, **given)


def _check_capacity(value: Any) -> None:
    if value is not None and not (
        type(value) is int and 1 <= value <= MAX_CAPACITY  # bool is an int, too
    ):
        raise InvalidGroupTemplate(
            _(
                "“capacity” must be a whole number from 1 to %(n)s, or null for no limit."
            )
            % {"n": f"{MAX_CAPACITY:,}"}
        )


def _sizes(groups: Collection[Group], capacity: int | None) -> dict[int, int]:
    """The people in each group that may have more of them than a new capacity.

    Accounts are counted first: only where there are more of them, people are.
    """
    changing = [group.pk for group in groups if group.capacity != capacity]
    if not capacity or not changing:
        return {}
    rows = Membership.objects.filter(group__in=changing, present=True)
    counts = rows.values("group_id").annotate(n=models.Count("pk"))
    large = [group for group, n in counts.values_list("group_id", "n") if n > capacity]
    if not large:
        return {}
    pairs = list(rows.filter(group__in=large).values_list("group_id", "account_id"))
    people = account_queries.person_ids({account for _group, account in pairs})
    found: dict[int, set[int]] = {}
    for group_id, account in pairs:
        found.setdefault(group_id, set()).add(people[account])
    return {group_id: len(own) for group_id, own in found.items()}


DETAILS = base.declare(Details())
