"""Attributes, the typed fields of members."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.attributes import attributes, type_changes
from qunce.members.attributes.attributes import Attribute

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


@router.patch("/attributes/{attribute_id}", response=AttributeChangeOut)
def update(
    request: ApiRequest, attribute_id: schemas.Id, data: AttributeUpdateIn
) -> dict[str, Any]:
    """Change the type of an attribute."""
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
    if data.dry_run:
        change = type_changes.preview(**about)
    else:
        change = type_changes.change_type(**about, drop_unreadable=data.drop_unreadable)
    return {
        "attribute": attribute,
        "converted": change.converted,
        "restored": change.restored,
        "altered": change.altered.count,
        "unreadable": change.unreadable.count,
        "broken_rules": [str(rule) for rule in change.broken_rules],
        "notes": type_changes.describe(change),
    }
