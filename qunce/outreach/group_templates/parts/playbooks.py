"""Which playbooks for groups run in a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.groups.groups import Group
from qunce.outreach.group_templates.parts import base
from qunce.outreach.playbooks import excluded_groups, playbooks
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import Playbook, State

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

RUNS = pgettext_lazy("playbook in a group", "runs here")
LEAVES_OUT = pgettext_lazy("playbook in a group", "does not run here")


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    """`excluded` are pairs of a group and the key of a playbook that leaves it out."""

    playbooks: Mapping[str, Playbook]
    excluded: frozenset[tuple[int, str]]
    fields: tuple[str, ...]

    def now(self, group: int) -> dict[str, Any]:
        return {
            field: (group, field) not in self.excluded
            for field in self.fields
            if field in self.playbooks
        }

    def label(self, field: str) -> str:
        found = self.playbooks.get(field)
        return found.name if found else field

    def text(self, field: str, value: Any) -> str:
        if value is None:
            return _("none")
        return str(RUNS if value else LEAVES_OUT)

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        if field in self.playbooks:
            return ""
        return _unknown(field)


class Playbooks(base.Part):
    key = "playbooks"
    label = gettext_lazy("Playbooks")
    rank = 4

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        known = set(_rows(community).values_list("key", flat=True))
        base.check_flags(fields, known, _unknown)

    def list_options(self, by: Staff) -> list[base.Option]:
        values = ((True, RUNS), (False, LEAVES_OUT))
        rows = _rows(by.community).exclude(state=State.STOPPED)
        return [base.Option(row.key, row.name, values) for row in rows]

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        rows = {
            row.key: row for row in _rows(by.community).filter(key__in=list(fields))
        }
        pairs = excluded_groups.list_pairs(group.pk for group in groups if fields)
        return Snapshot(rows, pairs, tuple(fields))

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        live = _rows(by.community).exclude(state__in=[State.DRAFT, State.STOPPED])
        excluded = excluded_groups.list_pairs([group.pk])
        return {
            key: (group.pk, key) not in excluded
            for key in live.values_list("key", flat=True)
        }

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        for field, runs in values.items():
            playbook = playbooks.get_by_key(by=by, key=field)
            excluded_groups.set_excluded(
                playbook=playbook, group=group, excluded=not runs, by=by, at=at
            )

    def is_visible_to(self, by: Staff) -> bool:
        return playbooks.may_view(by)


def _unknown(key: str) -> str:
    return _("There is no playbook “%(key)s” for groups.") % {"key": key}


def _rows(community: Community) -> Any:
    rows = Playbook.objects.filter(community=community, subject=Subject.GROUP)
    return rows.order_by("name", "pk")


PLAYBOOKS = base.declare(Playbooks())
