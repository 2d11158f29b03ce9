"""End: the run is over here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.outreach.playbooks.actions import Action, End, Ending, RunPosition
from qunce.outreach.playbooks.histories import History
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step

if TYPE_CHECKING:
    from qunce.outreach.playbooks.definitions import Definition


@base.register
@dataclass(frozen=True, kw_only=True)
class EndStep(Step):
    kind: ClassVar[str] = "end"
    icon: ClassVar[str] = "stop"
    rank: ClassVar[int] = 90
    label: ClassVar[StrOrPromise] = gettext_lazy("End here")
    description: ClassVar[StrOrPromise] = gettext_lazy("The run is over here.")
    ends: ClassVar[bool] = True

    def decide(
        self, definition: Definition, run: RunPosition, facts: History, at: datetime
    ) -> list[Action]:
        return [End(Ending.DONE, run.due_at)]
