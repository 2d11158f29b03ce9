"""Wait: for a time span, until a time of a later day, or until a weekday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.outreach.playbooks import delays
from qunce.outreach.playbooks.delays import Delay
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step

if TYPE_CHECKING:
    from qunce.outreach.playbooks.definitions import Definition


@base.register
@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    kind: ClassVar[str] = "wait"
    icon: ClassVar[str] = "clock"
    rank: ClassVar[int] = 30
    label: ClassVar[StrOrPromise] = gettext_lazy("Wait")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "For a time span, until a time of a later day, or until a weekday."
    )
    waits: ClassVar[bool] = True

    delay: Delay

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Wait:
        return cls(id=values["id"], delay=delays.parse(values.get("delay")))

    def fields(self) -> dict[str, Any]:
        return {"delay": self.delay.to_json()}

    def due_at(
        self, since: datetime, definition: Definition, zone: ZoneInfo
    ) -> datetime:
        return self.delay.ends_at(since, zone, definition.days)

    def phrase(self, names: Names) -> str:
        return _("Wait until %(when)s") % {"when": self.delay.phrase()}
