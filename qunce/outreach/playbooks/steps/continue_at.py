"""Continue at another step further on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.outreach.playbooks.actions import Action, RunPosition
from qunce.outreach.playbooks.histories import History
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step

if TYPE_CHECKING:
    from qunce.outreach.playbooks.definitions import Definition
    from qunce.outreach.playbooks.validation import Resources


@base.register
@dataclass(frozen=True, kw_only=True)
class ContinueAt(Step):
    kind: ClassVar[str] = "continue_at"
    icon: ClassVar[str] = "arrow-turn-down-right"
    rank: ClassVar[int] = 100
    label: ClassVar[StrOrPromise] = gettext_lazy("Continue at another step")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "Leaves this branch and continues at a later step."
    )
    ends: ClassVar[bool] = True

    step: str

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> ContinueAt:
        if not isinstance(values.get("step"), str):
            raise base.InvalidStep(_("Choose the step at which to continue."))
        return cls(id=values["id"], step=values["step"])

    def targets(self) -> tuple[str, ...]:
        return (self.step,)

    def decide(
        self, definition: Definition, run: RunPosition, facts: History, at: datetime
    ) -> list[Action]:
        return [definition.arrive(self.step, run, at)]

    def problems(self, resources: Resources) -> Iterator[str]:
        if self.step not in resources.step_ids:
            yield _("continues at a step that does not exist.")

    def phrase(self, names: Names) -> str:
        return _("Continue at step %(step)s") % {"step": names.step(self.step)}
