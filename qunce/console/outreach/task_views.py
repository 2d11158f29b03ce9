"""One's own task, row by row: the text once, forty receivers, a key for each step.

J and K walk the rows, C copies, Space marks and goes on, X says why not, U takes back.
Without JavaScript the same buttons are forms.
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
from qunce.console.outreach import labels
from qunce.core import errors, permissions
from qunce.groups import visibility as groupsight
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people, remark_names, visibility
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, results, review
from qunce.outreach.campaigns.campaigns import Target
from qunce.outreach.content import templates
from qunce.outreach.sending import assisted_sending, recipients, tasks
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.tasks import Task

RECENT_PERIOD = timedelta(minutes=30)
MAX_DONE_SHOWN = 40


@dataclass(frozen=True)
class TaskRecipient:
    """`also` is what else they are called: the remark name."""

    recipient: Recipient
    name: str
    also: str
    text: str
    chip: labels.Chip
    may_undo: bool
    reason: str

    @property
    def is_open(self) -> bool:
        return self.recipient.state == State.PLANNED


@http.page()
def task_detail(request: http.Request, pk: int) -> HttpResponse:
    return _render_task(request, tasks.get(by=request.staff, pk=pk))


def _render_task(
    request: http.Request, found: Task, wrong: str = "", status: int = 200
) -> HttpResponse:
    progress = results.progress_by_task([found])[found.pk]
    mine = tasks.may_do(found, request.staff)
    rows = _rows(request, found) if mine else []
    context: dict[str, Any] = {
        "task": found,
        "campaign": found.campaign,
        "chip": labels.campaign_chip(found.campaign),
        "progress": progress,
        "rows": rows,
        "open_rows": sum(row.is_open for row in rows),
        "may_open": mine
        and assisted_sending.may_run(found.campaign)
        and found.unclaimed_count > 0,
        "next_size": min(found.unclaimed_count, assisted_sending.PAGE_SIZE),
        "mine": mine,
        "late": found.is_late(request.at),
        "same_text": _same_text(found),
        "cannot": _failure_choices(found),
        "takers": _possible_assignees(request, found),
        "wrong": wrong,
    }
    return http.render(
        request,
        "console/outreach/task.html",
        context,
        part="console/outreach/_desk.html",
        status=status,
    )


def _failure_choices(found: Task) -> tuple[skip_reasons.SendFailure, ...]:
    if found.campaign.target == Target.GROUPS:
        return skip_reasons.GROUP_FAILURES
    return skip_reasons.MEMBER_FAILURES


def _possible_assignees(request: http.Request, found: Task) -> list[Any]:
    """To whom what is left can be given."""
    oversees = permissions.may(request.staff, campaigns.OVERSEE_TASKS)
    if found.finished_at or not (oversees or found.staff_id == request.staff.pk):
        return []
    staff = campaigns.list_assignable_staff(request.community)
    return [one for one in staff if one.pk != found.staff_id]


def _same_text(found: Task) -> str | None:
    """The text, where it is one for all."""
    pieces = templates.parse(found.campaign.text)
    if templates.variable_names(pieces):
        return None
    return templates.render(pieces, {})


def _rows(request: http.Request, found: Task) -> list[TaskRecipient]:
    """What is open, and what was done just now, in one order that does not jump."""
    open_now = list(recipients.list_open(found))
    since = request.at - RECENT_PERIOD
    done = recipients.list_of_task(found).filter(
        state__in=[State.MARKED, State.FAILED], changed_at__gte=since
    )
    latest = list(done.order_by("-changed_at")[:MAX_DONE_SHOWN])
    chosen = sorted([*open_now, *latest], key=lambda row: row.target_id)
    seen = _visible_targets(request, found, [row.target_id for row in chosen])
    return _present_rows(
        request, found, [row for row in chosen if row.target_id in seen]
    )


def _visible_targets(
    request: http.Request, found: Task, targets: list[int]
) -> set[int]:
    """Whoever has gone out of sight since the row was opened is not shown any more."""
    if found.campaign.target == Target.GROUPS:
        listed = groupsight.list_visible(request.staff).filter(pk__in=targets)
        return set(listed.values_list("pk", flat=True))
    heads = account_queries.person_ids(targets)
    seen = visibility.filter_visible(by=request.staff, accounts=targets, at=request.at)
    return {target for target in targets if heads[target] in seen}


def _present_rows(
    request: http.Request, found: Task, rows: list[Recipient]
) -> list[TaskRecipient]:
    targets = [row.target_id for row in rows]
    names = review.recipient_names(found.campaign, targets, request.staff)
    texts = review.render_texts(found.campaign, targets, request.staff)
    also = _remark_names(
        request, found, [row.target_id for row in rows if row.state == "planned"]
    )
    return [
        TaskRecipient(
            recipient=row,
            name=names[row.target_id],
            also=also.get(row.target_id, ""),
            text=texts[row.target_id][0] or "",
            chip=labels.recipient_chip(row.state),
            may_undo=assisted_sending.may_undo(row, request.at),
            reason=skip_reasons.label_of(row.reason) if row.reason else "",
        )
        for row in rows
    ]


def _remark_names(
    request: http.Request, found: Task, targets: list[int]
) -> dict[int, str]:
    """Remark names, where the community has a pattern for them."""
    pattern = remark_names.get_pattern(request.community)
    if (
        found.campaign.target == Target.GROUPS
        or pattern.text == remark_names.DEFAULT_PATTERN
    ):
        return {}
    keys = account_queries.keys_by_id(request.community, targets)
    return {
        target: remark_names.render_for(people.get_by_account(target), by=request.staff)
        for target in keys
    }


# What is done


@require_POST
@http.page(campaigns.DO_TASKS)
def open_next(request: http.Request, pk: int) -> HttpResponse:
    found = tasks.get(by=request.staff, pk=pk)
    assisted_sending.open_next(task=found, by=request.staff, at=request.at)
    return _respond(request, found)


@require_POST
@http.page(campaigns.DO_TASKS)
def mark_sent(request: http.Request, pk: int, target: int) -> HttpResponse:
    return _run(request, pk, target, assisted_sending.mark_sent)


@require_POST
@http.page(campaigns.DO_TASKS)
def mark_failed(request: http.Request, pk: int, target: int) -> HttpResponse:
    given = {
        "reason": request.POST.get("reason", ""),
        "note": request.POST.get("note", "").replace("\0", ""),
    }
    return _run(request, pk, target, assisted_sending.mark_failed, **given)


@require_POST
@http.page(campaigns.DO_TASKS)
def undo(request: http.Request, pk: int, target: int) -> HttpResponse:
    return _run(request, pk, target, assisted_sending.undo)


def _run(
    request: http.Request,
    pk: int,
    target: int,
    verb: Callable[..., None],
    **given: str,
) -> HttpResponse:
    """A row that is gone meanwhile is no error page: the list is shown as it is now."""
    found = tasks.get(by=request.staff, pk=pk)
    by, at = request.staff, request.at
    try:
        verb(task=found, target=target, by=by, at=at, **given)
    except (
        assisted_sending.RecipientNotOpen,
        assisted_sending.TooLateToUndo,
        errors.Invalid,
    ) as error:
        return _render_task(request, found, str(error), status=422)
    return _respond(request, tasks.get(by=by, pk=pk))


def _respond(request: http.Request, found: Task) -> HttpResponse:
    """The last open row opens the next ones by itself."""
    running = assisted_sending.may_run(found.campaign)
    if running and found.unclaimed_count and not recipients.list_open(found).exists():
        assisted_sending.open_next(task=found, by=request.staff, at=request.at)
    if request.htmx:
        return _render_task(request, tasks.get(by=request.staff, pk=found.pk))
    return http.redirect_back(request, reverse("outreach:task-detail", args=[found.pk]))
