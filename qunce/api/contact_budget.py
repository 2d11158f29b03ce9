"""Contact limits, quiet hours and the hold-out; and the pressure of one member."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.members.people import people, visibility
from qunce.outreach.contact_budget import (
    limits,
    member_zones,
    policies,
    pressure,
)
from qunce.outreach.hold_outs import hold_outs

router = Router(auth=RequiresScope("campaigns"), tags=["contact budget"])
MINUTE = timedelta(minutes=1)
Minutes = Annotated[int, Field(ge=0, le=7 * 24 * 60)]
MinuteOfDay = Annotated[int, Field(ge=0, le=1439)]


class LimitIn(schemas.InputSchema):
    """`mode` is `off`, `none` (nothing may be sent) or `at_most` `count` messages.

    An empty `channel` means any. A rolling span ends now; otherwise it is a calendar day,
    week or month.
    """

    span: Literal["day", "week", "month"]
    mode: Literal["off", "none", "at_most"]
    count: Annotated[int, Field(ge=1, le=100)] | None = None
    rolling: bool = True
    channel: Annotated[str, Field(max_length=30)] = ""
    purpose: Literal["marketing", "service"] = "marketing"


class ContactBudgetIn(schemas.InputSchema):
    """`quiet_start` and `quiet_end` are minutes after midnight, both null for none.

    A message that does not fit waits for up to `hold_minutes`; with 0 it is skipped.
    """

    limits: Annotated[list[LimitIn], Field(max_length=40)]
    gap_minutes: Minutes = 0
    quiet_start: MinuteOfDay | None = None
    quiet_end: MinuteOfDay | None = None
    hold_minutes: Minutes = 0
    counts_assisted: bool = True


class TimeZonesIn(schemas.InputSchema):
    """`attribute` is a name; "" gives everyone the community's clock."""

    attribute: Annotated[str, Field(max_length=80)]


class TimeZonesOut(schemas.OutputSchema):
    """`zones` are those that members have by now."""

    attribute: str
    zones: list[str]


class LimitOut(schemas.OutputSchema):
    """A limit, as in a request."""

    span: str
    mode: str
    count: int | None
    rolling: bool
    channel: str
    purpose: str


class ContactBudgetOut(schemas.OutputSchema):
    """The contact budget, as in a request."""

    limits: list[LimitOut]
    gap_minutes: int
    quiet_start: int | None
    quiet_end: int | None
    hold_minutes: int
    counts_assisted: bool


class HoldOutIn(schemas.InputSchema):
    """`per_mille` of a thousand members get no marketing; 0 is nobody."""

    per_mille: Annotated[int, Field(ge=0, le=hold_outs.MAX_PER_MILLE)]


class HoldOutOut(schemas.OutputSchema):
    """`held_out` members are in the hold-out of this quarter."""

    per_mille: int
    quarter: str
    held_out: int


class PressureOut(schemas.OutputSchema):
    """`count` messages are in the window of the limit, with those that are planned."""

    limit: LimitOut
    count: int


class PressureListOut(schemas.OutputSchema):
    items: list[PressureOut]


@router.get("/contact-budget", response=ContactBudgetOut)
def get(request: ApiRequest) -> dict[str, Any]:
    """Get how often and when members may get messages."""
    policy = policies.get(request.community)
    quiet = policy.budget.quiet
    return {
        "limits": [policies.to_json(limit) for limit in policy.budget.limits],
        "gap_minutes": policy.budget.gap // MINUTE,
        "quiet_start": quiet and quiet.start,
        "quiet_end": quiet and quiet.end,
        "hold_minutes": policy.budget.hold // MINUTE,
        "counts_assisted": policy.counts_assisted,
    }


@router.put("/contact-budget", response=ContactBudgetOut)
def update(request: ApiRequest, data: ContactBudgetIn) -> dict[str, Any]:
    """Set how often and when members may get messages."""
    if (data.quiet_start is None) != (data.quiet_end is None):
        policies.refuse_quiet_hours()
    quiet = None
    if data.quiet_start is not None and data.quiet_end is not None:
        quiet = limits.QuietHours(data.quiet_start, data.quiet_end)
    budget = limits.Budget(
        limits=tuple(policies.from_json(each.model_dump()) for each in data.limits),
        gap=data.gap_minutes * MINUTE,
        quiet=quiet,
        hold=data.hold_minutes * MINUTE,
    )
    policies.update(
        community=request.community,
        budget=budget,
        counts_assisted=data.counts_assisted,
        by=request.by,
        at=request.at,
    )
    return get(request)


@router.get("/contact-budget/time-zones", response=TimeZonesOut)
def get_time_zones(request: ApiRequest) -> dict[str, Any]:
    """Get the attribute with the time zones of members, and these zones."""
    permissions.check_may(request.by, policies.MANAGE)
    attribute = policies.get(request.community).zone_attribute
    zones = member_zones.list_zones(
        request.community, attribute=attribute, at=request.at
    )
    return {"attribute": attribute, "zones": zones}


@router.put("/contact-budget/time-zones", response=TimeZonesOut)
def update_time_zones(request: ApiRequest, data: TimeZonesIn) -> dict[str, Any]:
    """Choose the attribute with the time zones of members."""
    policies.set_zone_attribute(
        community=request.community,
        attribute=data.attribute,
        by=request.by,
        at=request.at,
    )
    return get_time_zones(request)


@router.get("/hold-out", response=HoldOutOut)
def get_hold_out(request: ApiRequest) -> dict[str, Any]:
    """Get how many members are held out of marketing this quarter."""
    permissions.check_may(request.by, hold_outs.MANAGE)
    return {
        "per_mille": hold_outs.get_per_mille(request.community),
        "quarter": hold_outs.quarter(request.community, request.at),
        "held_out": len(hold_outs.list_held_out(by=request.by, at=request.at)),
    }


@router.put("/hold-out", response=HoldOutOut)
def update_hold_out(request: ApiRequest, data: HoldOutIn) -> dict[str, Any]:
    """Set how many members are held out of marketing."""
    hold_outs.update(
        community=request.community,
        per_mille=data.per_mille,
        by=request.by,
        at=request.at,
    )
    return get_hold_out(request)


@router.get(
    "/members/{member_id}/contact-pressure",
    response=PressureListOut,
    auth=RequiresScope("members"),
)
def get_pressure(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Get how many messages of each limit a member got."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    person = people.get_by_account(account.pk).id
    found = pressure.pressure_by_person(
        [person], community=request.community, at=request.at
    )
    return {
        "items": [
            {"limit": policies.to_json(each.limit), "count": each.count}
            for each in found[person]
        ]
    }
