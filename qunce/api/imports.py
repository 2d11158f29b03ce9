"""Imports: their progress and reports, and how to cancel, resume and undo them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpResponseBase
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import stored_sentences
from qunce.core.staff.models import Staff
from qunce.importing import row_masks
from qunce.importing.jobs import access, error_report, jobs, join_report, reports
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.undo import undos
from qunce.members.accounts import masking

router = Router(auth=RequiresScope("imports"), tags=["imports"])
READ_MEMBERS = RequiresScope("imports", shows_members=True)


class RetryIn(schemas.InputSchema):
    """`valid` imports the rows that can be read, `all` none unless all can be."""

    mode: Literal["all", "valid"]


class UndoOut(schemas.OutputSchema):
    """`counts` are what was taken back, `remainder_count` is how many things stay as they
    are."""

    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    remainder_count: int


class ImportOut(schemas.OutputSchema):
    """`counts` are the rows by what happened to them.

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
    """A row that `is_broken`, or one that was left out or has no member."""

    id: int
    row: int
    field: str
    value: str
    remedy: str
    is_broken: bool


class PairOut(schemas.OutputSchema):
    """Two accounts by their keys, and the identifier that is the evidence.

    `undone` joins were taken back later. The key of a member who was removed or erased
    since is empty.
    """

    left: str
    right: str
    kind: str
    value: str
    undone: bool


class SharedOut(schemas.OutputSchema):
    """An identifier of so many accounts that it merges nobody."""

    kind: str
    value: str
    accounts: int


class JoinsOut(schemas.OutputSchema):
    joined: list[PairOut]
    parted: list[PairOut]
    shared: list[SharedOut]


class RemainderOut(schemas.OutputSchema):
    id: int
    subject: str
    reason: str


def serialize(job: ImportJob, by: Staff) -> dict[str, Any]:
    undo = undos.find(job)
    return {
        **reports.describe(job),
        "error": masking.text(job.error, by),
        "undo": undo
        and {
            "started_at": undo.started_at,
            "finished_at": undo.finished_at,
            "counts": undo.counts,
            "remainder_count": undo.remainder_count,
        },
    }


def _get_job(request: ApiRequest, import_id: int) -> ImportJob:
    access.check_may_import(request.by)
    return jobs.get(request.community, import_id)


@router.get("/imports", response=schemas.Page[ImportOut])
def list_(
    request: ApiRequest,
    state: Annotated[str | None, Field(max_length=10)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List imports by id, which is the order in which they were started."""
    access.check_may_import(request.by)
    query = jobs.list_all(request.community).order_by("pk")
    if state is not None:
        query = query.filter(state=state)
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [serialize(job, request.by) for job in page], "next": more}


@router.get("/imports/{import_id}", response=ImportOut)
def get(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Get an import: its progress while it runs, then its report."""
    return serialize(_get_job(request, import_id), request.by)


@router.get("/imports/{import_id}/problems", response=schemas.Page[ProblemOut])
def list_problems(
    request: ApiRequest,
    import_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the first 1,000 broken rows of an import, and as many others with a reason.

    The error file has all broken rows.
    """
    job = _get_job(request, import_id)
    rows = job.problems.order_by("pk")
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    for row in row_masks.stored_problems(page, job, by=request.by):
        # Stored in the language of whoever imported the file.
        row.remedy = stored_sentences.translate(row.remedy)
    return {"items": [_fields(row, ProblemOut) for row in page], "next": more}


def _fields(row: Any, schema: type[schemas.OutputSchema]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields}


@router.get("/imports/{import_id}/problems.csv", response={200: None})
def download_problems(request: ApiRequest, import_id: schemas.Id) -> HttpResponseBase:
    """Download all broken rows as CSV that is safe to open in a spreadsheet."""
    job = _get_job(request, import_id)
    file = error_report.open_report(job, row_masks.mask_of(job, by=request.by))
    error_report.log_download(job, by=request.by, at=request.at)
    return FileResponse(
        file,
        as_attachment=True,
        filename=error_report.path_of(job).name,
        content_type="text/csv; charset=utf-8",
    )


@router.get("/imports/{import_id}/joins", response=JoinsOut, auth=READ_MEMBERS)
def list_joins(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """List which accounts an import joined and parted, the first 1,000 of each."""
    job = _get_job(request, import_id)
    return join_report.load(job, by=request.by)


@router.post("/imports/{import_id}/cancel", response=ImportOut)
def cancel(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Cancel an import. Rows already written stay; undo takes them back."""
    job = _get_job(request, import_id)
    jobs.cancel(job=job, by=request.by, at=request.at)
    return serialize(job, request.by)


@router.post("/imports/{import_id}/resume", response=ImportOut)
def resume(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Resume a cancelled or failed import where it stopped."""
    from qunce.importing import background_imports

    job = _get_job(request, import_id)
    background_imports.resume(job=job, by=request.by, at=request.at)
    return serialize(job, request.by)


@router.post("/imports/{import_id}/retry", response={201: ImportOut})
def retry(request: ApiRequest, import_id: schemas.Id, data: RetryIn) -> Any:
    """Import the same file again, with the same options but for the mode."""
    from qunce.importing import background_imports

    job = background_imports.retry(
        job=_get_job(request, import_id), mode=data.mode, by=request.by, at=request.at
    )
    return Status(201, serialize(job, request.by))


@router.post("/imports/{import_id}/undo", response=ImportOut)
def undo(request: ApiRequest, import_id: schemas.Id) -> dict[str, Any]:
    """Undo an import in the background.

    Members it created, values, tags, memberships, orders, opt-outs and merges are taken
    back. What was changed since stays and is listed. Facts cannot be undone.
    """
    job = _get_job(request, import_id)
    undos.start(job=job, by=request.by, at=request.at)
    return serialize(job, request.by)


@router.get(
    "/imports/{import_id}/undo/remainders",
    response=schemas.Page[RemainderOut],
    auth=READ_MEMBERS,
)
def list_remainders(
    request: ApiRequest,
    import_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the first 1,000 things that an undo left as they are, with the reasons."""
    rows = undos.list_remainders(_get_job(request, import_id))
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    masked = [undos.masked(row, request.by) for row in page]
    return {"items": [_fields(row, RemainderOut) for row in masked], "next": more}
