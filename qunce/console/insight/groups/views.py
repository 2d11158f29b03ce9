"""All groups side by side, their sum, and the different people in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from django_stubs_ext import StrOrPromise

from qunce.console import http, paging
from qunce.console.insight import chart_downloads, presenters
from qunce.console.insight.views import SPAN_CHOICES, parse_span
from qunce.groups import visibility
from qunce.groups.groups import Group, Stage
from qunce.insight import group_comparison, metrics, ratios
from qunce.insight.group_comparison import GroupComparison, GroupRow
from qunce.insight.metric_definitions import GROUP, METRICS
from qunce.insight.metric_query import MetricQuery
from qunce.insight.typed_numbers import evenings

PAGE_SIZE = 100
COLUMNS: dict[str, str] = {
    "members": "members_now",
    "active": "active_members",
    "speakers": "speakers",
    "messages": "messages",
    "interactions": "interactions",
    "joins": "joins",
    "leaves": "leaves",
    "net_growth": "net_growth",
}
"""Column → the metric whose number it is, from left to right."""
METRICS_OF_PEOPLE = {
    "active": "active_members",
    "speakers": "speakers",
    "messages": "speakers",
    "interactions": "interacting_members",
}
"""Column → the metric of the people behind its number."""
MOVES = {"joins": "group.joined", "leaves": "group.left"}
ELSEWHERE = ("messages", "interactions")
"""What also happens in no group, such as clicks in direct messages."""
HEADINGS: dict[str, StrOrPromise] = {
    "members": gettext_lazy("Members now"),
    "active": gettext_lazy("Active"),
    "speakers": gettext_lazy("Wrote"),
    "messages": gettext_lazy("Messages"),
    "interactions": gettext_lazy("Interactions"),
    "joins": gettext_lazy("Joins"),
    "leaves": gettext_lazy("Leaves"),
    "net_growth": gettext_lazy("Net growth"),
}


@dataclass(frozen=True)
class Heading:
    """`href` sorts by the column; `definition` is that of its metric."""

    column: str
    label: str
    definition: str
    href: str
    is_sorted: bool


@dataclass(frozen=True)
class Number:
    label: str
    text: str
    href: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """`typed` is the day and the number of the last typed members, None without one."""

    group: Group
    numbers: tuple[Number, ...]
    active_by_day: Sequence[int]
    typed: tuple[date, int] | None = None
    is_measured: bool = True


@require_GET
@http.page()
def compare(request: http.Request) -> HttpResponse:
    """The table, sorted by a column; retired groups are left out."""
    span = parse_span(request)
    groups = visibility.list_visible(request.staff).exclude(state=Stage.DEAD)
    names = dict(groups.values_list("pk", "name"))
    compared = group_comparison.load(
        by=request.staff, group_ids=sorted(names), span=span, at=request.at
    )
    order = request.GET.get("sort", "")
    order = order if order in ("name", *COLUMNS) else "members"
    ranked = group_comparison.sort(compared.rows, names, order=order)
    if "as" in request.GET:
        return _download(request, ranked, names, compared)
    page = max(paging.parse_number(request, "page", 1, maximum=10_000), 1)
    shown = ranked[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    found = groups.in_bulk([row.group_id for row in shown])
    typed = _typed_members(request, names)
    rows = [
        replace(
            _row(request, found[row.group_id], row, compared),
            typed=typed.get(row.group_id),
            is_measured=_is_measured(row, typed),
        )
        for row in shown
    ]
    context = {
        "rows": rows,
        "are_typed": bool(typed),
        "total": len(ranked),
        "headings": [_heading(request, column, order) for column in ("name", *COLUMNS)],
        "sums": _sums(compared),
        "people": _people(compared),
        "elsewhere": _list_elsewhere(request, compared),
        "overlap": compared.together["members"].overlap,
        "span": span,
        "first": compared.first,
        "last": compared.last,
        "download": paging.link(request, **{"as": ""}),
        "next": paging.link(request, page=page + 1)
        if len(ranked) > page * PAGE_SIZE
        else "",
        "previous": paging.link(request, page=page - 1) if page > 1 else "",
        "spans": [
            (days, _("%(n)s days") % {"n": days}, days == span) for days in SPAN_CHOICES
        ],
    }
    return http.render(request, "console/insight/groups.html", context)


def _typed_members(
    request: http.Request, names: Mapping[int, str]
) -> dict[int, tuple[date, int]]:
    """Group → the day and the number of the members that were typed last."""
    groups = visibility.list_visible(request.staff).filter(pk__in=names)
    latest = evenings.load_latest(
        groups=list(groups.select_related("community")),
        by=request.staff,
        at=request.at,
    )
    return {
        pk: (day, members)
        for pk, (day, row) in latest.items()
        if (members := row.numbers.get("members")) is not None
    }


def _is_measured(row: GroupRow, typed: Mapping[int, tuple[date, int]]) -> bool:
    """False for a group that staff count by hand and nothing else reports."""
    return row.group_id not in typed or any(getattr(row, name) for name in COLUMNS)


def _heading(request: http.Request, column: str, order: str) -> Heading:
    if column == "name":
        label, definition = _("Group"), ""
    else:
        label = str(HEADINGS[column])
        definition = METRICS[COLUMNS[column]].definition_for(GROUP)
    href = paging.link(request, sort=column, page=None)
    return Heading(column, label, definition, href, column == order)


def _row(
    request: http.Request, group: Group, row: GroupRow, compared: GroupComparison
) -> Row:
    numbers = []
    for column in COLUMNS:
        number, note = getattr(row, column), ""
        if column == "active" and row.active_share is not None:
            note = ratios.format_percent(row.active_share)
        numbers.append(
            Number(
                str(HEADINGS[column]),
                format_number(number, signed=column == "net_growth"),
                _people_url(request, group, column, compared.first, compared.last)
                if number
                else "",
                note,
            )
        )
    return Row(group, tuple(numbers), row.active_by_day)


def _people_url(
    request: http.Request, group: Group, column: str, first: date, last: date
) -> str:
    """The list of the people behind a number; "" for a difference."""
    if column == "members":
        return f"{reverse('members:list')}?group={group.pk}"
    if column not in (*METRICS_OF_PEOPLE, *MOVES):
        return ""
    query = metrics.create_query(
        community=request.community,
        first=first,
        last=last,
        by=request.staff,
        at=request.at,
        group=group.key,
    )
    return presenters.members_url(_people_rule(query, column))


def _people_rule(query: MetricQuery, column: str) -> dict[str, Any] | None:
    """The people behind a number, who may have left since."""
    if column in MOVES:
        where = {"where": {"group": [query.group]}}
        return {"with_left": {"did": {"kind": MOVES[column], **where, **query.window}}}
    rule = METRICS[METRICS_OF_PEOPLE[column]].rule
    return rule(query) if rule is not None else None


def _sums(compared: GroupComparison) -> list[Number]:
    totals = {column: each.total for column, each in compared.together.items()}
    totals |= compared.totals
    return [
        Number(
            str(HEADINGS[column]),
            format_number(totals[column], signed=column == "net_growth"),
        )
        for column in COLUMNS
    ]


def _people(compared: GroupComparison) -> list[Number]:
    """Different people; empty for what is no number of people."""
    return [
        Number(
            str(HEADINGS[column]),
            f"{compared.together[column].people:,}"
            if column in compared.together
            else "",
        )
        for column in COLUMNS
    ]


def _list_elsewhere(request: http.Request, compared: GroupComparison) -> list[Number]:
    """What happened in none of these groups; empty if all did in one of them.

    It makes the sum of the groups agree with the number on the overview.
    """
    numbers = metrics.compute_for_community(
        community=request.community,
        first=compared.first,
        last=compared.last,
        by=request.staff,
        at=request.at,
        names=ELSEWHERE,
    )
    rest = {name: sum(numbers[name]) - compared.totals[name] for name in ELSEWHERE}
    if not any(number > 0 for number in rest.values()):
        return []
    return [
        Number(
            str(HEADINGS[column]),
            format_number(rest[column]) if rest.get(column, 0) > 0 else "",
        )
        for column in COLUMNS
    ]


def format_number(number: int, *, signed: bool = False) -> str:
    text = f"{number:+,}" if signed and number else f"{number:,}"
    return text.replace("-", "\N{MINUS SIGN}")


def _download(
    request: http.Request,
    rows: Sequence[GroupRow],
    names: dict[int, str],
    compared: GroupComparison,
) -> HttpResponse:
    typed = _typed_members(request, names)
    headings = [str(HEADINGS[column]) for column in COLUMNS]
    if typed:
        headings += [_("Members, typed"), _("Typed for")]
    table: list[list[Any]] = [[_("Group"), *headings]]
    for row in rows:
        day, members = typed.get(row.group_id, ("", ""))
        is_measured = _is_measured(row, typed)
        table.append(
            [
                names[row.group_id],
                *(getattr(row, column) if is_measured else "" for column in COLUMNS),
                *([members, str(day)] if typed else ()),
            ]
        )
    together, totals = compared.together, compared.totals
    table.append(
        [
            _("All groups together"),
            *(
                together[column].total if column in together else totals[column]
                for column in COLUMNS
            ),
        ]
    )
    table.append(
        [
            _("Different people"),
            *(
                together[column].people if column in together else ""
                for column in COLUMNS
            ),
        ]
    )
    name = f"groups-{compared.first.isoformat()}-{compared.last.isoformat()}"
    return chart_downloads.render_table(table, name, request.GET["as"])
