"""Pages of imports: the list, the upload, the column mapping, and one import."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST
from django_stubs_ext import StrOrPromise

from qunce.console import http, paging
from qunce.console.importing import labels, presenters
from qunce.core import errors
from qunce.importing import (
    column_mapping,
    error_report,
    jobs,
    pipeline,
    plan_review,
    target_registry,
    uploads,
)
from qunce.importing.jobs import ImportJob
from qunce.importing.options import ALL_ROWS, VALID_ROWS, ImportOptions
from qunce.importing.upload_handler import StoredUpload, UploadHandler
from qunce.importing.uploads import Upload

MAX_PROBLEMS_SHOWN = 100


@http.page(jobs.IMPORT)
def job_detail(request: http.Request, pk: int) -> HttpResponse:
    job = jobs.get(request.community, pk)
    context = {
        "job": job,
        "row": presenters.import_row(job),
        "is_live": job.state in jobs.ACTIVE_STATES and job.upload is not None,
        "steps": _steps(job),
        "counts": labels.result_counts(target_registry.get(job.target), job.counts),
        "valid_rows": max(job.rows_read - job.rows_broken, 0),
        "problems": job.problems.order_by("row", "pk")[:MAX_PROBLEMS_SHOWN],
        "max_problems": MAX_PROBLEMS_SHOWN,
        "has_report": error_report.path_of(job).exists(),
        "has_file": job.upload is not None and uploads.exists(job.upload),
        "removed_at": job.upload.created_at + uploads.RETENTION if job.upload else None,
        "mapping": _mapping_labels(job),
    }
    part = "console/importing/_job.html"
    return http.render(request, "console/importing/job_detail.html", context, part=part)


def _steps(job: ImportJob) -> list[tuple[str, StrOrPromise]]:
    """Return phases and their labels; skipping broken rows needs no check before."""
    steps = dict(pipeline.PHASES)
    if jobs.options_of(job).mode == VALID_ROWS:
        del steps[pipeline.CHECKING]
    return list(steps.items())


def _mapping_labels(job: ImportJob) -> list[tuple[str, str]]:
    mapping = jobs.options_of(job).mapping
    attribute_labels = labels.attribute_labels(job.community, mapping)
    return [
        (
            heading,
            labels.field_label(
                target_registry.get(job.target), field, attribute_labels
            ),
        )
        for heading, field in mapping.items()
    ]


@http.page(jobs.IMPORT)
def job_problems(request: http.Request, pk: int) -> HttpResponseBase:
    """Download all broken rows as CSV that is safe to open in a spreadsheet."""
    job = jobs.get(request.community, pk)
    path = error_report.get_path(job)
    error_report.log_download(job, by=request.staff, at=request.at)
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"import-{path.name}",
        content_type="text/csv; charset=utf-8",
    )


PAGE_SIZE = 30


@http.page(jobs.IMPORT)
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
        "may_import": jobs.may_import(request.staff),
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
@http.page(jobs.IMPORT)
def upload(request: http.Request) -> HttpResponse:
    jobs.check_may_import(request.staff)
    if request.method != "POST":
        return _upload_form(request)
    handler = UploadHandler(request.community)
    request.upload_handlers = [handler]
    try:
        return _store_upload(request)
    except errors.Invalid as error:
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


def _upload_form(request: http.Request, error: str = "") -> HttpResponse:
    context = {
        "error": error,
        "max_size": settings.MAX_UPLOAD_BYTES,
        "targets": target_registry.list_all(),
    }
    status = 422 if error else 200
    return http.render(request, "console/importing/create.html", context, status=status)


@http.page(jobs.IMPORT)
def example_file(request: http.Request, target: str) -> HttpResponse:
    """Download a small example file in the user's language."""
    examples = target_registry.get(target).examples
    text = io.StringIO()
    csv.writer(text).writerows(examples.get(request.LANGUAGE_CODE, examples["en"]))
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{target}.csv"'},
    )


MAX_COLUMNS = 200
"""Columns that are shown; further ones are imported as detected."""
MAX_PREVIEW_ROWS, MAX_PREVIEW_PROBLEMS, MAX_COLUMN_SAMPLES = 20, 50, 3
DATES = ("", "dmy", "mdy")
ENCODINGS = ("", "utf-8", "gb18030", "utf-16")


@require_http_methods(["GET", "POST"])
@http.page(jobs.IMPORT)
def file_detail(request: http.Request, pk: int) -> HttpResponse:
    upload = get_upload(request, pk)
    error = ""
    if request.method == "POST":
        try:
            store_choice(request, upload)
        except errors.Invalid as raised:
            error = str(raised)
        else:
            if not request.htmx:
                return http.redirect_back(request, _file_url(upload))
    return render_file(request, upload, error)


