"""The grid of an evening: groups × numbers, typed or pasted, and checked while typing."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.typed_numbers import forms, presenters
from qunce.console.typed_numbers.forms import PostedRow
from qunce.core import community_days, permissions, timestamps
from qunce.groups import visibility
from qunce.groups.groups import Group, Stage
from qunce.insight.typed_numbers import (
    evenings,
    measured,
    reminders,
    typed_numbers,
)
from qunce.insight.typed_numbers.evenings import Evening
from qunce.insight.typed_numbers.models import Field
from qunce.insight.typed_numbers.typed_numbers import Conflict

PAGE_SIZE = 100
NO_ROWS: dict[int, PostedRow] = {}


def _list_groups(request: http.Request, day: date) -> list[Group]:
    """The groups that exist on the day and are not retired, by name."""
    rows = visibility.list_visible(request.staff).exclude(state=Stage.DEAD)
    groups = rows.select_related("community").order_by("name", "pk")
    return [group for group in groups if typed_numbers.first_day(group) <= day]


@require_http_methods(["GET", "POST"])
@http.page()
def grid(request: http.Request) -> HttpResponse:
    if request.method == "GET":
        return _render(request, forms.read_day(request))
    day = forms.read_posted_day(request)
    permissions.check_may(request.staff, typed_numbers.TYPE)
    evening = _posted_evening(request, day)
    posted = {row.group.pk: forms.read_row(request, row) for row in evening.rows}
    saved = typed_numbers.save(
        community=request.community,
        entries=forms.list_entries(evening, posted),
        by=request.staff,
        at=request.at,
        seen_at=forms.read_seen_at(request),
    )
    refused = sum(len(row.errors) for row in posted.values()) + len(saved.conflicts)
    count = len(saved.changed)
    text = ngettext("%(n)s number saved.", "%(n)s numbers saved.", count) % {"n": count}
    if refused:
        left = ngettext(
            "%(n)s was not: the marked cell says why.",
            "%(n)s were not: the marked cells say why.",
            refused,
        ) % {"n": refused}
        return _render(request, day, posted, saved.conflicts, notice=f"{text} {left}")
    http.flash(request, text)
    url = reverse("typed_numbers:grid")
    page, every = request.POST.get("page", ""), request.POST.get("measured", "")
    query = f"?day={day}" + ("&measured=1" if every == "1" else "")
    query += f"&page={page}" if page.isascii() and page.isdigit() else ""
    return http.redirect_back(request, url + query)


@require_POST
@http.page(typed_numbers.TYPE)
def check(request: http.Request) -> HttpResponse:
    """The warnings about what is being typed, for the places where the grid shows them."""
    evening = _posted_evening(request, forms.read_posted_day(request))
    posted = {row.group.pk: forms.read_row(request, row) for row in evening.rows}
    context = {"rows": presenters.grid_rows(evening, posted), "is_swap": True}
    return http.render(request, "console/typed_numbers/_verdicts.html", context)


def _posted_evening(request: http.Request, day: date) -> Evening:
    """The evening of those groups of which the form has a cell."""
    ids = {
        int(parts[1])
        for name in request.POST
        if len(parts := name.split("-")) == 3 and parts[0] == "n"
        # Longer ones are no ids, and no database takes them.
        if parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19
    }
    visibility.check(by=request.staff, groups=ids)
    rows = visibility.list_visible(request.staff).filter(pk__in=ids)
    return evenings.load(
        community=request.community,
        groups=list(rows.select_related("community").order_by("name", "pk")),
        day=day,
        by=request.staff,
        at=request.at,
    )


def _render(
    request: http.Request,
    day: date,
    posted: dict[int, PostedRow] | None = None,
    conflicts: tuple[Conflict, ...] = (),
    notice: str = "",
) -> HttpResponse:
    """The grid; with `posted`, as it was posted and with what could not be saved."""
    evening = evenings.load(
        community=request.community,
        groups=_list_groups(request, day),
        day=day,
        by=request.staff,
        at=request.at,
    )
    form = request.POST if posted else request.GET
    with_measured = form.get("measured") == "1"
    offered = [row for row in evening.rows if with_measured or row.measured is None]
    pages: Page[Any] = Paginator(offered, PAGE_SIZE).get_page(form.get("page"))
    shown = evenings.Evening(day=day, rows=tuple(pages))
    today = community_days.to_date(request.community.day(request.at))
    context = {
        "day": day,
        "today": today,
        "rows": presenters.grid_rows(shown, posted or NO_ROWS, conflicts),
        "pages": pages,
        "next": paging.link(request, page=pages.number + 1) if pages.has_next() else "",
        "first": paging.link(request, page=None) if pages.number > 1 else "",
        "fields": Field,
        "measured_rows": []
        if with_measured
        else [row for row in evening.rows if row.measured is not None],
        "with_measured": with_measured,
        "quiet_days": measured.QUIET_DAYS,
        "notice": notice,
        "seen": timestamps.to_micros(request.at),
        "may_type": permissions.may(request.staff, typed_numbers.TYPE),
        "may_remind": permissions.may(request.staff, reminders.MANAGE),
        "hour": reminders.get_hour(request.community),
        "hours": range(24),
        **presenters.summary(evening),
        **presenters.steps(day, today),
    }
    return http.render(
        request,
        "console/typed_numbers/grid.html",
        context,
        status=422 if notice else 200,
    )


@require_GET
@http.page()
def history(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    day = forms.read_day(request) if "day" in request.GET else None
    rows = typed_numbers.list_history(group=group, day=day, by=request.staff)
    context = {"group": group, "day": day, "rows": presenters.history_rows(rows)}
    return http.render(request, "console/typed_numbers/history.html", context)
