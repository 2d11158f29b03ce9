"""Attributes, the typed fields of members."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from ninja import Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.attributes import attributes, type_change_jobs, type_changes
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.type_change_jobs import TypeChangeJob

router = Router(auth=RequiresScope("members"), tags=["members"])


class AttributeUpdateIn(schemas.InputSchema):
    """Every value is converted to the new type, or the request is refused.

    `drop_unreadable` moves values that cannot be converted to the history of their
    members. With `dry_run` nothing is changed.
    """

    type: Literal["text", "number", "bool", "date", "instant", "choice", "multi"]
    drop_unreadable: bool = False
    dry_run: bool = False


class AttributeOut(schemas.OutputSchema):
    id: int
    name: str
    label: str
    type: str
    section: str
    choices: list[str]
    is_contact: bool
    created_at: datetime


class AttributeChangeOut(schemas.OutputSchema):
    """What changing the type did, or would do.

    The counts are of accounts: `altered` values read differently afterwards, and
    `unreadable` ones cannot be converted. `broken_rules` must be changed first. `notes`
    say the same as sentences, with examples.
    """

    attribute: AttributeOut
    converted: int
    restored: int
    altered: int
    unreadable: int
    broken_rules: list[str]
    notes: list[str]


class TypeChangeOut(schemas.OutputSchema):
    """A change of type in the background: `done` of about `size` values are checked.

    Once it is finished, it has either a `result` or an `error`.
    """

    id: int
    attribute_id: int
    type: str
    dry_run: bool
    phase: str
    size: int
    done: int
    error: str
    started_at: datetime
    finished_at: datetime | None
    result: AttributeChangeOut | None


@router.get("/attributes", response=schemas.Page[AttributeOut])
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List attributes by id."""
    query = Attribute.objects.filter(community=request.community)
    page, more = schemas.paginate(
        lambda start_id, size: list(
            query.filter(pk__gt=start_id).order_by("pk")[:size]
        ),
        after=after,
        limit=limit,
        id_of=lambda attribute: attribute.pk,
    )
    return {"items": page, "next": more}


@router.patch(
    "/attributes/{attribute_id}", response={200: AttributeChangeOut, 202: TypeChangeOut}
)
def update(
    request: ApiRequest, attribute_id: schemas.Id, data: AttributeUpdateIn
) -> Any:
    """Change the type of an attribute.

    With more than 5,000 values this happens in the background; the response is then 202
    and names the change, whose progress `GET /attribute-type-changes/{change_id}` gives.
    """
    rows = Attribute.objects.filter(community=request.community, pk=attribute_id)
    attribute = rows.select_related("community").first()
    if attribute is None:
        raise attributes.AttributeNotFound(_("There is no such attribute."))
    about: dict[str, Any] = {
        "attribute": attribute,
        "type": data.type,
        "by": request.by,
        "at": request.at,
    }
    if type_change_jobs.is_large(attribute):
        job = type_change_jobs.start(
            **about, drop_unreadable=data.drop_unreadable, dry_run=data.dry_run
        )
        return Status(202, _serialize_job(job))
    if data.dry_run:
        change = type_changes.preview(**about)
    else:
        change = type_changes.change_type(**about, drop_unreadable=data.drop_unreadable)
    return {"attribute": attribute, **type_change_jobs.summarize(change)}


@router.get("/attribute-type-changes/{change_id}", response=TypeChangeOut)
def get_type_change(request: ApiRequest, change_id: schemas.Id) -> dict[str, Any]:
    """Get a change of type that runs in the background, or ran within the last day."""
    return _serialize_job(type_change_jobs.get(by=request.by, pk=change_id))


def _serialize_job(job: TypeChangeJob) -> dict[str, Any]:
    return {
        "id": job.pk,
        "attribute_id": job.attribute_id,
        "type": job.type,
        "dry_run": job.dry_run,
        "phase": job.phase,
        "size": job.size,
        "done": job.done,
        "error": job.error,
        "started_at": job.at,
        "finished_at": job.finished_at,
        "result": job.result and {"attribute": job.attribute, **job.result},
    }
