"""Pages of series: the list, the form, and one series with its queue and numbers."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.series import forms, presenters
from qunce.console.series.forms import SeriesForm, SlotForms
from qunce.core import errors, permissions
from qunce.outreach.series import series as store
from qunce.outreach.series.models import STATES, Series, State

PAGE_SIZE = 30


@require_GET
@http.page()
def series_list(request: http.Request) -> HttpResponse:
    found = store.list_visible(request.staff)
    archived = "archived" in request.GET
    shown = [row for row in found if (row.state == State.ARCHIVED) == archived]
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": presenters.rows(page, request),
        "pages": page,
        "archived": archived,
        "archived_count": sum(row.state == State.ARCHIVED for row in found),
        "may_manage": permissions.may(request.staff, store.MANAGE),
    }
    return http.render(request, "console/series/list.html", context)


@require_GET
@http.page()
def detail(request: http.Request, pk: int) -> HttpResponse:
    series = store.get(by=request.staff, pk=pk)
    groups = store.list_groups(series=series, by=request.staff)
    context = {
        "series": series,
        "page": presenters.page(series, request),
        "rhythm": presenters.phrase(series.parse_rhythm()),
        "poster": presenters.poster_phrase(series),
        "groups": groups,
        "digest": store.digest_of(series),
        "state_class": presenters.STATE_CLASSES[State(series.state)],
        "may_manage": store.may_manage(series, request.staff),
        "steps": [
            name for name in STATES.transitions if STATES.may(name, series.state)
        ],
    }
    return http.render(request, "console/series/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(store.MANAGE)
def create(request: http.Request) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@http.page(store.MANAGE)
def update(request: http.Request, pk: int) -> HttpResponse:
    series = store.get(by=request.staff, pk=pk)
    store.check_may_manage(series, request.staff)
    return _edit(request, series)


def _edit(request: http.Request, series: Series | None) -> HttpResponse:
    if request.method != "POST":
        initial = forms.initial_slots(series.parse_rhythm()) if series else []
        slots = SlotForms(initial=initial, prefix="slots")
        return _render(request, SeriesForm(request, series=series), slots, series)
    form = SeriesForm(request, request.POST, series=series)
    slots = SlotForms(request.POST, prefix="slots")
    if form.is_valid() and slots.is_valid():
        try:
            fields = form.to_arguments(forms.slots_of(slots))
            saved = _save(request, series, fields)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            url = reverse("series:detail", args=[saved.pk])
            return http.redirect_back(request, url)
    return _render(request, form, slots, series, status=422)


def _save(
    request: http.Request, series: Series | None, fields: dict[str, Any]
) -> Series:
    if series is None:
        return store.create(
            community=request.community, by=request.staff, at=request.at, **fields
        )
    store.update(series=series, by=request.staff, at=request.at, **fields)
    return series


def _render(
    request: http.Request,
    form: SeriesForm,
    slots: Any,
    series: Series | None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "slots": slots, "series": series}
    return http.render(request, "console/series/form.html", context, status=status)
