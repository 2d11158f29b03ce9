"""Notify staff: a notice on the Today page of a person, or of staff with a role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.playbooks import assignees, staff_notices
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.assignees import Assignee, WithoutRole
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.work import DONE, Outcome, Work, WorkItem

if TYPE_CHECKING:
    from qunce.outreach.playbooks.validation import Resources

MAX_LENGTH = 200


@base.register
@dataclass(frozen=True, kw_only=True)
class NotifyStep(Step):
    """Nothing has to be done, and the run continues immediately."""

    kind: ClassVar[str] = "notify"
    icon: ClassVar[str] = "bell"
    rank: ClassVar[int] = 25
    label: ClassVar[StrOrPromise] = gettext_lazy("Notify staff")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "A notice on Today that names the member or the group, until it is seen."
    )
    acts: ClassVar[bool] = True

    text: str
    staff: str = ""
    role: str = ""
    without_role: str = WithoutRole.HOLD

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> NotifyStep:
        assignees.check_fields(values)
        text = base.check_text(values.get("text"), MAX_LENGTH)
        return cls(**{**values, "text": text})

    @property
    def assignee(self) -> Assignee:
        return Assignee(self.staff, self.role, self.without_role)

    def find_obstacle(self, community: Community, at: datetime) -> str:
        is_somebody = assignees.is_anybody(self.assignee, community)
        return "" if is_somebody else Obstacle.STAFF

    def perform(self, work: Work) -> list[Outcome]:
        return staff_notices.assign(work, self.assignee, self._notify)

    def _notify(self, work: Work, item: WorkItem, staff: Staff) -> Outcome:
        staff_notices.create(work=work, item=item, staff=staff, text=self.text)
        return DONE

    def problems(self, resources: Resources) -> Iterator[str]:
        yield from resources.assignee_problems(self.assignee)

    def phrase(self, names: Names) -> str:
        words = {"who": self.assignee.phrase(names) or "…", "text": self.text}
        return _("Notify %(who)s: %(text)s") % words
