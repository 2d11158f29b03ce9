"""Imports: their progress and reports, and how to cancel, resume and undo them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import FileResponse, HttpResponseBase
from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.importing import error_report, jobs, reports
from qunce.importing.jobs import ImportJob
from qunce.importing.undo import undos

router = Router(auth=RequiresScope("imports"), tags=["imports"])


class UndoOut(schemas.OutputSchema):
    """`counts` say what was taken back, `kept` how many things stay as they are."""

    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    kept: int


class ImportOut(schemas.OutputSchema):
    """`counts` say what became of the rows.

    The rows read are those of `new`, `changed`, `known`, `skipped` and `suppressed`, and
    the broken ones. `rows_done` of about `rows_expected` are done in this `phase`.
    """

    id: int
    file: str
    file_id: int | None
    target: str
    source: str
    state: str
    phase: str
    rows_done: int
    rows_expected: int
    rows_read: int
    rows_broken: int
    counts: dict[str, Any]
    error: str
    started_at: datetime
    finished_at: datetime | None
    undo: UndoOut | None


class ProblemOut(schemas.OutputSchema):
    id: int
    row: int
    field: str
    value: str
    remedy: str


class RemainderOut(schemas.OutputSchema):
    id: int
    subject: str
    reason: str


def serialize(job: ImportJob) -> dict[str, Any]:
    undo = undos.find(job)
    return {
        "id": job.pk,
        "file": job.file_name,
        "file_id": job.upload_id,
        "target": job.target,
        "source": job.source,
        "state": job.state,
        "phase": job.phase,
        "rows_done": job.rows_done,
        "rows_expected": job.rows_expected,
        "rows_read": job.rows_read,
        "rows_broken": job.rows_broken,
        "counts": reports.decimal_counts(job.counts),
        "error": job.error,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "undo": undo
        and {
            "started_at": undo.started_at,
            "finished_at": undo.finished_at,
            "counts": undo.counts,
            "kept": undo.kept,
        },
    }


def _get_job(request: ApiRequest, import_id: int) -> ImportJob:
    jobs.check_may_import(request.by)
    return jobs.get(request.community, import_id)


@router.get("/imports", response=schemas.Page[ImportOut])
def list_(
    request: ApiRequest,
    state: Annotated[str | None, Field(max_length=10)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List imports by id, which is the order in which they were started."""
    jobs.check_may_import(request.by)
    query = jobs.list_all(request.community).order_by("pk")
    if state is not None:
        query = query.filter(state=state)
    page, more = schemas.paginate(
        lambda start_id, size: list(query.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda job: job.pk,
    )
    return {"items": [serialize(job) for job in page], "next": more}


@router.get("/imports/{import_id}", response=ImportOut)
def get(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Get an import: its progress while it runs, then its report."""
    return serialize(_get_job(request, import_id))


@router.get("/imports/{import_id}/problems", response=schemas.Page[ProblemOut])
def list_problems(
    request: ApiRequest,
    import_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the first 1,000 problems of an import; the error file has all of them."""
    rows = _get_job(request, import_id).problems.order_by("pk")
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.pk,
    )
    return {"items": [_fields(row, ProblemOut) for row in page], "next": more}


def _fields(row: Any, schema: type[schemas.OutputSchema]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields}


@router.get("/imports/{import_id}/problems.csv", response={200: None})
def download_problems(request: ApiRequest, import_id: schemas.Id) -> HttpResponseBase:
    """Download all broken rows as CSV that is safe to open in a spreadsheet."""
    job = _get_job(request, import_id)
    path = error_report.get_path(job)
    error_report.log_download(job, by=request.by, at=request.at)
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=path.name,
        content_type="text/csv; charset=utf-8",
    )


@router.post("/imports/{import_id}/cancel", response=ImportOut)
def cancel(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Cancel an import. Rows already written stay; undo takes them back."""
    job = _get_job(request, import_id)
    jobs.cancel(job=job, by=request.by, at=request.at)
    return serialize(job)


@router.post("/imports/{import_id}/resume", response=ImportOut)
def resume(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Resume a cancelled or failed import where it stopped."""
    from qunce.importing import background_imports

    job = _get_job(request, import_id)
    background_imports.resume(job=job, by=request.by, at=request.at)
    return serialize(job)


@router.post("/imports/{import_id}/undo", response=ImportOut)
def undo(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Undo an import in the background.

    Members it created, values, tags, memberships, orders, opt-outs and joins go back.
    What was changed since stays and is listed. Facts cannot be undone.
    """
    job = _get_job(request, import_id)
    undos.start(job=job, by=request.by, at=request.at)
    return serialize(job)


@router.get("/imports/{import_id}/undo/kept", response=schemas.Page[RemainderOut])
def list_kept(
    request: ApiRequest,
    import_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the first 1,000 things that an undo left as they are, with the reasons."""
    rows = undos.list_kept(_get_job(request, import_id))
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.pk,
    )
    return {"items": [_fields(row, RemainderOut) for row in page], "next": more}