def render_file(request: http.Request, upload: Upload, error: str = "") -> HttpResponse:
    context = {
        "upload": upload,
        "error": error,
        "options": uploads.options_of(upload),
        "preview": build_preview(upload, request),
        "row_count": max(
            upload.inspection["lines"] - (upload.inspection["format"] == "csv"), 0
        ),
        "sample_size": uploads.SAMPLE_ROWS,
        "targets": target_registry.list_all(),
        "encodings": ENCODINGS,
        "hidden_columns": max(len(upload.inspection["headings"]) - MAX_COLUMNS, 0),
    }
    status = 422 if error else 200
    part = "console/importing/_mapping.html"
    return http.render(
        request, "console/importing/file_detail.html", context, part=part, status=status
    )


def get_upload(request: http.Request, pk: int) -> Upload:
    jobs.check_may_import(request.staff)
    upload = uploads.get(request.community, pk)
    uploads.check_exists(upload)
    return upload


def _file_url(upload: Upload) -> str:
    return reverse("importing:file-detail", args=[upload.pk])


def store_choice(request: http.Request, upload: Upload) -> None:
    """Store the form's options; invalid ones leave the stored values unchanged."""
    data, options = request.POST, uploads.options_of(upload)
    target = target_registry.get(data.get("target", options.target)).key
    changes: dict[str, Any] = {"target": target, "mapping": {}}
    if target == options.target:
        changes["mapping"] = _posted_mapping(request, upload, options)
    for name, allowed in (("mode", (ALL_ROWS, VALID_ROWS)), ("dates", DATES)):
        if data.get(name) in allowed:
            changes[name] = data[name]
    for name, max_length, default in (("currency", 10, ""), ("source", 120, "import")):
        if name in data:
            text = "".join(filter(str.isprintable, data[name])).strip()
            changes[name] = text[:max_length] or default
    options = dataclasses.replace(options, **changes)
    uploads.set_options(upload=upload, options=options, by=request.staff)


def _posted_mapping(
    request: http.Request, upload: Upload, options: ImportOptions
) -> dict[str, str]:
    """Return the mapping with the columns that the form has changed.

    Columns left as detected stay unmapped, so that later detection applies to them.
    """
    target, headings = (
        target_registry.get(options.target),
        upload.inspection["headings"],
    )
    shown = column_mapping.complete(target, headings, options.mapping)
    chosen = dict(options.mapping)
    for index, heading in enumerate(headings[:MAX_COLUMNS]):
        field = request.POST.get(f"c{index}")
        if field is not None and field != shown[heading]:
            chosen[heading] = field
    # Raises if a chosen field does not exist.
    column_mapping.complete(target, headings, chosen)
    return chosen


def build_preview(upload: Upload, request: http.Request) -> presenters.MappingPreview:
    review = plan_review.review(
        upload, by=request.staff, at=request.at, max_rows=MAX_PREVIEW_ROWS
    )
    attribute_labels = labels.attribute_labels(upload.community, review.mapping)
    target, types = review.target, review.types
    columns = _column_choices(upload, target, review.mapping, types, attribute_labels)
    if review.plan is None:
        return presenters.MappingPreview(columns, review.mistakes, [], [], [], [])
    field_names = [name for name in review.mapping.values() if name]
    return presenters.MappingPreview(
        columns,
        [],
        review.plan.notes,
        [
            (name, labels.field_label(target, name, attribute_labels))
            for name in field_names
        ],
        [
            [
                labels.format_value(row.get(name), types.get(name, ""))
                for name in field_names
            ]
            for row in review.preview.rows
        ],
        review.preview.problems,
    )


def _column_choices(
    upload: Upload,
    target: target_registry.Target,
    mapping: Mapping[str, str],
    types: Mapping[str, str],
    attribute_labels: dict[str, str],
) -> list[presenters.ColumnChoice]:
    columns = itertools.islice(mapping.items(), MAX_COLUMNS)
    return [
        presenters.ColumnChoice(
            index,
            heading,
            uploads.sample_values(upload, heading, MAX_COLUMN_SAMPLES),
            field,
            _field_options(target, heading, field, attribute_labels),
            str(labels.TYPE_LABELS.get(types.get(field, ""), "")),
        )
        for index, (heading, field) in enumerate(columns)
    ]


def _field_options(
    target: target_registry.Target,
    heading: str,
    field: str,
    attribute_labels: dict[str, str],
) -> list[tuple[str, str]]:
    options = [("", _("skip this column"))]
    options += [
        (target_field.name, str(target_field.label)) for target_field in target.fields
    ]
    names = {text for text, _label in options}
    for name in dict.fromkeys([column_mapping.default_field(target, heading), field]):
        if name and name not in names:
            text = labels.field_label(target, name, {name: heading} | attribute_labels)
            if target.extras == "attributes":
                label = _("attribute: %(name)s") % {"name": text}
            else:
                label = _("save with the order: %(name)s") % {"name": text}
            options.append((name, label))
    return options


@require_POST
@http.page(jobs.IMPORT)
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
