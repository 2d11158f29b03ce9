"""Levels: their definition with a preview, and the level of a member."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from ninja import Field, Router

from qunce.activities.levels import cards, holdings, previews, schemes
from qunce.activities.levels.models import MAX_NAME, MAX_TEXT, MAX_TITLE, Level
from qunce.activities.levels.schemes import LevelInput, SchemeInput
from qunce.activities.points.models import MAX_POINTS
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["levels"])
PeriodName = Literal["month", "quarter", "year", "rolling"]


class LevelIn(schemas.InputSchema):
    """A level. `key` names one that exists; `percent` multiplies what rules earn."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    points: Annotated[int, Field(ge=1, le=MAX_POINTS)]
    key: Annotated[str, Field(max_length=58)] = ""
    title: Annotated[str, Field(max_length=MAX_TITLE)] = ""
    percent: Annotated[int, Field(ge=100, le=1000)] = 100
    gift_points: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    gift_valid_days: Annotated[int, Field(ge=1, le=3_650)] | None = None
    gift_prize_id: schemas.Id | None = None
    has_early_access: bool = False
    benefits: Annotated[str, Field(max_length=MAX_TEXT)] = ""


class LevelSchemeIn(schemas.InputSchema):
    """All levels, from the lowest; one that is left out is removed.

    `days` are those of the period `rolling`. `gift_budget` is in points a month, null for
    no limit.
    """

    period: PeriodName = "quarter"
    days: Annotated[int, Field(ge=7, le=366)] = 90
    grace_days: Annotated[int, Field(ge=0, le=365)] = 14
    gift_budget: Annotated[int, Field(ge=0, le=10**12)] | None = None
    levels: Annotated[list[LevelIn], Field(min_length=1, max_length=20)]


class LevelOut(schemas.OutputSchema):
    """`points` are those of the last definition; `members` as of the last count."""

    key: str
    name: str
    title: str
    points: int
    percent: int
    gift_points: int
    gift_valid_days: int | None
    gift_prize_id: int | None
    has_early_access: bool
    benefits: str
    members: int


class LevelSchemeOut(schemas.OutputSchema):
    is_on: bool
    period: str
    days: int
    grace_days: int
    gift_budget: int | None
    levels: list[LevelOut]


class LevelPreviewRowOut(schemas.OutputSchema):
    name: str
    points: int
    people: int
    now: int


class LevelPreviewOut(schemas.OutputSchema):
    """How many members would have each level; `higher` rise and `lower` fall today."""

    rows: list[LevelPreviewRowOut]
    without: int
    higher: int
    lower: int


class LevelSwitchIn(schemas.InputSchema):
    is_on: bool


class MemberBadgeOut(schemas.OutputSchema):
    key: str
    name: str
    letters: str


class MemberMembershipOut(schemas.OutputSchema):
    key: str
    name: str
    last_day: date


class MemberLevelOut(schemas.OutputSchema):
    """`until` is null if nothing ends the level; `missing` are points to `next_level`."""

    level: str | None
    title: str
    until: date | None
    points: int
    next_level: str | None
    missing: int
    badges: list[MemberBadgeOut]
    memberships: list[MemberMembershipOut]


def _input(data: LevelSchemeIn) -> SchemeInput:
    given = data.model_dump()
    levels = []
    for row in given.pop("levels"):
        stock = row.pop("gift_prize_id")
        levels.append(LevelInput(gift_stock=stock, **row))
    return SchemeInput(levels=levels, **given)


def _level(level: Level, members: int) -> dict[str, Any]:
    names = ("key", "name", "title", "percent", "gift_points", "gift_valid_days")
    return {
        **{name: getattr(level, name) for name in names},
        "points": schemes.points_of(level) or 0,
        "gift_prize_id": level.gift_stock_id,
        "has_early_access": level.has_early_access,
        "benefits": level.benefits,
        "members": members,
    }


@router.get("/levels", response=LevelSchemeOut)
def get_levels(request: ApiRequest) -> dict[str, Any]:
    """Get all levels, from the lowest, and how many members have each."""
    rows = schemes.list_for(request.by)
    scheme = schemes.get(request.community)
    people = holdings.count_people(request.community)
    return {
        "is_on": bool(scheme and scheme.is_on),
        "period": scheme.period if scheme else "quarter",
        "days": scheme.days if scheme else 90,
        "grace_days": scheme.grace_days if scheme else 14,
        "gift_budget": scheme.gift_budget if scheme else None,
        "levels": [_level(row, people[row.pk]) for row in rows],
    }


@router.put("/levels", response=LevelSchemeOut)
def define_levels(request: ApiRequest, data: LevelSchemeIn) -> dict[str, Any]:
    """Define all levels. Higher thresholds hold from the next period."""
    schemes.define(
        community=request.community, wanted=_input(data), by=request.by, at=request.at
    )
    return get_levels(request)


@router.post("/levels/preview", response=LevelPreviewOut)
def preview_levels(request: ApiRequest, data: LevelSchemeIn) -> previews.Preview:
    """Get how many members would have each level. Nothing is changed."""
    return previews.preview(
        community=request.community, wanted=_input(data), by=request.by, at=request.at
    )


@router.put("/levels/state", response=LevelSchemeOut)
def switch_levels(request: ApiRequest, data: LevelSwitchIn) -> dict[str, Any]:
    """Switch levels on or off. Without levels, points and badges stay."""
    verb = schemes.switch_on if data.is_on else schemes.switch_off
    verb(community=request.community, by=request.by, at=request.at)
    return get_levels(request)


@router.get("/members/{member_id}/level", response=MemberLevelOut)
def get_member_level(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Get the level, badges and memberships of a member."""
    found = cards.get(account_id=member_id, by=request.by, at=request.at)
    return {
        "level": found.level.key if found.level else None,
        "title": found.title,
        "until": found.until or None,
        "points": found.points,
        "next_level": found.next_level.key if found.next_level else None,
        "missing": found.missing,
        "badges": [
            {
                "key": each.badge.key,
                "name": each.badge.name,
                "letters": each.badge.letters,
            }
            for each in found.badges
        ],
        "memberships": [
            {
                "key": each.plan.key,
                "name": each.plan.name,
                "last_day": community_days.to_date(each.last_day),
            }
            for each in found.memberships
        ],
    }
