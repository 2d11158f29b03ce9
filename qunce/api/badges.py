"""Badges: what they are awarded for, and awards by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.activities.levels import badges
from qunce.activities.levels.models import (
    MAX_LETTERS,
    MAX_NAME,
    MAX_TEXT,
    Badge,
    BadgeAward,
)
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["levels"])
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Letters = Annotated[str, Field(min_length=1, max_length=MAX_LETTERS)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class BadgeUpdateIn(schemas.InputSchema):
    """Fields that are missing stay; a `rule` of null leaves awards to staff."""

    name: Name | None = None
    letters: Letters | None = None
    description: Text | None = None
    rule: dict[str, Any] | None = None


class BadgeIn(BadgeUpdateIn):
    """With a `rule`, it is off at first."""

    name: Name
    letters: Letters
    key: Annotated[str, Field(max_length=50)] = ""


class BadgeOut(schemas.OutputSchema):
    """`problem` is why the rule cannot be answered, "" if it can."""

    id: int
    key: str
    name: str
    letters: str
    description: str
    rule: dict[str, Any] | None
    is_on: bool
    problem: str
    is_archived: bool


class BadgeListOut(schemas.OutputSchema):
    items: list[BadgeOut]


class BadgeSwitchIn(schemas.InputSchema):
    is_on: bool


class BadgeReasonIn(schemas.InputSchema):
    reason: Text = ""


class BadgeAwardOut(schemas.OutputSchema):
    badge: str
    at: datetime
    reason: str


def _badge(badge: Badge) -> dict[str, Any]:
    names = ("key", "name", "letters", "description", "rule", "is_on", "problem")
    return {
        "id": badge.pk,
        **{name: getattr(badge, name) for name in names},
        "is_archived": badge.archived_at is not None,
    }


def _award(row: BadgeAward) -> dict[str, Any]:
    return {"badge": row.badge.key, "at": row.at, "reason": row.reason}


@router.get("/badges", response=BadgeListOut)
def list_badges(request: ApiRequest) -> dict[str, Any]:
    """List the badges that are not archived."""
    return {"items": [_badge(row) for row in badges.list_all(request.by)]}


@router.post("/badges", response={201: BadgeOut})
def create_badge(request: ApiRequest, data: BadgeIn) -> Any:
    """Create a badge, for a rule or to be awarded by hand."""
    given = data.model_dump()
    given["description"] = given["description"] or ""
    badge = badges.create(
        community=request.community, by=request.by, at=request.at, **given
    )
    return Status(201, _badge(badge))


@router.get("/badges/{badge_id}", response=BadgeOut)
def get_badge(request: ApiRequest, badge_id: schemas.Id) -> dict[str, Any]:
    """Get a badge."""
    return _badge(badges.get(by=request.by, pk=badge_id))


@router.patch("/badges/{badge_id}", response=BadgeOut)
def update_badge(
    request: ApiRequest, badge_id: schemas.Id, data: BadgeUpdateIn
) -> dict[str, Any]:
    """Change a badge. Members who have it keep it."""
    given = data.model_dump(exclude_unset=True)
    given = {k: v for k, v in given.items() if v is not None or k == "rule"}
    badge = badges.get(by=request.by, pk=badge_id)
    badges.update(badge=badge, by=request.by, at=request.at, **given)
    return get_badge(request, badge_id)


@router.put("/badges/{badge_id}/state", response=BadgeOut)
def switch_badge(
    request: ApiRequest, badge_id: schemas.Id, data: BadgeSwitchIn
) -> dict[str, Any]:
    """Let the rule award the badge from now on, or stop it."""
    badge = badges.get(by=request.by, pk=badge_id)
    badges.switch(badge=badge, is_on=data.is_on, by=request.by, at=request.at)
    return get_badge(request, badge_id)


@router.delete("/badges/{badge_id}", response={204: None})
def archive_badge(request: ApiRequest, badge_id: schemas.Id) -> Any:
    """Archive a badge permanently. Members keep it."""
    badge = badges.get(by=request.by, pk=badge_id)
    badges.archive(badge=badge, by=request.by, at=request.at)
    return Status(204, None)


@router.put("/members/{member_id}/badges/{badge_id}", response=BadgeAwardOut)
def award_badge(
    request: ApiRequest,
    member_id: schemas.Id,
    badge_id: schemas.Id,
    data: BadgeReasonIn,
) -> dict[str, Any]:
    """Award a badge to a member by hand, once."""
    badge = badges.get(by=request.by, pk=badge_id)
    row = badges.award(
        badge=badge,
        account_id=member_id,
        by=request.by,
        at=request.at,
        reason=data.reason,
    )
    return _award(row)


@router.post("/members/{member_id}/badges/{badge_id}/revoke", response={204: None})
def revoke_badge(
    request: ApiRequest,
    member_id: schemas.Id,
    badge_id: schemas.Id,
    data: BadgeReasonIn,
) -> Any:
    """Take a badge from a member, with a reason. No rule awards it again."""
    badges.revoke(
        badge=badges.get(by=request.by, pk=badge_id),
        account_id=member_id,
        by=request.by,
        at=request.at,
        reason=data.reason,
    )
    return Status(204, None)
