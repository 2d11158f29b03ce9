"""The staff task for the picture or video of an idea: its maker and its due time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.ideas import ideas
from qunce.outreach.ideas.ideas import IdeaFact
from qunce.outreach.ideas.models import Idea, InvalidIdea
from qunce.outreach.tasks import requests, staff_tasks
from qunce.outreach.tasks.kinds.picture_or_video import PICTURE_OR_VIDEO
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequestNotFound
from qunce.outreach.tasks.staff_tasks import State as TaskState

MAX_URL_LENGTH = 500


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdeaAssigned(IdeaFact):
    """`staff` is who makes the picture or video."""

    kind = "idea.assigned"
    label = gettext_lazy("picture or video of an idea assigned")
    staff: str


@transaction.atomic
def assign(
    *, idea: Idea, staff: Staff, due_at: datetime, by: Staff, at: datetime
) -> StaffTask:
    """Ask a staff member for the picture or video. An open task for it is cancelled."""
    ideas.check_may_manage(by, idea)
    if idea.archived_at is not None:
        raise InvalidIdea(_("The idea is archived. Restore it first."))
    cancel_open(idea, by=by, at=at)
    draft = requests.Draft(
        kind=PICTURE_OR_VIDEO.key,
        title=idea.title,
        text=idea.note[: requests.MAX_TEXT],
        url=idea.url if len(idea.url) <= MAX_URL_LENGTH else "",
        staff=[staff.pk],
        due_at=due_at,
    )
    request = requests.create(draft=draft, by=by, at=at)
    Idea.objects.filter(pk=idea.pk).update(request=request)
    idea.request = request
    fact = IdeaAssigned(idea=idea.pk, name=idea.title, staff=staff.name)
    facts.record(fact, community=idea.community, by=by, at=at)
    return request.tasks.get()


@transaction.atomic
def unassign(*, idea: Idea, by: Staff, at: datetime) -> None:
    """Cancel the open task for the picture or video."""
    ideas.check_may_manage(by, idea)
    cancel_open(idea, by=by, at=at)


def cancel_open(idea: Idea, *, by: Staff, at: datetime) -> None:
    """Cancel the open task, in the caller's transaction and after its check."""
    request = idea.request
    if request is None or request.state != TaskState.OPEN:
        return
    try:
        requests.cancel(request=request, by=by, at=at)
    except TaskRequestNotFound:
        raise InvalidIdea(
            _(
                "%(name)s has asked for the picture or video. Only they or a "
                "manager can cancel that task."
            )
            % {"name": request.by.name}
        ) from None


# Reads


def find_tasks(found: list[Idea]) -> dict[int, StaffTask]:
    """Idea → the task for its picture or video, unless it was cancelled."""
    wanted = {idea.request_id: idea.pk for idea in found if idea.request_id}
    rows = StaffTask.objects.filter(request__in=wanted).exclude(
        state=TaskState.CANCELLED
    )
    return {
        wanted[row.request_id]: row
        for row in rows.select_related("staff", "request").order_by("pk")
    }


def list_late(found: list[Idea], at: datetime) -> set[int]:
    """The ids of ideas whose picture or video was due and is not there."""
    return {
        idea
        for idea, task in find_tasks(found).items()
        if task.state == TaskState.OPEN and task.is_late(at)
    }


def may_open(task: StaffTask, by: Staff) -> bool:
    """Whether `by` may see the page of the task."""
    return staff_tasks.list_visible(by).filter(pk=task.pk).exists()
