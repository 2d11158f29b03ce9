"""Pages of reports, and their files."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from qunce.console import http, paging
from qunce.console.insight.reports import presenters
from qunce.console.insight.reports.forms import PeriodForm
from qunce.insight.reports import files, reports
from qunce.insight.reports.models import Kind

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
        "subscribers": presenters.list_subscribers(request),
        "form": PeriodForm() if reports.may_create(request.staff) else None,
        "next": paging.link(request, page=pages.number + 1) if pages.has_next() else "",
        "first": paging.link(request, page=None) if pages.number > 1 else "",
    }
    return http.render(request, "console/insight/reports/list.html", context)


@require_GET
@http.page()
def detail(request: http.Request, report_pk: int) -> HttpResponse:
    report = reports.get(by=request.staff, pk=report_pk)
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
