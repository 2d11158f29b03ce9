"""Files to import: upload one, look at its plan, answer its questions, start it."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import imports, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.importing import background_imports
from qunce.importing.jobs import access, uploads
from qunce.importing.jobs.upload_handler import StoredUpload, UploadHandler
from qunce.importing.jobs.uploads import Upload
from qunce.importing.plan import questions
from qunce.importing.plan.options import ImportOptions

if TYPE_CHECKING:
    from qunce.importing.plan_review import PlanReview

router = Router(auth=RequiresScope("imports"), tags=["imports"])
MAX_COLUMNS = 1_000
MAX_COLUMN_SAMPLES = 3
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
Text = Annotated[str, Field(max_length=200)]


Target = Literal[
    "members",
    "memberships",
    "tags",
    "orders",
    "facts",
    "messages",
    "opt_outs",
    "points",
]


class OptionsIn(schemas.InputSchema):
    """Only the fields that are given change.

    `mapping` gives a field for a heading, or an empty text for a column that is not
    imported. `answers` gives the answer to a question for its key; both are added to what
    was given before. An empty answer takes back the earlier one.
    """

    target: Target | None = None
    mapping: Annotated[dict[Text, Text], Field(max_length=MAX_COLUMNS)] | None = None
    answers: Annotated[dict[Text, Text], Field(max_length=MAX_COLUMNS)] | None = None
    mode: Literal["all", "valid"] | None = None
    dates: Literal["", "dmy", "mdy", "ymd"] | None = None
    decimal: Literal["", "point", "comma"] | None = None
    separator: Text | None = None
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] | None = None
    source: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    sheet: Text | None = None
    encoding: Text | None = None
    first_row: Literal["", "data", "headings"] | None = None
    unknown_members: Literal["create", "leave", "refuse"] | None = None
    identifiers: Literal["add", "replace"] | None = None
    allow_old_times: bool | None = None
    allow_future_times: bool | None = None


class ChoiceOut(schemas.OutputSchema):
    value: str
    label: str
    sample: str


class QuestionOut(schemas.OutputSchema):
    """`suggestion` is used without an `answer`. A question with neither is open."""

    key: str
    heading: str
    text: str
    choices: list[ChoiceOut]
    answer: str
    suggestion: str
    is_open: bool


class ColumnOut(schemas.OutputSchema):
    """`field` is empty if the column is not imported."""

    heading: str
    field: str
    label: str
    type: str
    samples: list[str]


class FieldOut(schemas.OutputSchema):
    name: str
    label: str
    type: str


class ProblemOut(schemas.OutputSchema):
    row: int
    field: str
    value: str
    remedy: str


class PlanOut(schemas.OutputSchema):
    """How the file is read now.

    `mistakes` must be corrected and open `questions` answered before the import starts.
    `rows` are the first ones as they would be imported; `problems` are the first of the
    rows that cannot be. `container` says what the file was found to be.
    """

    target: str
    container: dict[str, Any]
    options: dict[str, Any]
    columns: list[ColumnOut]
    fields: list[FieldOut]
    mistakes: list[str]
    questions: list[QuestionOut]
    notes: list[str]
    rows: list[dict[str, Any]]
    problems: list[ProblemOut]


class FileSummaryOut(schemas.OutputSchema):
    id: int
    name: str
    size: int
    created_at: datetime
    expires_at: datetime


class FileOut(FileSummaryOut):
    plan: PlanOut


class NoFile(errors.Invalid):
    """The request has no file, or the file is empty."""


def _serialize_row(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.pk,
        "name": upload.name,
        "size": upload.size,
        "created_at": upload.created_at,
        "expires_at": upload.created_at + uploads.RETENTION,
    }


def _serialize(request: ApiRequest, upload: Upload) -> dict[str, Any]:
    return _serialize_reviewed(upload, _review(request, upload))


def _review(request: ApiRequest, upload: Upload) -> PlanReview:
    # Reading files loads Arrow, which most processes of the API do not need.
    from qunce.importing import plan_review

    return plan_review.review(upload, by=request.by, at=request.at)


def _serialize_reviewed(upload: Upload, review: PlanReview) -> dict[str, Any]:
    return {**_serialize_row(upload), "plan": _serialize_plan(upload, review)}


def _serialize_plan(upload: Upload, review: PlanReview) -> dict[str, Any]:
    options = review.plan.options if review.plan else uploads.options_of(upload)
    container = {
        name: value
        for name, value in upload.inspection.items()
        if name not in ("digest", "headings")
    }
    return {
        "target": review.target.key,
        "container": review.mask.json(container) if review.mask else container,
        "options": _serialize_options(options),
        "columns": [
            {
                "heading": heading,
                "field": field,
                "label": review.target.field_label(field) if field else "",
                "type": review.types.get(field, ""),
                "samples": review.sample_values(upload, heading, MAX_COLUMN_SAMPLES),
            }
            for heading, field in review.mapping.items()
        ],
        "fields": [
            {"name": each.name, "label": str(each.label), "type": each.type}
            for each in review.target.fields
        ],
        "mistakes": review.mistakes,
        "questions": [
            questions.to_json(question) | {"is_open": question.is_open}
            for question in review.questions
        ],
        "notes": review.notes,
        "rows": review.preview.rows,
        "problems": list(map(dataclasses.asdict, review.preview.problems)),
    }


def _serialize_options(options: ImportOptions) -> dict[str, Any]:
    internal = ("timezone", "chunk_rows", "seen")
    return {
        name: value for name, value in options.to_json().items() if name not in internal
    }


def _get_file(request: ApiRequest, file_id: int) -> Upload:
    access.check_may_import(request.by)
    upload = uploads.get(request.community, file_id)
    uploads.check_exists(upload)
    return upload


@router.post("/imports/files", response=FileOut, openapi_extra=UPLOAD_BODY)
def upload(request: ApiRequest) -> dict[str, Any]:
    """Upload a file and get its plan.

    Send the file as the field `file` of a multipart form. It is kept for a week. Nothing
    is imported before you start it.
    """
    # Before the body is read, as it may be large.
    access.check_may_import(request.by)
    handler = UploadHandler(request.community)
    request.upload_handlers = [handler]
    try:
        file = request.FILES.get("file")
        if not isinstance(file, StoredUpload) or not file.size:
            raise NoFile(_("Send the file as the field “file” of a multipart form."))
        accepted = uploads.accept(
            path=file.path, name=file.name or "", by=request.by, at=request.at
        )
    finally:
        handler.discard()
    return _serialize(request, accepted)


@router.get("/imports/files", response=schemas.Page[FileSummaryOut])
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the files that have not been imported yet, by id."""
    access.check_may_import(request.by)
    query = uploads.list_unused(request.community).order_by("pk")
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [_serialize_row(row) for row in page], "next": more}


