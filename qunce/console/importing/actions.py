"""Actions on imports and uploaded files."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.importing import forms, presenters, views
from qunce.core import errors
from qunce.importing import background_imports
from qunce.importing.jobs import access, jobs, uploads
from qunce.importing.plan.options import VALID_ROWS
from qunce.importing.undo import undos


@require_POST
@http.page(access.IMPORT)
def cancel(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    jobs.cancel(job=job, by=request.staff, at=request.at)
    http.flash(request, _("The import is cancelled. Rows already written stay."))
    return http.redirect_back(request, presenters.job_url(job))


@require_POST
@http.page(access.IMPORT)
def resume(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    background_imports.resume(job=job, by=request.staff, at=request.at)
    return http.redirect_back(request, presenters.job_url(job))


@require_POST
@http.page(access.IMPORT)
def retry_valid_rows(request: http.Request, pk: int) -> HttpResponse:
    """Start the import again with the valid rows only."""
    job = jobs.get(request.community, pk)
    new = background_imports.retry(
        job=job, mode=VALID_ROWS, by=request.staff, at=request.at
    )
    return http.redirect_back(request, presenters.job_url(new))


@require_POST
@http.page(access.IMPORT)
def undo(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    undos.start(job=job, by=request.staff, at=request.at)
    return http.redirect_back(request, presenters.job_url(job))


@require_POST
@http.page(access.IMPORT)
def start(request: http.Request, pk: int) -> HttpResponse:
    upload = views.get_upload(request, pk)
    try:
        forms.store_options(request.POST, upload, by=request.staff)
        job = background_imports.start(upload=upload, by=request.staff, at=request.at)
    except (errors.Invalid, errors.Refused) as error:
        return views.render_file(request, upload, str(error))
    return http.redirect_back(request, reverse("importing:job-detail", args=[job.pk]))


@require_POST
@http.page(access.IMPORT)
def discard(request: http.Request, pk: int) -> HttpResponse:
    upload = uploads.get(request.community, pk)
    uploads.discard(upload=upload, by=request.staff, at=request.at)
    http.flash(request, _("The file “%(name)s” was deleted.") % {"name": upload.name})
    return http.redirect_back(request, reverse("importing:list"))
