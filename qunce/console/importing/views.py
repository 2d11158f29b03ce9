"""Pages of imports: the list, the upload, the column mapping, and one import."""

from __future__ import annotations

import io

from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.importing import forms, labels, presenters
from qunce.core import csv_safety, disk_space, errors
from qunce.importing import pipeline, plan_review, row_masks, target_registry
from qunce.importing.files import formats
from qunce.importing.jobs import access, error_report, jobs, reports, uploads
from qunce.importing.jobs.upload_handler import StoredUpload, UploadHandler
from qunce.importing.jobs.uploads import Upload
from qunce.importing.plan.options import VALID_ROWS
from qunce.importing.undo import undos
from qunce.members.accounts import masking

MAX_PROBLEMS_SHOWN = 100


@http.page(access.IMPORT)
def job_detail(request: http.Request, pk: int) -> HttpResponse:
    access.check_may_import(request.staff)
    job = jobs.get(request.community, pk)
    target, mapping = target_registry.get(job.target), jobs.options_of(job).mapping
    attribute_labels = labels.attribute_labels(job.community, mapping)
    steps, problems = dict(pipeline.PHASES), job.problems.order_by("row", "pk")
    # Skipping broken rows needs no check before.
    if jobs.options_of(job).mode == VALID_ROWS:
        del steps[pipeline.CHECKING]
    context = {
        "job": job,
        "row": presenters.import_row(job),
        "is_live": presenters.is_live(job),
        "waits_for_others": presenters.waits_for_others(job),
        "steps": list(steps.items()),
        "report": presenters.job_report(job, by=request.staff),
        "links": presenters.result_links(job) if job.state == "done" else [],
        "undo": presenters.undo_report(job, by=request.staff),
        "may_undo": undos.may_undo(job, by=request.staff, at=request.at),
        "why_not_undo": undos.why_never(job),
        "valid_rows": max(reports.count_rows(job) - job.rows_broken, 0),
        "problems": row_masks.stored_problems(
            problems.filter(is_broken=True)[:MAX_PROBLEMS_SHOWN], job, by=request.staff
        ),
        "remarks": row_masks.stored_problems(
            problems.filter(is_broken=False)[:MAX_PROBLEMS_SHOWN], job, by=request.staff
        ),
        "error": masking.text(job.error, request.staff),
        "max_problems": MAX_PROBLEMS_SHOWN,
        "has_report": error_report.path_of(job).exists(),
        "has_file": job.upload is not None and uploads.exists(job.upload),
        "removed_at": job.upload.created_at + uploads.RETENTION if job.upload else None,
        "mapping": [
            (heading, labels.field_label(target, field, attribute_labels))
            for heading, field in mapping.items()
        ],
    }
    part = "console/importing/_job.html"
    return http.render(request, "console/importing/job_detail.html", context, part=part)


@http.page(access.IMPORT)
def job_problems(request: http.Request, pk: int) -> HttpResponseBase:
    """Download all broken rows as CSV that is safe to open in a spreadsheet."""
    access.check_may_import(request.staff)
    job = jobs.get(request.community, pk)
    mask = row_masks.mask_of(job, by=request.staff)
    file = error_report.open_report(job, mask)
    error_report.log_download(job, by=request.staff, at=request.at)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"import-{error_report.path_of(job).name}",
        content_type="text/csv; charset=utf-8",
    )


PAGE_SIZE = 30


@http.page(access.IMPORT)
def import_list(request: http.Request) -> HttpResponse:
    before = paging.parse_number(request, "before")
    matching = jobs.list_all(request.community)
    matching = matching.filter(pk__lt=before) if before else matching
    page = list(matching[: PAGE_SIZE + 1])
    context = {
        "rows": [presenters.import_row(job) for job in page[:PAGE_SIZE]],
        "unused": []
        if before
        else list(uploads.list_unused(request.community)[:PAGE_SIZE]),
        "next": paging.link(request, before=page[PAGE_SIZE - 1].pk)
        if len(page) > PAGE_SIZE
        else "",
        "first": paging.link(request, before=None) if before else "",
    }
    return http.render(request, "console/importing/list.html", context)


class NoFile(errors.Invalid):
    """The file is empty. Choose another one."""


# Checking the CSRF token reads the body, which writes the file to disk. So the check
# is done in `_store_upload`, after the user's permission has been checked.
@csrf_exempt
@require_http_methods(["GET", "POST"])
@http.page(access.IMPORT)
def upload(request: http.Request) -> HttpResponse:
    access.check_may_import(request.staff)
    if request.method != "POST":
        return _upload_form(request)
    handler = UploadHandler(request.community)
    request.upload_handlers = [handler]
    try:
        return _store_upload(request)
    except (errors.Invalid, disk_space.DiskFull) as error:
        return _upload_form(request, error=str(error))
    finally:
        handler.discard()


