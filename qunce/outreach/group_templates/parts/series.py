"""Which series go to a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import permissions
from qunce.groups.groups import Group
from qunce.outreach.group_templates.parts import base
from qunce.outreach.series import series, series_groups
from qunce.outreach.series.models import Series, State

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

IS_POSTED = pgettext_lazy("series in a group", "is posted here")
IS_NOT_POSTED = pgettext_lazy("series in a group", "is not posted here")


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    """Fields are ids of series; `groups` has the ids of the groups of each."""

    series: Mapping[str, Series]
    groups: Mapping[str, frozenset[int]]

    def now(self, group: int) -> dict[str, Any]:
        return {field: group in ids for field, ids in self.groups.items()}

    def label(self, field: str) -> str:
        return self.series[field].name if field in self.series else field

    def text(self, field: str, value: Any) -> str:
        return str(IS_POSTED if value else IS_NOT_POSTED)

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        found = self.series.get(field)
        if found is None:
            return _("There is no such series any more.")
        if found.group_filter is not None:
            return _(
                "“%(name)s” chooses its groups by a filter. Change the filter instead."
            ) % {"name": found.name}
        return ""


class SeriesPart(base.Part):
    key = "series"
    label = gettext_lazy("Series")
    rank = 5

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        known = {str(row.pk) for row in _rows(community)}
        base.check_flags(fields, known, _unknown)

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        rows = {
            str(row.pk): row for row in _rows(by.community) if str(row.pk) in fields
        }
        return Snapshot(rows, {pk: _group_ids(row) for pk, row in rows.items()})

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        # A filter decides for the next group as well.
        return {
            str(row.pk): group.pk in row.groups
            for row in _rows(by.community)
            if row.group_filter is None and row.state != State.DRAFT
        }

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        # In the same order in every transaction, so that no two wait for each other.
        for field, is_posted in sorted(values.items()):
            found = series.get(by=by, pk=int(field))
            series.set_group(
                series=found, group=group, included=is_posted, by=by, at=at
            )

    def list_options(self, by: Staff) -> list[base.Option]:
        values = ((True, IS_POSTED), (False, IS_NOT_POSTED))
        return [
            base.Option(str(row.pk), row.name, values)
            for row in _rows(by.community)
            if row.group_filter is None
        ]

    def is_visible_to(self, by: Staff) -> bool:
        # A change of a series concerns all of its groups.
        return by.groups is None and permissions.may(by, series.MANAGE)


def _unknown(number: str) -> str:
    return _("There is no series with the number %(n)s.") % {"n": number}


def _rows(community: Community) -> list[Series]:
    rows = Series.objects.filter(community=community).exclude(state=State.ARCHIVED)
    return list(rows.select_related("community").order_by("name", "pk"))


def _group_ids(row: Series) -> frozenset[int]:
    if row.group_filter is None:
        return frozenset(row.groups)
    return frozenset(series_groups.list_groups(row).values_list("pk", flat=True))


SERIES = base.declare(SeriesPart())
