"""Pages of staff performance: the numbers, and the lists behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http, paging
from qunce.console.insight import chart_downloads
from qunce.console.insight.staff import presenters
from qunce.console.insight.staff.forms import StaffForm
from qunce.core import communities, day_texts, errors, permissions
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.insight import heat_maps, small_numbers
from qunce.insight.first_answers import conversations
from qunce.insight.staff_performance import lists, performance
from qunce.insight.staff_performance.lists import Kind
from qunce.insight.staff_performance.performance import Performance, Work
from qunce.members.search import export, member_list
from qunce.outreach import assigned_tasks

PAGE_SIZE, MAX_ROWS_OF_FILE = 50, 20_000
TASK_VIEWS = {
    assigned_tasks.CAMPAIGN: "outreach:task-detail",
    assigned_tasks.OTHER: "tasks:task-detail",
}


@require_GET
@http.page()
def overview(request: http.Request) -> HttpResponse:
    """The table by person; as a file with `as`."""
    form = _form(request)
    context: dict[str, Any] = {"form": form, "error": ""}
    status = 200
    order = request.GET.get("sort", "")
    try:
        found = performance.compute(by=request.staff, at=request.at, **form.query())
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        tables = presenters.tables(request, found, order)
        if "as" in request.GET:
            return _download(request, found, tables)
        context |= {
            "found": found,
            "tables": tables,
            "choices": presenters.sort_choices(tables),
            "outcome": _outcome(found),
            "download": paging.link(request) + "&as=",
            "order": order,
            "sees_others": len(found.rows) > 1,
            "least": small_numbers.MIN_PEOPLE,
            "silence": conversations.SILENCE_DAYS,
        }
    template = "console/insight/staff/performance.html"
    return http.render(request, template, context, status=status)


def _form(request: http.Request) -> StaffForm:
    default = performance.default_span(request.staff, request.at)
    return StaffForm(request.GET, default=default)


def _outcome(found: Performance) -> list[tuple[str, int, str]]:
    """What came of all conversations: label, number and the list behind it."""
    if found.outcome is None:
        return []
    counts = {
        Kind.OPENED: found.outcome.opened,
        Kind.ANSWERED: found.outcome.answered,
        Kind.WAITING: found.outcome.waiting,
        Kind.UNANSWERED: found.outcome.unanswered,
    }
    return [
        (
            str(kind.label),
            number,
            presenters.list_url("conversations", lists.ALL, kind, found),
        )
        for kind, number in counts.items()
    ]


def _download(
    request: http.Request, found: Performance, tables: Sequence[presenters.Table]
) -> HttpResponse:
    file_format = request.GET["as"]
    name = f"staff-{found.first.isoformat()}-{found.last.isoformat()}"
    if file_format in chart_downloads.TABLES:
        sections = presenters.sections_of(found)
        columns = [column for section in sections for column in section.columns]
        rows: list[list[object]] = [
            [_("Staff"), *(str(column.heading) for column in columns)]
        ]
        for row in presenters.sort(found.rows, request.GET.get("sort", ""), columns):
            who = row.staff.name if row.staff else _("Other accounts of staff")
            numbers = (column.number(row) for column in columns)
            rows.append([who, *("" if n is None else n for n in numbers)])
        return chart_downloads.render_table(rows, name, file_format)
    if file_format == "svg":
        bars = [
            heat_maps.Bar(
                row.staff.name if row.staff else _("Other accounts of staff"),
                round((row.answers.median or 0) / 60),
                day_texts.duration(row.answers.median or 0),
            )
            for row in found.rows
            if row.answers.median is not None
        ]
        svg = heat_maps.render_bars(bars, title=_("First-answer time in minutes"))
        response = HttpResponse(svg, content_type="image/svg+xml")
        response["Content-Disposition"] = f'attachment; filename="{name}.svg"'
        return response
    raise Http404


# Lists


@dataclass(frozen=True)
class Cell:
    label: str
    text: str
    href: str = ""


@dataclass(frozen=True)
class Listed:
    """`name` is that of its file."""

    name: str
    title: str
    headings: tuple[str, ...]
    total: int
    rows: list[tuple[Cell, ...]]


@require_GET
@http.page()
def conversation_list(request: http.Request, staff: str) -> HttpResponse:
    """The conversations of a number: who asked, where, and when they were answered."""
    kind = request.GET.get("of", Kind.ANSWERED)
    if "as" in request.GET:
        # It has the names of members.
        permissions.check_may(request.staff, export.EXPORT)
    person, ids, work = _load(request, staff)
    found = lists.list_conversations(work, kind=kind, staff=ids)
    shown = _page(request, found)
    openers = member_list.load_rows({line.opener for line in shown}, by=request.staff)
    names = {row.id: row.name or row.key for row in openers}
    groups = dict(visibility.list_visible(request.staff).values_list("pk", "name"))
    staff_names = {each.pk: each.name for each in work.staff}
    headings = (
        _("Member"),
        _("Group"),
        _("Wrote"),
        _("Answer after"),
        _("Answered by"),
    )
    rows = [
        _cells(
            headings,
            (
                names.get(line.opener, ""),
                reverse("members:detail", args=[line.opener]),
            ),
            (
                groups.get(line.group, "") if line.group else _("direct chat"),
                reverse("groups:detail", args=[line.group]) if line.group else "",
            ),
            (_moment(request, line.opened), ""),
            (_wait(line), ""),
            (
                staff_names.get(line.staff, _("another account of staff"))
                if line.answered
                else "",
                "",
            ),
        )
        for line in shown
    ]
    title = str(Kind(kind).label)
    listed = Listed("conversations", title, headings, len(found), rows)
    return _render(
        request,
        listed,
        "" if kind in lists.OF_ALL else staff,
        person,
        may_export=permissions.may(request.staff, export.EXPORT),
    )


def _wait(line: lists.ConversationLine) -> str:
    return "" if line.seconds is None else day_texts.duration(line.seconds)


@require_GET
@http.page()
def task_list(request: http.Request, staff: str) -> HttpResponse:
    """The tasks of a number, each with a link to it."""
    name = request.GET.get("of", "assigned")
    person, ids, work = _load(request, staff)
    found = lists.list_tasks(work, ending=name, staff=ids)
    staff_names = {each.pk: each.name for each in work.staff}
    headings = (
        _("Task"),
        _("Staff"),
        _("State"),
        _("Assigned"),
        _("Due"),
        _("Finished"),
    )
    rows = [
        _cells(
            headings,
            (task.title, reverse(TASK_VIEWS[task.kind], args=[task.pk])),
            (staff_names.get(task.staff, ""), ""),
            (str(task.ending.label), ""),
            *(
                (_moment(request, moment) if moment else "", "")
                for moment in (task.assigned_at, task.due_at, task.finished_at)
            ),
        )
        for task in _page(request, found)
    ]
    listed = Listed("tasks", _("Staff tasks"), headings, len(found), rows)
    return _render(request, listed, staff, person)


@require_GET
@http.page()
def group_list(request: http.Request, staff: str) -> HttpResponse:
    """The groups in which somebody wrote, and how many messages."""
    person, ids, work = _load(request, staff)
    counts = work.groups_of(ids)
    groups = dict(visibility.list_visible(request.staff).values_list("pk", "name"))
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    headings = (_("Group"), _("Messages"))
    rows = [
        _cells(
            headings,
            (groups.get(group, ""), reverse("groups:detail", args=[group])),
            (f"{number:,}", ""),
        )
        for group, number in _page(request, ordered)
    ]
    title = _("Messages of staff by group")
    listed = Listed("groups", title, headings, len(counts), rows)
    return _render(request, listed, staff, person)


def _load(request: http.Request, staff: str) -> tuple[Staff | None, list[int], Work]:
    person, ids = lists.find_staff(staff, by=request.staff)
    span = _form(request).span()
    return person, ids, performance.load(by=request.staff, at=request.at, **span)


def _page(request: http.Request, rows: Sequence[Any]) -> Sequence[Any]:
    """The rows of a page, or all rows of a file."""
    if "as" in request.GET:
        if len(rows) > MAX_ROWS_OF_FILE:
            raise errors.Invalid(
                _("A file can have at most %(n)s rows. Choose fewer days.")
                % {"n": f"{MAX_ROWS_OF_FILE:,}"}
            )
        return rows
    number = max(paging.parse_number(request, "page", 1, maximum=10_000), 1)
    return rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]


def _cells(headings: Sequence[str], *cells: tuple[str, str]) -> tuple[Cell, ...]:
    return tuple(
        Cell(label, text, href)
        for label, (text, href) in zip(headings, cells, strict=True)
    )


def _moment(request: http.Request, value: Any) -> str:
    return day_texts.moment(value, request.at, communities.zone(request.community))


def _render(
    request: http.Request,
    listed: Listed,
    staff: str,
    person: Staff | None,
    *,
    may_export: bool = True,
) -> HttpResponse:
    if "as" in request.GET:
        texts = [[cell.text for cell in row] for row in listed.rows]
        return chart_downloads.render_table(
            [listed.headings, *texts], f"staff-{listed.name}", request.GET["as"]
        )
    number = max(paging.parse_number(request, "page", 1, maximum=10_000), 1)
    span = {name: str(_form(request)[name].value()) for name in ("first", "last")}
    whose = person.name if person else ""
    if staff == lists.OTHERS:
        whose = _("Other accounts of staff")
    context = {
        "listed": listed,
        "download": paging.link(request, page=None, **{"as": ""}) if may_export else "",
        "whose": whose,
        "span": span,
        "back": f"{reverse('insight:staff')}?{urlencode(span)}",
        "next": paging.link(request, page=number + 1)
        if listed.total > number * PAGE_SIZE
        else "",
        "previous": paging.link(request, page=number - 1) if number > 1 else "",
    }
    return http.render(request, "console/insight/staff/list.html", context)
