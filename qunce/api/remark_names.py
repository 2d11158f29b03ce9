"""Remark names: what members are called in staff's contacts, made from a pattern."""

from __future__ import annotations

from typing import Annotated

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.people import people, remark_names, visibility
from qunce.members.people.remark_names import RemarkPattern

router = Router(auth=RequiresScope("members"), tags=["members"])


class RemarkPatternIn(schemas.InputSchema):
    """`text` has variables in braces, such as `{stage|new}-{name}`."""

    text: Annotated[str, Field(min_length=1, max_length=200)]
    max_length: Annotated[int, Field(ge=4, le=100)] = remark_names.DEFAULT_MAX_LENGTH


class RemarkPatternOut(schemas.OutputSchema):
    text: str
    max_length: int


class RemarkNameOut(schemas.OutputSchema):
    remark_name: str


@router.get("/remark-pattern", response=RemarkPatternOut)
def get_pattern(request: ApiRequest) -> RemarkPattern:
    """Get the pattern of remark names."""
    return remark_names.get_pattern(request.community)


@router.put("/remark-pattern", response=RemarkPatternOut)
def set_pattern(request: ApiRequest, data: RemarkPatternIn) -> RemarkPattern:
    """Set the pattern of remark names."""
    return remark_names.set_pattern(
        community=request.community,
        text=data.text,
        max_length=data.max_length,
        by=request.by,
        at=request.at,
    )


@router.get("/members/{member_id}/remark-name", response=RemarkNameOut)
def get_remark_name(request: ApiRequest, member_id: schemas.Id) -> dict[str, str]:
    """Get the remark name of a member."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    person = people.get_by_account(account.pk)
    return {"remark_name": remark_names.render_for(person, by=request.by)}
