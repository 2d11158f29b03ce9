"""Staff task: a follow-up about the member, or a task in the group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import notes
from qunce.outreach.playbooks import assignees, staff_notices, undone
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.assignees import Assignee, WithoutRole
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.undone import DONE_KINDS, Undone
from qunce.outreach.playbooks.work import Outcome, Work, WorkItem

if TYPE_CHECKING:
    from qunce.outreach.playbooks.validation import Resources

MAX_LENGTH, MAX_HOURS = 200, 24 * 60


@base.register
@dataclass(frozen=True, kw_only=True)
class StaffTaskStep(Step):
    """Without `undone` the run continues immediately."""

    kind: ClassVar[str] = "staff_task"
    icon: ClassVar[str] = "clipboard-document-list"
    rank: ClassVar[int] = 20
    label: ClassVar[StrOrPromise] = gettext_lazy("Staff task")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "Something to do for a person or a role, on Today and on the member’s page."
    )
    acts: ClassVar[bool] = True

    text: str
    staff: str = ""
    role: str = ""
    without_role: str = WithoutRole.HOLD
    due_hours: int = 24
    undone: Undone | None = None

    @classmethod
    def field_names(cls) -> frozenset[str]:
        return (super().field_names() - {"undone"}) | {"if_undone"}

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> StaffTaskStep:
        assignees.check_fields(values)
        base.check_hours(values.get("due_hours", 24), 0, MAX_HOURS)
        fields = {k: v for k, v in values.items() if k != "if_undone"}
        return cls(
            **{
                **fields,
                "text": base.check_text(values.get("text"), MAX_LENGTH),
                "undone": undone.parse(values.get("if_undone")),
            }
        )

    def fields(self) -> dict[str, Any]:
        found = super().fields()
        found.pop("undone", None)
        if self.undone is not None:
            found["if_undone"] = self.undone.to_json()
        return found

    def texts(self) -> dict[str, str]:
        return {"": self.text}

    def kinds(self) -> frozenset[str]:
        return DONE_KINDS if self.undone else frozenset()

    @property
    def assignee(self) -> Assignee:
        return Assignee(self.staff, self.role, self.without_role)

    def find_obstacle(self, community: Community, at: datetime) -> str:
        is_somebody = assignees.is_anybody(self.assignee, community)
        return "" if is_somebody else Obstacle.STAFF

    def perform(self, work: Work) -> list[Outcome]:
        return staff_notices.assign(work, self.assignee, self._assign)

    def _assign(self, work: Work, item: WorkItem, staff: Staff) -> Outcome:
        due_at = work.at + timedelta(hours=self.due_hours)
        is_awaited = self.undone is not None
        if work.is_group:
            staff_notices.create(
                work=work, item=item, staff=staff, text=self.text, due_at=due_at
            )
            return Outcome(awaited=is_awaited)
        note = notes.create(
            account=Account(pk=item.target, community=work.community),
            next_step=self.text,
            due_at=due_at,
            staff=staff,
            by=work.by,
            at=work.at,
        )
        return Outcome(note=note.pk, awaited=is_awaited)

    def problems(self, resources: Resources) -> Iterator[str]:
        yield from resources.assignee_problems(self.assignee)
        if self.undone is not None:
            yield from resources.undone_problems(self.undone)

    def phrase(self, names: Names) -> str:
        words = {"text": self.text, "who": self.assignee.phrase(names)}
        sentence = _("Staff task: %(text)s") % words
        if self.role:
            sentence = _("Staff task for %(who)s: %(text)s") % words
        undone = [] if self.undone is None else [self.undone.phrase(names)]
        return base.with_details(sentence, undone)
