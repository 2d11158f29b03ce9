"""How keys and identifiers are read: placeholders, shared ones, and erased people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.members.accounts import (
    identity_settings,
    masking,
    placeholders,
    suppression,
)
from qunce.members.accounts.models import SharedIdentifier
from qunce.members.people import shared_identifiers

router = Router(auth=RequiresScope("members"), tags=["identity"])


class IdentitySettingsIn(schemas.InputSchema):
    """An identifier of more people than the limit merges nobody."""

    shared_identifier_limit: Annotated[int, Field(ge=1, le=1_000)]


class IdentitySettingsOut(schemas.OutputSchema):
    """`suppressed_people` were erased and are not added again by files and programs."""

    region: str
    shared_identifier_limit: int
    suppressed_people: int


class SuppressionIn(schemas.InputSchema):
    """`kind` is key, phone, email or another kind of identifier."""

    kind: Annotated[str, Field(max_length=20, examples=["phone"])]
    value: schemas.Key


class PlaceholderIn(schemas.InputSchema):
    """A text that means "none" in keys and identifiers. Capitals make no difference."""

    text: schemas.ShortText


class PlaceholderOut(schemas.OutputSchema):
    id: int
    text: str
    added_at: datetime


class SharedIdentifierOut(schemas.OutputSchema):
    """An identifier of so many accounts that it merges nobody."""

    id: int
    kind: str
    value: str
    accounts: int
    found_at: datetime


class UnmarkedOut(schemas.OutputSchema):
    """`merged` pairs of accounts were merged."""

    merged: int


@router.get("/identity-settings", response=IdentitySettingsOut)
def get_settings(request: ApiRequest) -> dict[str, Any]:
    """Get how identifiers are read, and how many erased people are kept out."""
    permissions.check_may(request.by, placeholders.EDIT)
    community = Community.objects.get(pk=request.community.pk)
    return {
        "region": community.region,
        "shared_identifier_limit": community.shared_identifier_limit,
        "suppressed_people": suppression.count(community),
    }


@router.patch("/identity-settings", response=IdentitySettingsOut)
def update_settings(request: ApiRequest, data: IdentitySettingsIn) -> dict[str, Any]:
    """Change how many people may share an identifier."""
    community = Community.objects.get(pk=request.community.pk)
    identity_settings.update(
        community=community,
        region=community.region,
        shared_identifier_limit=data.shared_identifier_limit,
        by=request.by,
        at=request.at,
    )
    return get_settings(request)


@router.post("/suppressions/lift", response={204: None})
def lift_suppression(request: ApiRequest, data: SuppressionIn) -> Status[None]:
    """Let the erased person who had this identifier be a member again."""
    suppression.lift(
        community=request.community,
        kind=data.kind,
        value=data.value,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)


@router.get("/placeholders", response=schemas.Page[PlaceholderOut])
def list_placeholders(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the placeholders that were added, by id. The usual ones are not among them."""
    permissions.check_may(request.by, placeholders.EDIT)
    query = placeholders.list_own(request.community).order_by("pk")
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": page, "next": more}


@router.post("/placeholders", response={201: PlaceholderOut})
def add_placeholder(request: ApiRequest, data: PlaceholderIn) -> Any:
    """Let a text mean "none" from now on; what is stored stays as it is."""
    row = placeholders.add(
        community=request.community, text=data.text, by=request.by, at=request.at
    )
    return Status(201, row)


@router.delete("/placeholders/{placeholder_id}", response={204: None})
def remove_placeholder(request: ApiRequest, placeholder_id: schemas.Id) -> Status[None]:
    """Remove a placeholder that was added. The usual ones stay."""
    permissions.check_may(request.by, placeholders.EDIT)
    row = placeholders.get(request.community, placeholder_id)
    placeholders.delete(placeholder=row, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/shared-identifiers", response=schemas.Page[SharedIdentifierOut])
def list_shared(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the identifiers that merge nobody, by id."""
    permissions.check_may(request.by, placeholders.EDIT)
    query = shared_identifiers.list_all(request.community).order_by("pk")
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [_serialize(request, row) for row in page], "next": more}


def _serialize(request: ApiRequest, row: SharedIdentifier) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "value": masking.identifier(kind=row.kind, value=row.value, by=request.by),
        "accounts": row.account_count,
        "found_at": row.found_at,
    }


@router.delete("/shared-identifiers/{shared_id}", response=UnmarkedOut)
def unmark_shared(request: ApiRequest, shared_id: schemas.Id) -> dict[str, Any]:
    """Let an identifier merge people again, beginning with those who have it now.

    Refused while more accounts than one person can have use it.
    """
    permissions.check_may(request.by, placeholders.EDIT)
    row = shared_identifiers.get(request.community, shared_id)
    joins = shared_identifiers.unmark(shared=row, by=request.by, at=request.at)
    return {"merged": len(joins.merged)}