@csrf_protect
def _store_upload(request: http.Request) -> HttpResponse:
    file = request.FILES.get("file")
    if not isinstance(file, StoredUpload) or not file.size:
        raise NoFile(_("The file is empty. Choose another one."))
    upload = uploads.accept(
        path=file.path, name=file.name or "", by=request.staff, at=request.at
    )
    return http.redirect_back(
        request, reverse("importing:file-detail", args=[upload.pk])
    )


MAX_PASTED = 1_000_000
"""Characters of a text that is pasted; a longer one is uploaded as a file."""


@require_POST
@http.page(access.IMPORT)
def paste(request: http.Request) -> HttpResponse:
    """Take a text that was copied elsewhere, as if it was a file."""
    access.check_may_import(request.staff)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    path = uploads.new_upload_path(request.community)
    try:
        if not text.strip() or len(text) > MAX_PASTED:
            raise NoFile(
                _("Paste a text of at most %(n)s characters.")
                % {"n": f"{MAX_PASTED:,}"}
            )
        path.write_text(text, encoding="utf-8")
        name = _("pasted text")
        upload = uploads.accept(
            path=path, name=f"{name}.txt", by=request.staff, at=request.at
        )
    except (errors.Invalid, disk_space.DiskFull) as error:
        return _upload_form(request, error=str(error))
    finally:
        path.unlink(missing_ok=True)
    return http.redirect_back(
        request, reverse("importing:file-detail", args=[upload.pk])
    )


def _upload_form(request: http.Request, error: str = "") -> HttpResponse:
    context = {
        "error": error,
        "max_size": settings.MAX_UPLOAD_BYTES,
        "suffixes": ",".join(formats.list_suffixes()),
        "targets": target_registry.list_all(),
    }
    status = 422 if error else 200
    return http.render(request, "console/importing/create.html", context, status=status)


@http.page(access.IMPORT)
def example_file(request: http.Request, target: str) -> HttpResponse:
    """Download a small example file in the user's language."""
    examples = target_registry.get(target).examples
    text = io.StringIO()
    rows = examples.get(request.LANGUAGE_CODE, examples["en"])
    csv_safety.write_rows(text, rows)
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{target}.csv"'},
    )


@require_http_methods(["GET", "POST"])
@http.page(access.IMPORT)
def file_detail(request: http.Request, pk: int) -> HttpResponse:
    upload = get_upload(request, pk)
    error = ""
    if request.method == "POST":
        try:
            forms.store_options(request.POST, upload, by=request.staff)
        except errors.Invalid as raised:
            error = str(raised)
        else:
            if not request.htmx:
                return http.redirect_back(request, _file_url(upload))
    return render_file(request, upload, error)


def render_file(request: http.Request, upload: Upload, error: str = "") -> HttpResponse:
    review = plan_review.review(upload, by=request.staff, at=request.at)
    context = {
        "upload": upload,
        "error": error,
        "options": uploads.options_of(upload),
        "preview": presenters.file_preview(upload, review),
        "targets": target_registry.list_all(),
        "encodings": forms.ENCODINGS,
        "default_source": forms.DEFAULT_SOURCE,
    }
    status = 422 if error else 200
    part = "console/importing/_mapping.html"
    return http.render(
        request, "console/importing/file_detail.html", context, part=part, status=status
    )


def get_upload(request: http.Request, pk: int) -> Upload:
    access.check_may_import(request.staff)
    upload = uploads.get(request.community, pk)
    uploads.check_exists(upload)
    return upload


def _file_url(upload: Upload) -> str:
    return reverse("importing:file-detail", args=[upload.pk])


@require_POST
@http.page(access.IMPORT)
def file_preview(request: http.Request, pk: int) -> HttpResponse:
    """Read the file again with another sheet or encoding."""
    upload = get_upload(request, pk)
    sheet, encoding = request.POST.get("sheet", ""), request.POST.get("encoding", "")
    if sheet not in upload.inspection["sheets"]:
        sheet = ""
    try:
        uploads.select_sheet(
            upload=upload, by=request.staff, sheet=sheet, encoding=encoding
        )
    except errors.Invalid as raised:
        return render_file(request, uploads.get(request.community, pk), str(raised))
    return http.redirect_back(request, _file_url(upload))
