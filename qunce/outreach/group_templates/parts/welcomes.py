"""Which welcomes newcomers of a group can get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.groups.groups import Group
from qunce.outreach.group_templates.parts import base
from qunce.outreach.welcomes import welcomes
from qunce.outreach.welcomes.models import Event, Welcome

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

IS_SENT = pgettext_lazy("welcome in a group", "for newcomers here")
IS_NOT_SENT = pgettext_lazy("welcome in a group", "not for newcomers here")


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    """Fields are keys of welcomes. One without groups is for newcomers of all groups."""

    welcomes: Mapping[str, Welcome]

    def now(self, group: int) -> dict[str, Any]:
        return {
            field: not row.groups or group in row.groups
            for field, row in self.welcomes.items()
        }

    def label(self, field: str) -> str:
        return self.welcomes[field].name if field in self.welcomes else field

    def text(self, field: str, value: Any) -> str:
        return str(IS_SENT if value else IS_NOT_SENT)

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        found = self.welcomes.get(field)
        if found is None:
            return _unknown(field)
        if not value and not found.groups:
            return welcomes.for_all_groups_sentence(found)
        if not value and found.groups == [group]:
            return welcomes.last_group_sentence(found)
        return ""


def _unknown(key: str) -> str:
    return _("There is no welcome “%(key)s” for groups.") % {"key": key}


class Welcomes(base.Part):
    key = "welcomes"
    label = gettext_lazy("Welcomes")
    rank = 6

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        known = {row.key for row in _rows(community)}
        base.check_flags(fields, known, _unknown)

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        rows = {row.key: row for row in _rows(by.community) if row.key in fields}
        return Snapshot(rows)

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        # One for all groups is for the next one as well.
        return {
            row.key: group.pk in row.groups
            for row in _rows(by.community)
            if row.groups and row.is_on
        }

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        for field, is_sent in values.items():
            found = next(row for row in welcomes.list_all(by) if row.key == field)
            welcomes.set_group(
                welcome=found, group=group, included=is_sent, by=by, at=at
            )

    def list_options(self, by: Staff) -> list[base.Option]:
        values = ((True, IS_SENT), (False, IS_NOT_SENT))
        return [
            base.Option(row.key, row.name, values)
            for row in _rows(by.community)
            if row.groups
        ]

    def is_visible_to(self, by: Staff) -> bool:
        return welcomes.may_manage(by)


def _rows(community: Community) -> list[Welcome]:
    return [
        row
        for row in welcomes.list_in_order(community)
        if row.event == Event.GROUP and row.archived_at is None
    ]


WELCOMES = base.declare(Welcomes())