@router.get("/imports/files/{file_id}", response=FileOut)
def get(request: ApiRequest, file_id: schemas.Id) -> dict[str, Any]:
    """Get a file with its plan: columns, questions, notes, first rows and problems."""
    return _serialize(request, _get_file(request, file_id))


@router.patch("/imports/files/{file_id}", response=FileOut)
def update(request: ApiRequest, file_id: schemas.Id, data: OptionsIn) -> dict[str, Any]:
    """Change how a file is read, and answer its questions; returns the new plan."""
    upload = _get_file(request, file_id)
    changes = data.model_dump(exclude_none=True)
    old = uploads.options_of(upload)
    is_other_target = changes.get("target", old.target) != old.target
    # The fields of another target have nothing to do with those chosen before.
    chosen = {} if is_other_target else old.mapping
    changes["mapping"] = {**chosen, **changes.get("mapping", {})}
    answers = {**old.answers, **changes.get("answers", {})}
    changes["answers"] = {key: answer for key, answer in answers.items() if answer}
    with transaction.atomic():
        uploads.change_options(upload=upload, by=request.by, **changes)
        review = _review(request, upload)
        # The options stay as they were. A mapping that lacks a column may be completed
        # by the next request.
        if review.error:
            raise review.error
    return _serialize_reviewed(upload, review)


@router.delete("/imports/files/{file_id}", response={204: None})
def discard(request: ApiRequest, file_id: schemas.Id) -> Status[None]:
    """Delete a file. Its imports stay."""
    upload = _get_file(request, file_id)
    uploads.discard(upload=upload, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/imports/files/{file_id}/import", response=imports.ImportOut)
def start(request: ApiRequest, file_id: schemas.Id) -> dict[str, Any]:
    """Start the import of a file in the background.

    Refused while a question is open; the problem names the key that answers it.
    """
    upload = _get_file(request, file_id)
    job = background_imports.start(upload=upload, by=request.by, at=request.at)
    return imports.serialize(job, request.by)
