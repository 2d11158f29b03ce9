"""Pages of the notebook: the entries by day, and the form of one."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, paging
from qunce.console.notebook import forms
from qunce.console.notebook.forms import EntryForm
from qunce.core import community_days, errors, permissions
from qunce.insight.notebook import notebook
from qunce.insight.notebook.models import Kind, NotebookEntry, State
from qunce.insight.notebook.notebook import Filters

PAGE_SIZE = 50
MAX_QUERY = 80


@require_GET
@http.page()
def entry_list(request: http.Request) -> HttpResponse:
    kind = request.GET.get("kind", "")
    filters = Filters(
        query=request.GET.get("q", "")[:MAX_QUERY],
        kind=kind if kind in Kind.values else "",
        tag=request.GET.get("tag", "")[:MAX_QUERY],
        archived=request.GET.get("archived") == "1",
    )
    found = notebook.find(by=request.staff, filters=filters)
    pages = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "months": [
            (month, [_row(entry) for entry in entries])
            for month, entries in groupby(pages, lambda e: e.day.strftime("%Y-%m"))
        ],
        "next": paging.link(request, page=pages.number + 1) if pages.has_next() else "",
        "first": paging.link(request, page=None) if pages.number > 1 else "",
        "total": len(found),
        "filters": filters,
        "kinds": Kind.choices,
        "tags": notebook.list_tags(request.staff),
        "are_any": NotebookEntry.objects.filter(community=request.community).exists(),
        "may_edit": permissions.may(request.staff, notebook.EDIT),
    }
    return http.render(
        request,
        "console/notebook/list.html",
        context,
        part="console/notebook/_entries.html",
    )


def _row(entry: NotebookEntry) -> dict[str, Any]:
    return {
        "entry": entry,
        "heading": entry.title or notebook.metric_label(entry.metric),
        "metric": notebook.metric_label(entry.metric),
        "value": notebook.format_value(entry),
    }


@require_http_methods(["GET", "POST"])
@http.page(notebook.EDIT)
def entry_create(request: http.Request, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404
    form = EntryForm(kind, request.POST or None)
    if form.is_valid():
        try:
            notebook.create(
                community=request.community,
                kind=kind,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _saved(request)
    elif request.method == "GET":
        today = community_days.to_date(request.community.day(request.at))
        form.initial = {"day": today}
    return _render_form(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page()
def entry_update(request: http.Request, pk: int) -> HttpResponse:
    """The form of an entry; the entry itself for those who may not change it."""
    entry = notebook.get(by=request.staff, pk=pk)
    may_edit = permissions.may(request.staff, notebook.EDIT)
    if request.method == "POST":
        notebook.check_may_edit(request.staff, entry)
    elif not may_edit or entry.state == State.ARCHIVED:
        context = {"row": _row(entry), "may_edit": may_edit}
        return http.render(request, "console/notebook/detail.html", context)
    form = EntryForm(entry.kind, request.POST or None, entry=entry)
    if form.is_valid():
        try:
            notebook.update(
                entry=entry, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _saved(request)
    return _render_form(request, form, entry)


def _saved(request: http.Request) -> HttpResponse:
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("notebook:list"))


def _render_form(
    request: http.Request, form: EntryForm, entry: NotebookEntry | None
) -> HttpResponse:
    context = {
        "form": form,
        "entry": entry,
        "kind": Kind(form.kind),
        "metric_names": forms.list_metric_names() if "metric" in form.fields else (),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/notebook/form.html", context, status=status)
