"""The stage that groups are brought to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.groups import groups
from qunce.groups.groups import STATES, Group, Stage
from qunce.outreach.group_templates.parts import base

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


def find_transition(stage: str, wanted: str) -> str | None:
    """The transition that leads from one stage to another, if there is one."""
    for name, (origins, target) in STATES.transitions.items():
        if target == wanted and stage in origins:
            return name
    return None


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    stages: Mapping[int, str]

    def now(self, group: int) -> dict[str, Any]:
        return {"stage": self.stages[group]}

    def label(self, field: str) -> str:
        return _("Stage")

    def text(self, field: str, value: Any) -> str:
        return str(Stage(value).label) if value in Stage.values else _("none")

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        if find_transition(self.stages[group], value):
            return ""
        return _("A group that is %(stage)s cannot become %(wanted)s.") % {
            "stage": self.text(field, self.stages[group]),
            "wanted": self.text(field, value),
        }


class StagePart(base.Part):
    key = "stage"
    label = gettext_lazy("Stage")
    rank = 9
    is_copied = False

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        base.check_names(self, fields, ("stage",))
        for field, value in fields.items():
            base.check_choice(field, value, Stage.values)

    def list_options(self, by: Staff) -> list[base.Option]:
        values = tuple((stage.value, stage.label) for stage in Stage)
        return [base.Option("stage", gettext_lazy("Stage"), values)]

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        return Snapshot({group.pk: group.state for group in groups})

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        return {"stage": group.state}

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        transition = find_transition(group.state, values["stage"])
        if transition is not None:
            groups.change_stage(group=group, transition=transition, by=by, at=at)


STAGE = base.declare(StagePart())
