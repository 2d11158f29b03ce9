"""Pages of people in several groups: sets, a board, the clean-up and its runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.overlaps import presenters
from qunce.console.overlaps.forms import GroupSetForm
from qunce.core import errors, permissions
from qunce.groups.overlaps import (
    boards,
    clean_ups,
    exposures,
    group_sets,
    likely_people,
)
from qunce.groups.overlaps.models import GroupSet

MAX_SHOWN = 100


@require_GET
@http.page(group_sets.VIEW)
def set_list(request: http.Request) -> HttpResponse:
    rows = []
    for row in group_sets.list_visible(request.staff):
        board = boards.load(group_set=row, by=request.staff, at=request.at)
        rows.append((row, len(board.groups), len(board.people)))
    context = {
        "rows": rows,
        "runs": [
            (run, clean_ups.progress_of(run))
            for run in clean_ups.list_visible(request.staff)[:10]
        ],
        "exposures": exposures.find(by=request.staff, at=request.at)[:5],
        "may_manage": _may_manage(request),
    }
    return http.render(request, "console/overlaps/list.html", context)


@require_GET
@http.page(group_sets.VIEW)
def exposed(request: http.Request) -> HttpResponse:
    context = {"exposures": exposures.find(by=request.staff, at=request.at)}
    return http.render(request, "console/overlaps/exposed.html", context)


@require_http_methods(["GET", "POST"])
@http.page(group_sets.MANAGE)
def set_create(request: http.Request) -> HttpResponse:
    form = GroupSetForm(request, None, request.POST or None)
    if form.is_valid():
        try:
            row = group_sets.create(
                by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return http.redirect_back(request, reverse("overlaps:board", args=[row.pk]))
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(group_sets.MANAGE)
def set_update(request: http.Request, pk: int) -> HttpResponse:
    row = group_sets.get(pk=pk, by=request.staff)
    form = GroupSetForm(request, row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group_sets.update(
                group_set=row, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("overlaps:board", args=[pk]))
    return _render_form(request, form, row)


def _render_form(
    request: http.Request, form: GroupSetForm, group_set: GroupSet | None = None
) -> HttpResponse:
    context = {"form": form, "group_set": group_set}
    status = 422 if form.errors else 200
    return http.render(request, "console/overlaps/form.html", context, status=status)


@require_GET
@http.page(group_sets.VIEW)
def board(request: http.Request, pk: int) -> HttpResponse:
    row = group_sets.get(pk=pk, by=request.staff)
    loaded = boards.load(group_set=row, by=request.staff, at=request.at)
    context = {
        "group_set": row,
        "board": loaded,
        "pairs": presenters.pairs(loaded),
        "people": presenters.people(request, loaded),
        "runs": [
            (run, clean_ups.progress_of(run))
            for run in clean_ups.list_visible(request.staff, row)[:10]
        ],
        "may_manage": _may_manage(request),
    }
    return http.render(request, "console/overlaps/board.html", context)


@require_GET
@http.page(group_sets.VIEW)
def likely(request: http.Request, pk: int) -> HttpResponse:
    row = group_sets.get(pk=pk, by=request.staff)
    found = likely_people.find(group_set=row, by=request.staff, at=request.at)
    context = {"group_set": row, "rows": presenters.likely(request, found)}
    return http.render(request, "console/overlaps/likely.html", context)


@require_GET
@http.page(group_sets.VIEW)
def preview(request: http.Request, pk: int) -> HttpResponse:
    row = group_sets.get(pk=pk, by=request.staff)
    shown = clean_ups.preview(group_set=row, by=request.staff, at=request.at)
    context = {
        "group_set": row,
        "preview": shown,
        "rows": presenters.departures(request, shown.departures[:MAX_SHOWN]),
        "more": max(len(shown.departures) - MAX_SHOWN, 0),
        "may_manage": _may_manage(request),
    }
    return http.render(request, "console/overlaps/preview.html", context)


@require_GET
@http.page(group_sets.VIEW)
def run(request: http.Request, pk: int) -> HttpResponse:
    found = clean_ups.get(pk=pk, by=request.staff)
    items = clean_ups.list_items(found)
    names = presenters.names_of(request, [item.account_id for item in items])
    context: dict[str, Any] = {
        "run": found,
        "progress": clean_ups.progress_of(found),
        "items": [(item, names.get(item.account_id, "")) for item in items],
        "is_mine": found.by_id == request.staff.pk,
        "may_manage": _may_manage(request),
    }
    return http.render(request, "console/overlaps/run.html", context)


def _may_manage(request: http.Request) -> bool:
    return permissions.may(request.staff, group_sets.MANAGE)
