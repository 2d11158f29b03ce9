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

from qunce.console import entry
from qunce.console.outreach import words
from qunce.core import access, errors
from qunce.groups import sight as groupsight
from qunce.members import people, remarks, roster, sight
from qunce.outreach import (
    byhand,
    campaigns,
    reasons,
    recipients,
    results,
    reviews,
    tasks,
    variables,
)
from qunce.outreach.campaigns import Target
from qunce.outreach.recipients import Recipient, State
from qunce.outreach.tasks import Task

RECENT = timedelta(minutes=30)
DONE_SHOWN = 40


@dataclass(frozen=True)
class Row:
    """`also` is what else they are called: the remark name."""

    recipient: Recipient
    name: str
    also: str
    text: str
    chip: words.Chip
    may_undo: bool
    reason: str

    @property
    def is_open(self) -> bool:
        return self.recipient.state == State.PLANNED


@entry.page()
def task(request: entry.Request, pk: int) -> HttpResponse:
    return _page(request, tasks.get(by=request.operator, pk=pk))


def _page(
    request: entry.Request, found: Task, wrong: str = "", status: int = 200
) -> HttpResponse:
    progress = results.by_task([found])[found.pk]
    mine = tasks.may_do(found, request.operator)
    rows = _rows(request, found) if mine else []
    context: dict[str, Any] = {
        "task": found,
        "campaign": found.campaign,
        "chip": words.of_campaign(found.campaign),
        "progress": progress,
        "rows": rows,
        "open_rows": sum(row.is_open for row in rows),
        "may_open": mine and byhand.may_run(found.campaign) and found.waiting > 0,
        "next_size": min(found.waiting, byhand.PAGE),
        "mine": mine,
        "late": found.is_late(request.at),
        "same_text": _same_text(found),
        "cannot": _cannot(found),
        "takers": _takers(request, found),
        "wrong": wrong,
    }
    return entry.render(
        request,
        "console/outreach/task.html",
        context,
        part="console/outreach/_desk.html",
        status=status,
    )


def _cannot(found: Task) -> tuple[reasons.Cannot, ...]:
    if found.campaign.target == Target.GROUPS:
        return reasons.OF_GROUPS
    return reasons.OF_MEMBERS


def _takers(request: entry.Request, found: Task) -> list[Any]:
    """To whom what is left can be given."""
    oversees = access.may(request.operator, campaigns.OVERSEE)
    if found.finished_at or not (oversees or found.operator_id == request.operator.pk):
        return []
    staff = campaigns.assignable(request.community)
    return [one for one in staff if one.pk != found.operator_id]


def _same_text(found: Task) -> str | None:
    """The text, where it is one for all."""
    pieces = variables.parse(found.campaign.text)
    if variables.asked(pieces):
        return None
    return variables.render(pieces, {})


def _rows(request: entry.Request, found: Task) -> list[Row]:
    """What is open, and what was done just now, in one order that does not jump."""
    open_now = list(recipients.planned(found))
    since = request.at - RECENT
    done = recipients.of_task(found).filter(
        state__in=[State.MARKED, State.FAILED], changed_at__gte=since
    )
    latest = list(done.order_by("-changed_at")[:DONE_SHOWN])
    chosen = sorted([*open_now, *latest], key=lambda row: row.target_id)
    seen = _seen(request, found, [row.target_id for row in chosen])
    return _shown(request, found, [row for row in chosen if row.target_id in seen])


def _seen(request: entry.Request, found: Task, targets: list[int]) -> set[int]:
    """Whoever has gone out of sight since the row was opened is not shown any more."""
    if found.campaign.target == Target.GROUPS:
        listed = groupsight.listed(request.operator).filter(pk__in=targets)
        return set(listed.values_list("pk", flat=True))
    heads = roster.heads_of(targets)
    seen = sight.only(by=request.operator, accounts=targets, at=request.at)
    return {target for target in targets if heads[target] in seen}


def _shown(request: entry.Request, found: Task, rows: list[Recipient]) -> list[Row]:
    targets = [row.target_id for row in rows]
    names = reviews.named(found.campaign, targets, request.operator)
    texts = reviews.resolved(found.campaign, targets, request.operator)
    also = _also(
        request, found, [row.target_id for row in rows if row.state == "planned"]
    )
    return [
        Row(
            recipient=row,
            name=names[row.target_id],
            also=also.get(row.target_id, ""),
            text=texts[row.target_id][0] or "",
            chip=words.of_recipient(row.state),
            may_undo=byhand.may_undo(row, request.at),
            reason=reasons.spoken(row.reason) if row.reason else "",
        )
        for row in rows
    ]


def _also(request: entry.Request, found: Task, targets: list[int]) -> dict[int, str]:
    """Remark names, where the community has a pattern for them."""
    pattern = remarks.pattern_of(request.community)
    if found.campaign.target == Target.GROUPS or pattern.text == remarks.USUAL:
        return {}
    keys = roster.keys_of(request.community, targets)
    return {
        target: remarks.of(people.of(target), by=request.operator) for target in keys
    }


# What is done


@require_POST
@entry.page(campaigns.TAKE_PART)
def open_next(request: entry.Request, pk: int) -> HttpResponse:
    found = tasks.get(by=request.operator, pk=pk)
    byhand.open_next(task=found, by=request.operator, at=request.at)
    return _after(request, found)


@require_POST
@entry.page(campaigns.TAKE_PART)
def mark(request: entry.Request, pk: int, target: int) -> HttpResponse:
    return _do(request, pk, target, byhand.mark)


@require_POST
@entry.page(campaigns.TAKE_PART)
def cannot(request: entry.Request, pk: int, target: int) -> HttpResponse:
    given = {
        "reason": request.POST.get("reason", ""),
        "note": request.POST.get("note", "").replace("\0", ""),
    }
    return _do(request, pk, target, byhand.cannot, **given)


@require_POST
@entry.page(campaigns.TAKE_PART)
def undo(request: entry.Request, pk: int, target: int) -> HttpResponse:
    return _do(request, pk, target, byhand.undo)


def _do(
    request: entry.Request,
    pk: int,
    target: int,
    verb: Callable[..., None],
    **given: str,
) -> HttpResponse:
    """A row that is gone meanwhile is no error page: the list is shown as it is now."""
    found = tasks.get(by=request.operator, pk=pk)
    by, at = request.operator, request.at
    try:
        verb(task=found, target=target, by=by, at=at, **given)
    except (byhand.NotOpen, byhand.TooLateToUndo, errors.Invalid) as error:
        return _page(request, found, str(error), status=422)
    return _after(request, tasks.get(by=by, pk=pk))


def _after(request: entry.Request, found: Task) -> HttpResponse:
    """The last open row opens the next ones by itself."""
    running = byhand.may_run(found.campaign)
    if running and found.waiting and not recipients.planned(found).exists():
        byhand.open_next(task=found, by=request.operator, at=request.at)
    if request.htmx:
        return _page(request, tasks.get(by=request.operator, pk=found.pk))
    return entry.back(request, reverse("outreach:task", args=[found.pk]))
