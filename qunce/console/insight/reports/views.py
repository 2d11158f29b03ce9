"""Pages of reports, and their files."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, paging
from qunce.console.insight.reports import presenters
from qunce.console.insight.reports.forms import PeriodForm, SettingsForm
from qunce.core import errors
from qunce.insight.reports import consequences, files, report_settings, reports
from qunce.insight.reports.models import Kind
from qunce.outreach.report_deliveries import deliveries

PAGE_SIZE = 31


@require_GET
@http.page()
def report_list(request: http.Request) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in Kind.values else ""
    rows = reports.list_visible(request.staff, kind)
    pages = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": presenters.list_rows(list(pages)),
        "kind": kind,
        "kinds": Kind.choices,
        "may_change_settings": report_settings.may_change(request.staff),
        "form": PeriodForm() if reports.may_create(request.staff) else None,
        "next": paging.link(request, page=pages.number + 1) if pages.has_next() else "",
        "first": paging.link(request, page=None) if pages.number > 1 else "",
    }
    return http.render(request, "console/insight/reports/list.html", context)


@require_GET
@http.page()
def detail(request: http.Request, report_pk: int) -> HttpResponse:
    report = reports.get(by=request.staff, pk=report_pk)
    deliveries.mark_opened(report=report, by=request.staff, at=request.at)
    context = presenters.context_of(report, request)
    return http.render(request, "console/insight/reports/detail.html", context)


@require_GET
@http.page()
def download(request: http.Request, report_pk: int, file_format: str) -> HttpResponse:
    report = reports.get(by=request.staff, pk=report_pk)
    if file_format not in files.FORMATS:
        raise Http404
    response = HttpResponse(
        files.write(report, file_format), content_type=files.FORMATS[file_format]
    )
    name = files.name_of(report, file_format)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@http.page(report_settings.CHANGE)
def settings(request: http.Request) -> HttpResponse:
    """The form. What has consequences is saved when it is sent again with `confirmed`."""
    stored = report_settings.get(request.community)
    form = SettingsForm(request.POST or None, settings=stored)
    given: dict[str, Any] = {
        "community": request.community,
        "by": request.staff,
        "at": request.at,
    }
    sentences: list[str] = []
    if form.is_valid():
        changes = form.to_changes()
        try:
            sentences = consequences.list_all(**given, **changes)
            if not sentences or "confirmed" in request.POST:
                report_settings.change(**given, **changes)
                http.flash(request, _("Saved."))
                return http.redirect_back(request, reverse("insight:report-settings"))
        except errors.Invalid as error:
            form.add_error(None, str(error))
    context = {
        "form": form,
        "consequences": sentences,
        "subscribers": presenters.list_subscribers(request),
        "deliveries": presenters.list_deliveries(request),
    }
    template = "console/insight/reports/settings.html"
    status = 422 if form.errors else 200
    return http.render(request, template, context, status=status)
