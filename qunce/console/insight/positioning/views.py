"""Pages of the positioning sheet: to read, to write, its versions, and views that changed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.insight.positioning import presenters
from qunce.console.insight.positioning.forms import SheetForm
from qunce.core import errors
from qunce.insight.positioning import sheet, sheets, view_changes
from qunce.insight.positioning.view_changes import ViewChange

SPANS = (30, 90, 365)


@require_GET
@http.page()
def positioning(request: http.Request) -> HttpResponse:
    text = request.GET.get("days", "")
    days = int(text) if text in map(str, SPANS) else SPANS[1]
    content = sheets.load(request.community)
    context = {
        "sheet": content,
        "version": sheets.find_version(request.community),
        "hooks": presenters.list_hooks(content, days, request),
        "served": presenters.list_served(content, request),
        "view": _default_view(content, request),
        "spans": [(n, _("%(n)s days") % {"n": n}, n == days) for n in SPANS],
        "days": days,
        "may_edit": sheets.may_edit(request.staff),
    }
    return http.render(request, "console/insight/positioning/sheet.html", context)


def _default_view(content: sheet.Sheet, request: http.Request) -> ViewChange | None:
    """The change of the view that the sheet names, if its attribute is still there."""
    first, last = view_changes.default_span(request.staff, request.at)
    known = {each.name for each in view_changes.list_choices(request.staff)}
    if content.view_attribute not in known:
        return None
    return view_changes.compare(
        attribute=content.view_attribute,
        first=first,
        last=last,
        by=request.staff,
        at=request.at,
    )


@require_http_methods(["GET", "POST"])
@http.page(sheets.EDIT)
def edit(request: http.Request) -> HttpResponse:
    version = sheets.find_version(request.community)
    form = SheetForm(
        request.POST or None,
        staff=request.staff,
        content=sheets.load(request.community),
        seen=version.number if version else 0,
    )
    if form.is_valid():
        try:
            sheets.save(
                community=request.community,
                content=form.content(),
                seen=form.cleaned_data["seen"],
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("insight:positioning"))
    return http.render(
        request,
        "console/insight/positioning/form.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


@require_GET
@http.page()
def version_list(request: http.Request) -> HttpResponse:
    context = {
        "versions": presenters.list_versions(request),
        "may_edit": sheets.may_edit(request.staff),
    }
    return http.render(request, "console/insight/positioning/versions.html", context)


@require_GET
@http.page()
def version_detail(request: http.Request, version: int) -> HttpResponse:
    found = sheets.get_version(by=request.staff, number=version)
    newest = sheets.find_version(request.community)
    context = {
        "sheet": sheet.read(found.content),
        "version": found,
        "is_newest": newest is not None and newest.number == found.number,
        "may_edit": sheets.may_edit(request.staff),
    }
    return http.render(request, "console/insight/positioning/version.html", context)


@require_GET
@http.page()
def views_changed(request: http.Request) -> HttpResponse:
    choices = view_changes.list_choices(request.staff)
    content = sheets.load(request.community)
    preset = content.view_attribute or (choices[0].name if choices else "")
    first, last = view_changes.default_span(request.staff, request.at)
    chosen = request.GET.get("attribute", preset)
    context: dict[str, Any] = {
        "choices": [(each.name, each.label) for each in choices],
        "chosen": chosen,
        "first": request.GET.get("first", first.isoformat()),
        "last": request.GET.get("last", last.isoformat()),
    }
    if choices:
        try:
            context["view"] = view_changes.compare(
                attribute=chosen,
                first=_parse_day(context["first"]),
                last=_parse_day(context["last"]),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            context["error"] = str(error)
    return http.render(request, "console/insight/positioning/views.html", context)


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise view_changes.InvalidComparison(
            _("“%(text)s” is not a day. Write it as 2026-12-31.") % {"text": text[:40]}
        ) from None
