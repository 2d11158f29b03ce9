"""A staff task: the text, up to 40 recipients at a time, and a shortcut per action.

J and K move between the rows, C copies, Space marks as sent and moves on, Enter does both,
X opens the reasons for a failure, T the tags, U undoes. Without JavaScript the same
buttons are forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.materials import presenters as material_presenters
from qunce.console.outreach import contact_rows, labels
from qunce.console.outreach.contact_rows import Contact
from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.campaigns import campaign_materials, content, results
from qunce.outreach.campaigns.campaigns import Target
from qunce.outreach.contact_budget import kept_places
from qunce.outreach.content import templates
from qunce.outreach.sending import (
    assisted_sending,
    campaign_tasks,
    message_materials,
    personal_addresses,
)
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Message, State

RECENT_PERIOD = timedelta(minutes=30)
MAX_DONE_SHOWN = 40


@dataclass(frozen=True)
class TaskRecipient:
    """A row of a task; `contact` is how the member is found in the chat app.

    `links` are the parts of materials that only this recipient gets.
    """

    recipient: Message
    name: str
    contact: Contact
    text: str
    chip: labels.Chip
    may_undo: bool
    reason: str
    links: list[str]

    @property
    def is_open(self) -> bool:
        return self.recipient.state == State.PLANNED


@http.page()
def task_detail(request: http.Request, pk: int) -> HttpResponse:
    return _render_task(request, campaign_tasks.get(by=request.staff, pk=pk))


def _render_task(
    request: http.Request, task: CampaignTask, error: str = "", status: int = 200
) -> HttpResponse:
    progress = results.progress_by_task([task])[task.pk]
    is_mine = campaign_tasks.may_do(task, request.staff)
    rows = _rows(request, task) if is_mine else []
    in_groups = task.campaign.target == Target.GROUPS
    is_same = content.is_same_for_all(task.campaign)
    context: dict[str, Any] = {
        "task": task,
        "campaign": task.campaign,
        "chip": labels.campaign_chip(task.campaign),
        "progress": progress,
        "rows": rows,
        "open_rows": sum(row.is_open for row in rows),
        "may_open": is_mine
        and assisted_sending.may_run(task.campaign)
        and task.unclaimed_count > 0,
        "next_size": min(task.unclaimed_count, assisted_sending.PAGE_SIZE),
        "is_mine": is_mine,
        "is_late": task.is_late(request.at),
        "same_text": templates.render(templates.parse(task.campaign.text), {})
        if is_same
        else None,
        "failures": skip_reasons.GROUP_FAILURES
        if in_groups
        else skip_reasons.MEMBER_FAILURES,
        "in_groups": in_groups,
        "parts": material_presenters.common_parts(
            campaign_materials.list_versions(task.campaign)
        ),
        "assignees": _possible_assignees(request, task),
        "error": error,
    }
    return http.render(
        request,
        "console/outreach/task_detail.html",
        context,
        part="console/outreach/_task.html",
        status=status,
    )


def _rows(request: http.Request, task: CampaignTask) -> list[TaskRecipient]:
    """Return open and recently done rows, ordered so that none moves when it is done."""
    open_now = list(campaign_tasks.list_open_messages(task))
    since = request.at - RECENT_PERIOD
    done = campaign_tasks.list_messages(task).filter(
        state__in=[State.MARKED, State.FAILED], changed_at__gte=since
    )
    latest = list(done.order_by("-changed_at")[:MAX_DONE_SHOWN])
    rows = sorted([*open_now, *latest], key=lambda row: row.target_id)
    visible = _visible_targets(request, task, [row.target_id for row in rows])
    return _present_rows(
        request, task, [row for row in rows if row.target_id in visible]
    )


def _visible_targets(
    request: http.Request, task: CampaignTask, targets: list[int]
) -> set[int]:
    """Return the targets that the user may still see since the rows were opened."""
    if task.campaign.target == Target.GROUPS:
        groups = group_visibility.list_visible(request.staff).filter(pk__in=targets)
        return set(groups.values_list("pk", flat=True))
    person_ids = account_queries.person_ids(targets)
    visible = visibility.filter_visible(
        by=request.staff, accounts=targets, at=request.at
    )
    return {target for target in targets if person_ids[target] in visible}


def _present_rows(
    request: http.Request, task: CampaignTask, rows: list[Message]
) -> list[TaskRecipient]:
    targets = [row.target_id for row in rows]
    names = content.recipient_names(task.campaign, targets, request.staff)
    texts = content.message_texts(task.campaign, targets, request.staff)
    links = _links(task, rows)
    kept_for = {row.kept_for_id for row in rows if row.kept_for_id}
    kept = kept_places.find_names(sorted(kept_for), request.staff)
    contacts: dict[int, Contact] = {}
    if task.campaign.target != Target.GROUPS:
        open_targets = [row.target_id for row in rows if row.state == "planned"]
        contacts = contact_rows.find(request, targets, with_remarks=open_targets)
    return [
        TaskRecipient(
            recipient=row,
            name=names[row.target_id],
            contact=contacts.get(row.target_id, Contact()),
            text=_with_personal_link(row, texts[row.target_id][0] or "", request),
            chip=labels.recipient_chip(row.state),
            may_undo=assisted_sending.may_undo(row, request.at),
            reason=skip_reasons.sentence(
                row.reason, kept_for=kept.get(row.kept_for_id or 0, "")
            )
            if row.reason
            else "",
            links=links[row.pk],
        )
        for row in rows
    ]


def _with_personal_link(row: Message, text: str, request: http.Request) -> str:
    """The text that staff post; what is done shows no link any more."""
    if row.is_group or row.state != State.PLANNED:
        return text
    return personal_addresses.fill_in(
        text,
        origin=row.origin,
        origin_id=row.origin_id,
        target=row.target_id,
        at=request.at,
    )


def _links(task: CampaignTask, rows: list[Message]) -> dict[int, list[str]]:
    """Message → what the recipient gets of materials with tracked links."""
    versions = campaign_materials.list_versions(task.campaign)
    common = material_presenters.common_parts(versions)
    parts = message_materials.list_parts(
        rows, {row.pk: versions for row in rows}, task.campaign.community
    )
    return {
        pk: [
            part.text for part, shown in zip(own, common, strict=True) if shown.differs
        ]
        for pk, own in parts.items()
    }


@require_POST
@http.page(task_permissions.DO_TASKS)
def open_next(request: http.Request, pk: int) -> HttpResponse:
    task = campaign_tasks.get(by=request.staff, pk=pk)
    assisted_sending.open_next(task=task, by=request.staff, at=request.at)
    return _respond(request, task)


@require_POST
@http.page(task_permissions.DO_TASKS)
def mark_sent(request: http.Request, pk: int, target: int) -> HttpResponse:
    return _run(request, pk, target, assisted_sending.mark_sent)


@require_POST
@http.page(task_permissions.DO_TASKS)
def mark_failed(request: http.Request, pk: int, target: int) -> HttpResponse:
    details = {
        "reason": request.POST.get("reason", ""),
        "note": request.POST.get("note", "").replace("\0", ""),
    }
    return _run(request, pk, target, assisted_sending.mark_failed, **details)


@require_POST
@http.page(task_permissions.DO_TASKS)
def undo(request: http.Request, pk: int, target: int) -> HttpResponse:
    return _run(request, pk, target, assisted_sending.undo)


def _run(
    request: http.Request,
    pk: int,
    target: int,
    verb: Callable[..., None],
    **details: str,
) -> HttpResponse:
    """Run an action on a row.

    If the row has changed in the meantime, the current rows are shown with the error.
    """
    task = campaign_tasks.get(by=request.staff, pk=pk)
    by, at = request.staff, request.at
    try:
        verb(task=task, target=target, by=by, at=at, **details)
    except (
        assisted_sending.RecipientNotOpen,
        assisted_sending.TooLateToUndo,
        errors.Invalid,
    ) as error:
        return _render_task(request, task, str(error), status=422)
    return _respond(request, campaign_tasks.get(by=by, pk=pk))


def _respond(request: http.Request, task: CampaignTask) -> HttpResponse:
    """Render the task. When no row is open any more, open the next ones."""
    running = assisted_sending.may_run(task.campaign)
    if (
        running
        and task.unclaimed_count
        and not campaign_tasks.list_open_messages(task).exists()
    ):
        try:
            assisted_sending.open_next(task=task, by=request.staff, at=request.at)
        except errors.Refused as error:
            # The mark before it is stored; quiet hours and materials stop what follows.
            return _render_task(request, task, str(error))
    if request.htmx:
        return _render_task(request, campaign_tasks.get(by=request.staff, pk=task.pk))
    return http.redirect_back(request, reverse("outreach:task-detail", args=[task.pk]))


def _possible_assignees(request: http.Request, task: CampaignTask) -> list[Any]:
    """Return the staff who can take over the rest of the task."""
    oversees = permissions.may(request.staff, task_permissions.OVERSEE_TASKS)
    if task.finished_at or not (oversees or task.staff_id == request.staff.pk):
        return []
    staff = task_permissions.list_assignable_staff(request.community)
    return [member for member in staff if member.pk != task.staff_id]
