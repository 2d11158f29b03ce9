"""One staff task: the text to copy, members with one tap each, the result, the proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.materials import file_views
from qunce.console.tasks import presenters
from qunce.core import errors, permissions
from qunce.members.search import search
from qunce.outreach import task_permissions
from qunce.outreach.content import files
from qunce.outreach.report_deliveries import deliveries
from qunce.outreach.tasks import outcomes, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask, State
from qunce.sidebar import member_search

MAX_HITS = 8


@require_GET
@http.page()
def task_detail(request: http.Request, pk: int) -> HttpResponse:
    task = staff_tasks.get(by=request.staff, pk=pk)
    report = deliveries.find_report(task)
    if report is not None:
        return redirect("insight:report", report)
    return _render(request, task)


def _render(
    request: http.Request, task: StaffTask, error: str = "", status: int = 200
) -> HttpResponse:
    (line,) = presenters.task_lines(request, [task])
    is_mine = task.staff_id == request.staff.pk
    query = request.GET.get("q", "").strip()[: search.MAX_QUERY_LENGTH]
    kind = task.request.task_kind
    context: dict[str, Any] = {
        "task": task,
        "task_request": task.request,
        "kind": kind,
        "layer": presenters.layer_name(task.request),
        "audience": presenters.audience_of(request, task.request),
        "line": line,
        "rows": presenters.target_rows(request, task) if is_mine else [],
        "is_mine": is_mine,
        "may_do": staff_tasks.may_do(task, request.staff),
        "assignees": _possible_assignees(request, task),
        "query": query,
        "hits": _find(request, task, query) if query and kind.is_open_list else [],
        "error": error,
    }
    return http.render(
        request,
        "console/tasks/task_detail.html",
        context,
        part="console/tasks/_task.html",
        status=status,
    )


def _find(request: http.Request, task: StaffTask, query: str) -> list[tuple[int, str]]:
    """Members whose reaction can be recorded, without those who have one already."""
    people = member_search.suggest(
        by=request.staff, query=query, at=request.at, limit=MAX_HITS
    )
    known = set(task.targets.values_list("target_id", flat=True))
    names = presenters.member_names(people, request.staff)
    return [(pk, names[pk]) for pk in people if pk not in known]


def _possible_assignees(request: http.Request, task: StaffTask) -> list[Any]:
    oversees = permissions.may(request.staff, task_permissions.OVERSEE_TASKS)
    if task.state != State.OPEN or not (oversees or task.staff_id == request.staff.pk):
        return []
    staff = task_permissions.list_assignable_staff(request.community)
    return [member for member in staff if member.pk != task.staff_id]


@require_POST
@http.page(task_permissions.DO_TASKS)
def record(request: http.Request, pk: int, account: int) -> HttpResponse:
    outcome = request.POST.get("outcome", "")
    return _run(request, pk, outcomes.record, account=account, outcome=outcome)


@require_POST
@http.page(task_permissions.DO_TASKS)
def undo(request: http.Request, pk: int, account: int) -> HttpResponse:
    return _run(request, pk, outcomes.undo, account=account)


@require_POST
@http.page(task_permissions.DO_TASKS)
def finish(request: http.Request, pk: int) -> HttpResponse:
    task = staff_tasks.get(by=request.staff, pk=pk)
    result = {
        field.name: request.POST.get(field.name, "").replace("\0", "")
        for field in task.request.task_kind.fields
    }
    note = request.POST.get("note", "").replace("\0", "")
    return _run(request, pk, outcomes.finish, result=result, note=note)


@require_http_methods(["GET", "POST"])
@http.page()
def proof(request: http.Request, pk: int) -> HttpResponseBase:
    """Upload the picture, or see it."""
    task = staff_tasks.get(by=request.staff, pk=pk)
    if request.method == "POST":
        upload = request.FILES.get("proof")
        if upload is None:
            return _render(request, task, _("Choose a picture."), status=422)
        name = upload.name or ""
        return _run(request, pk, outcomes.attach_proof, content=upload, name=name)
    if task.proof is None:
        raise Http404
    files.check_on_disk(task.proof)
    response = file_views.respond(
        request,
        files.path_of(task.proof),
        media_type=task.proof.media_type,
        etag=task.proof.digest,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@http.page(task_permissions.DO_TASKS)
def hand_over(request: http.Request, pk: int) -> HttpResponse:
    task = staff_tasks.get(by=request.staff, pk=pk)
    chosen = request.POST.get("to", "")
    people = {str(one.pk): one for one in _possible_assignees(request, task)}
    if chosen not in people:
        raise errors.Invalid(_("Choose a staff member to hand over to."))
    outcomes.hand_over(task=task, to=people[chosen], by=request.staff, at=request.at)
    text = _("Handed over to %(name)s.") % {"name": people[chosen].name}
    http.flash(request, text)
    oversees = permissions.may(request.staff, task_permissions.OVERSEE_TASKS)
    if oversees and not request.staff.is_scoped:
        url = reverse("tasks:request-detail", args=[task.request_id])
    else:
        url = reverse("tasks:task-list")
    return http.redirect_back(request, url)


def _run(
    request: http.Request, pk: int, verb: Callable[..., None], **given: Any
) -> HttpResponse:
    """Run an action; what refuses it is shown beside the current rows."""
    task = staff_tasks.get(by=request.staff, pk=pk)
    try:
        verb(task=task, by=request.staff, at=request.at, **given)
    except (errors.Refused, errors.Invalid) as error:
        if isinstance(error, permissions.NotAllowed):
            raise
        current = staff_tasks.get(by=request.staff, pk=pk)
        return _render(request, current, str(error), status=422)
    if request.htmx:
        return _render(request, staff_tasks.get(by=request.staff, pk=pk))
    return http.redirect_back(request, reverse("tasks:task-detail", args=[pk]))
