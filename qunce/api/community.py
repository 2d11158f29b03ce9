"""The community that the API key belongs to, and its settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Field, Router

from qunce import community_settings
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.communities import Community

router = Router(auth=RequiresScope("community"), tags=["community"])


class CommunityIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `day_start` is in minutes after midnight, `region` the country of phone numbers
    without a country code.
    """

    name: schemas.ShortText | None = None
    timezone: Annotated[str, Field(max_length=64)] | None = None
    day_start: Annotated[int, Field(ge=0, le=1439)] | None = None
    currency: Annotated[str, Field(max_length=3)] | None = None
    language: Literal["en", "zh-hans"] | None = None
    region: Annotated[str, Field(max_length=2)] | None = None


class CommunityOut(schemas.OutputSchema):
    key: str
    name: str
    timezone: str
    day_start: int
    currency: str
    language: str
    region: str


class CommunityUpdateOut(CommunityOut):
    """`consequences` are sentences on what the change brings about."""

    consequences: list[str]


def _serialize(community: Community) -> dict[str, Any]:
    return {name: getattr(community, name) for name in CommunityOut.model_fields}


@router.get("/community", response=CommunityOut)
def get(request: ApiRequest) -> dict[str, Any]:
    """Get the settings of the community."""
    return _serialize(Community.objects.get(pk=request.community.pk))


@router.patch("/community", response=CommunityUpdateOut)
def update(
    request: ApiRequest, data: CommunityIn, dry_run: bool = False
) -> dict[str, Any]:
    """Update the settings of the community, or only list what that would bring about."""
    community = Community.objects.get(pk=request.community.pk)
    sent = data.model_dump(exclude_unset=True)
    changes = {name: value for name, value in sent.items() if value is not None}
    consequences = community_settings.list_consequences(
        community=community, changes=changes, at=request.at
    )
    if not dry_run:
        community_settings.update(
            community=community, by=request.by, at=request.at, **changes
        )
        community.refresh_from_db()
    return _serialize(community) | {"consequences": consequences}
