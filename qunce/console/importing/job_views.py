"""One import: how far it is, what came of it, and what was broken."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from qunce.console import http
from qunce.console.importing import labels, list_views
from qunce.core import errors
from qunce.core.facts import audit
from qunce.importing import (
    error_report,
    jobs,
    jobs_runner,
    pipeline,
    registry,
    uploads,
)
from qunce.importing.jobs import ImportJob
from qunce.importing.options import VALID_ROWS

SHOWN = 100
TAKEN_OUT = audit.declare(
    "import.problems_taken", gettext_lazy("import report downloaded")
)


class NoReport(errors.NotFound):
    """Nothing was broken, or the report is gone."""


@http.page(jobs.IMPORT)
def page(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    context = {
        "job": job,
        "row": list_views.row(job),
        "is_live": job.state in jobs.ACTIVE_STATES and job.upload is not None,
        "steps": _steps(job),
        "counts": labels.counted(registry.get(job.target), job.counts),
        "good_rows": max(job.rows_read - job.rows_broken, 0),
        "problems": job.problems.order_by("row", "pk")[:SHOWN],
        "shown": SHOWN,
        "has_report": error_report.path_of(job).exists(),
        "has_file": job.upload is not None and uploads.exists(job.upload),
        "removed_at": job.upload.created_at + uploads.RETENTION if job.upload else None,
        "mapping": _mapping(job),
    }
    part = "console/importing/_job.html"
    return http.render(request, "console/importing/job.html", context, part=part)


def _steps(job: ImportJob) -> list[tuple[str, StrOrPromise]]:
    """Good rows alone need no look at all of them first."""
    steps = dict(pipeline.PHASES)
    if jobs.options_of(job).mode == VALID_ROWS:
        del steps[pipeline.CHECKING]
    return list(steps.items())


def _mapping(job: ImportJob) -> list[tuple[str, str]]:
    mapping = jobs.options_of(job).mapping
    called = labels.labels(job.community, mapping)
    return [
        (heading, labels.field(registry.get(job.target), field, called))
        for heading, field in mapping.items()
    ]


@require_POST
@http.page(jobs.IMPORT)
def cancel(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    jobs.cancel(job=job, by=request.staff, at=request.at)
    http.say(request, _("The import is cancelled. Rows already written stay."))
    return http.back(request, _url(job))


@require_POST
@http.page(jobs.IMPORT)
def resume(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    jobs_runner.resume(job=job, by=request.staff, at=request.at)
    return http.back(request, _url(job))


@require_POST
@http.page(jobs.IMPORT)
def good(request: http.Request, pk: int) -> HttpResponse:
    """Once more, with the good rows alone."""
    job = jobs.get(request.community, pk)
    new = jobs_runner.retry(job=job, mode=VALID_ROWS, by=request.staff, at=request.at)
    return http.back(request, _url(new))


@http.page(jobs.IMPORT)
def problems(request: http.Request, pk: int) -> HttpResponseBase:
    """All broken rows as CSV; it opens in a spreadsheet without harm."""
    job = jobs.get(request.community, pk)
    path = error_report.path_of(job)
    if not path.exists():
        raise NoReport(_("This import has no report."))
    audit.log(
        kind=TAKEN_OUT,
        community=request.community,
        by=request.staff,
        at=request.at,
        count=job.rows_broken,
        detail={"job": job.pk},
    )
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"import-{job.pk}-broken.csv",
        content_type="text/csv; charset=utf-8",
    )


def _url(job: ImportJob) -> str:
    return reverse("importing:job-detail", args=[job.pk])
