"""Portraits: what sets people apart; and completeness: what is not known of whom."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Field, Query, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight.portraits import completeness, portraits

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])


class PortraitIn(schemas.InputSchema):
    """`of` is `segment:key`, `layer:layering:key` or `group:key`."""

    of: Annotated[str, Field(min_length=1, max_length=400)]


class PortraitRowOut(schemas.OutputSchema):
    """Shares are from 0 to 1; `points`, `low` and `high` are percentage points.

    `ratio` is null if none of the rest have the trait. `inside_of` and `rest_of` are
    those compared. `effect` is Cohen's h. The rules select the people with the trait.
    """

    dimension: str
    heading: str
    label: str
    inside: int
    inside_of: int
    rest: int
    rest_of: int
    share_inside: float
    share_rest: float
    ratio: float | None
    points: float
    low: float
    high: float
    effect: float
    p_value: float
    adjusted_p: float
    rule: dict[str, Any]
    rest_rule: dict[str, Any]


class PortraitOut(schemas.OutputSchema):
    """Of `asked` traits `clear` differ; for `not_enough` there are too few people.

    `named` traits are left out, as the rule asks for them. `rows` are the 40 with the
    largest effect.
    """

    of: str
    label: str
    people: int
    rest: int
    asked: int
    clear: int
    not_enough: int
    named: int
    rows: list[PortraitRowOut]


class GapOut(schemas.OutputSchema):
    """`people` lack it; `percent` is null for few members. `uses` are rules in use."""

    kind: str
    key: str
    label: str
    people: int
    percent: float | None
    uses: int
    rule: dict[str, Any]


class CompletenessOut(schemas.OutputSchema):
    """`gaps` have the largest first; `ask` are those to close next."""

    members: int
    gaps: list[GapOut]
    ask: list[GapOut]


@router.get("/portraits", response=PortraitOut)
def portrait(request: ApiRequest, asked: Query[PortraitIn]) -> dict[str, Any]:
    """Compare a segment, a layer or a group with all other members."""
    subject = portraits.parse_subject(asked.of, by=request.by)
    return portraits.to_json(
        portraits.load(subject=subject, by=request.by, at=request.at)
    )


@router.get("/completeness", response=CompletenessOut)
def completeness_(request: ApiRequest) -> Any:
    """Count what is not known of how many members."""
    return completeness.load(by=request.by, at=request.at)
