"""Attributes, the typed fields of members."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import (
    attribute_texts,
    attributes,
    type_change_jobs,
    type_changes,
)
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.type_change_jobs import TypeChangeJob
from qunce.members.people import visibility

router = Router(auth=RequiresScope("members"), tags=["attributes"])
Type = Literal["text", "number", "bool", "date", "instant", "choice", "multi", "lunar"]
Section = Literal["basic", "interest", "product", "benefit", "buying", "spending"]
Label = Annotated[str, Field(min_length=1, max_length=80)]
Choices = Annotated[list[schemas.Key], Field(max_length=500)]
MAX_PAST_VALUES = 200


class AttributeIn(schemas.InputSchema):
    """`name` is used in rules and files and does not change.

    `choices`, if any, are the only valid values. Values of a contact reach a person and
    are masked like phone numbers; without `is_contact`, the name decides.
    """

    name: Label
    type: Type
    label: Annotated[str, Field(max_length=80)] = ""
    section: Section = "basic"
    choices: Choices = []
    is_contact: bool | None = None


class AttributeUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    Values that are no longer among the `choices` are kept.
    """

    label: Label | None = None
    section: Section | None = None
    choices: Choices | None = None
    is_contact: bool | None = None


class TypeChangeIn(schemas.InputSchema):
    """Every value is converted to the new type, or the request is refused.

    `drop_unreadable` moves values that cannot be converted to the history of their
    members. With `dry_run` nothing is changed.
    """

    type: Type
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


class PastValueOut(schemas.OutputSchema):
    """`set_by` is the login of who set it, null for an import or a program."""

    value: str
    source: str
    set_at: datetime
    set_by: str | None
    ended_at: datetime


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
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": page, "next": more}


@router.post("/attributes", response={201: AttributeOut})
def create(request: ApiRequest, data: AttributeIn) -> Any:
    """Create an attribute. If it exists with this type, it is returned as it is."""
    attribute = attributes.define(
        community=request.community, by=request.by, at=request.at, **data.model_dump()
    )
    return Status(201, attribute)


@router.get("/attributes/{attribute_id}", response=AttributeOut)
def get(request: ApiRequest, attribute_id: schemas.Id) -> Attribute:
    """Get an attribute."""
    return _get(request, attribute_id)


@router.patch("/attributes/{attribute_id}", response=AttributeOut)
def update(
    request: ApiRequest, attribute_id: schemas.Id, data: AttributeUpdateIn
) -> Attribute:
    """Update the label, the section or the choices of an attribute."""
    attribute = _get(request, attribute_id)
    return attributes.update(
        attribute=attribute,
        label=attribute.label if data.label is None else data.label,
        section=attribute.section if data.section is None else data.section,
        choices=attribute.choices if data.choices is None else data.choices,
        is_contact=data.is_contact,
        by=request.by,
        at=request.at,
    )


def _get(request: ApiRequest, attribute_id: int) -> Attribute:
    rows = Attribute.objects.filter(community=request.community, pk=attribute_id)
    attribute = rows.select_related("community").first()
    if attribute is None:
        raise attributes.AttributeNotFound(_("There is no such attribute."))
    return attribute


# Types


@router.post(
    "/attributes/{attribute_id}/type",
    response={200: AttributeChangeOut, 202: TypeChangeOut},
)
def change_type(
    request: ApiRequest, attribute_id: schemas.Id, data: TypeChangeIn
) -> Any:
    """Change the type of an attribute.

    With more than 5,000 values this happens in the background; the response is then 202
    and names the change, whose progress `GET /attribute-type-changes/{change_id}` gives.
    """
    attribute = _get(request, attribute_id)
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


# Values


@router.get(
    "/members/{member_id}/attributes/{attribute_id}/history",
    response=list[PastValueOut],
)
def list_past_values(
    request: ApiRequest, member_id: schemas.Id, attribute_id: schemas.Id
) -> list[dict[str, Any]]:
    """List the values of a member that were replaced or removed, the newest first."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    attribute = _get(request, attribute_id)
    ids = account_queries.account_ids_of_person(account.pk)
    past = attributes.list_history(attribute, ids, limit=MAX_PAST_VALUES)
    logins = staff.logins_by_id(entry.by_id for entry in past)
    return [
        {
            "value": attribute_texts.exact(attribute, entry.text, by=request.by),
            "source": entry.source,
            "set_at": entry.set_at,
            "set_by": logins.get(entry.by_id or 0),
            "ended_at": entry.ended_at,
        }
        for entry in past
    ]
