"""Points of members: balances, lots and history, and what is done by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Query, Router, Status

from qunce.activities.points import (
    adjustments,
    balances,
    earning,
    leaderboard,
    liability,
    point_settings,
    reversals,
    rules,
    spending,
)
from qunce.activities.points.models import (
    MAX_POINTS,
    MAX_REASON,
    EntryKind,
    PointAdjustment,
    PointEntry,
)
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["points"])
Points = Annotated[int, Field(ge=1, le=MAX_POINTS)]
Key = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(max_length=MAX_REASON)]
Days = Annotated[int, Field(ge=1, le=rules.MAX_DAYS)]
PeriodText = Annotated[str, Query(max_length=10)]
"""Such as 2026-03-05, 2026-W10, 2026-03, all, or day, week and month for the current one."""


class ExpiryOut(schemas.OutputSchema):
    last_day: date
    points: int


class PointBalanceOut(schemas.OutputSchema):
    """`pending` is not usable yet; `owed` is paid by later earnings."""

    usable: int
    owed: int
    pending: int
    next_expiry: ExpiryOut | None


class PointLotOut(schemas.OutputSchema):
    """`last_day` is null for what never expires; `is_held` while a case holds it."""

    id: int
    source: str
    amount: int
    left: int
    usable_from: date
    last_day: date | None
    is_held: bool


class PointLotListOut(schemas.OutputSchema):
    items: list[PointLotOut]


class PointHistoryEntryOut(schemas.OutputSchema):
    """`points` have the sign by which the balance changed."""

    id: int
    kind: str
    points: int
    rule: str
    key: str
    reason: str
    at: datetime


class PointHistoryOut(schemas.OutputSchema):
    """The newest first. `next` is the `before` of the following page."""

    items: list[PointHistoryEntryOut]
    next: int | None


class RecountOut(schemas.OutputSchema):
    """`differences` is empty if lots and entries agree."""

    differences: list[str]


class PointEntryOut(schemas.OutputSchema):
    id: int
    kind: str
    points: int
    owed: int
    key: str
    at: datetime


class EarnIn(schemas.InputSchema):
    """`source_key` is what is paid for once per rule. `points` replace those of the rule."""

    rule_key: Key
    source_key: Key
    points: Points | None = None


class EarnOut(schemas.OutputSchema):
    """`entry` is null if nothing was earned, for the reason `why_not`."""

    entry: PointEntryOut | None
    why_not: str


class SpendIn(schemas.InputSchema):
    """The same `key` spends once, whatever is repeated."""

    points: Points
    key: Key
    reason: Reason = ""


class KeyIn(schemas.InputSchema):
    key: Key


class RestoreOut(schemas.OutputSchema):
    """`entry` is null if this spend was undone before."""

    entry: PointEntryOut | None


class ReversalIn(schemas.InputSchema):
    """Takes back what a source earned.

    With `refunded`, its share of what was paid, in the smallest unit, once per `key`.
    """

    source_key: Key
    refunded: Annotated[int, Field(ge=1, le=MAX_POINTS)] | None = None
    key: Key = "reversal"


class ReversalOut(schemas.OutputSchema):
    entries: list[PointEntryOut]


class AdjustmentIn(schemas.InputSchema):
    """Points by hand, taken if below zero. Above the limit a second person approves."""

    points: Annotated[int, Field(ge=-MAX_POINTS, le=MAX_POINTS)]
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON)]
    key: Key


class AdjustmentOut(schemas.OutputSchema):
    id: int
    member_id: int
    points: int
    reason: str
    state: str
    asked_at: datetime
    by: str


class AdjustedOut(schemas.OutputSchema):
    """Either the entry, or what waits for approval."""

    entry: PointEntryOut | None
    waiting: AdjustmentOut | None


class AdjustmentListOut(schemas.OutputSchema):
    items: list[AdjustmentOut]


class PlaceOut(schemas.OutputSchema):
    """Equal points have the same rank."""

    rank: int
    member_id: int
    points: int


class LeaderboardOut(schemas.OutputSchema):
    """The days are null for all time."""

    period: str
    first_day: date | None
    last_day: date | None
    items: list[PlaceOut]


class LiabilityLineOut(schemas.OutputSchema):
    """`month` is its first day, null for what never expires or is held by a case."""

    month: date | None
    points: int
    cost: int
    is_held: bool


class LiabilityOut(schemas.OutputSchema):
    lines: list[LiabilityLineOut]
    points: int
    cost: int
    owed: int


class PointSettingsIn(schemas.InputSchema):
    """Fields that are missing stay as they are; `cost` is that of 1,000 points."""

    hand_limit: Annotated[int, Field(ge=0, le=MAX_POINTS)] | None = None
    hand_valid_days: Days | None = None
    cost: Annotated[int, Field(ge=0, le=10**12)] | None = None
    has_leaderboard: bool | None = None


class PointSettingsOut(schemas.OutputSchema):
    hand_limit: int
    hand_valid_days: int | None
    cost: int
    has_leaderboard: bool


# Members


def _serialize(entry: PointEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": EntryKind(entry.kind).name.lower(),
        "points": entry.amount,
        "owed": entry.owed,
        "key": entry.key,
        "at": entry.at,
    }


@router.get("/members/{member_id}/points", response=PointBalanceOut)
def get_balance(request: ApiRequest, member_id: schemas.Id) -> balances.Balance:
    """Get the balance of a member, judged by today."""
    return balances.get(account_id=member_id, by=request.by, at=request.at)


@router.get("/members/{member_id}/points/lots", response=PointLotListOut)
def list_lots(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """List what is left of a member's lots, soonest last day first."""
    found = balances.list_lots(account_id=member_id, by=request.by, at=request.at)
    return {"items": found}


@router.get("/members/{member_id}/points/history", response=PointHistoryOut)
def list_history(
    request: ApiRequest, member_id: schemas.Id, before: schemas.Id | None = None
) -> dict[str, Any]:
    """List the entries of a member, the newest first."""
    found = balances.history(
        account_id=member_id, by=request.by, at=request.at, before=before
    )
    return {
        "items": [
            {
                "id": each.id,
                "kind": each.kind.name.lower(),
                "points": each.points,
                "rule": each.rule,
                "key": each.key,
                "reason": each.reason,
                "at": each.at,
            }
            for each in found
        ],
        "next": found[-1].id if len(found) == balances.MAX_LISTED else None,
    }


@router.get("/members/{member_id}/points/recount", response=RecountOut)
def recount(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Compare a member's lots with their entries."""
    found = balances.recount(account_id=member_id, by=request.by, at=request.at)
    return {"differences": found}


@router.post("/members/{member_id}/points/earn", response=EarnOut)
def earn(request: ApiRequest, member_id: schemas.Id, data: EarnIn) -> dict[str, Any]:
    """Let a member earn by a rule, once per source."""
    earned = earning.earn(
        account_id=member_id,
        rule_key=data.rule_key,
        source_key=data.source_key,
        amount=data.points,
        by=request.by,
        at=request.at,
    )
    entry = _serialize(earned.entry) if earned.entry else None
    return {"entry": entry, "why_not": earned.why_not}


@router.post("/members/{member_id}/points/spend", response=PointEntryOut)
def spend(request: ApiRequest, member_id: schemas.Id, data: SpendIn) -> dict[str, Any]:
    """Spend points of a member, once per key."""
    entry = spending.spend(
        account_id=member_id,
        amount=data.points,
        key=data.key,
        reason=data.reason,
        by=request.by,
        at=request.at,
    )
    return _serialize(entry)


@router.post("/members/{member_id}/points/adjust", response=AdjustedOut)
def adjust(
    request: ApiRequest, member_id: schemas.Id, data: AdjustmentIn
) -> dict[str, Any]:
    """Give or take points by hand. Above the limit it waits for a second person."""
    done = adjustments.adjust(
        account_id=member_id, by=request.by, at=request.at, **data.model_dump()
    )
    return {
        "entry": _serialize(done.entry) if done.entry else None,
        "waiting": _serialize_adjustment(done.waiting) if done.waiting else None,
    }


@router.post("/points/restore", response=RestoreOut)
def restore(request: ApiRequest, data: KeyIn) -> dict[str, Any]:
    """Undo the spend of this key: the same lots have it again."""
    entry = spending.restore(
        community=request.community, key=data.key, by=request.by, at=request.at
    )
    return {"entry": _serialize(entry) if entry else None}


@router.post("/points/reverse", response=ReversalOut)
def reverse(request: ApiRequest, data: ReversalIn) -> dict[str, Any]:
    """Take back what a source earned, in whole or in proportion to a refund."""
    source: dict[str, Any] = {
        "community": request.community,
        "source_key": data.source_key,
        "by": request.by,
        "at": request.at,
    }
    if data.refunded is None:
        entries = reversals.reverse_source(**source)
    else:
        entries = reversals.reverse_order(
            **source, refunded=data.refunded, key=data.key
        )
    return {"entries": [_serialize(entry) for entry in entries]}


@router.put("/members/{member_id}/points/leaderboard-opt-out", response={204: None})
def opt_out(request: ApiRequest, member_id: schemas.Id) -> Any:
    """Keep a member off the leaderboard."""
    leaderboard.opt_out(account_id=member_id, by=request.by, at=request.at)
    return Status(204, None)


@router.delete("/members/{member_id}/points/leaderboard-opt-out", response={204: None})
def opt_in(request: ApiRequest, member_id: schemas.Id) -> Any:
    """Show a member on the leaderboard again."""
    leaderboard.opt_in(account_id=member_id, by=request.by, at=request.at)
    return Status(204, None)


# Approvals


def _serialize_adjustment(row: PointAdjustment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "points": row.points,
        "reason": row.reason,
        "state": row.state,
        "asked_at": row.asked_at,
        "by": row.by.login,
    }


@router.get("/points/adjustments", response=AdjustmentListOut)
def list_waiting(request: ApiRequest) -> dict[str, Any]:
    """List the points by hand that wait for a second person."""
    rows = adjustments.list_waiting(by=request.by, at=request.at)
    return {"items": [_serialize_adjustment(row) for row in rows]}


@router.post("/points/adjustments/{adjustment_id}/approve", response=PointEntryOut)
def approve(request: ApiRequest, adjustment_id: schemas.Id) -> dict[str, Any]:
    """Approve points that somebody else asked for."""
    row = adjustments.get(by=request.by, pk=adjustment_id, at=request.at)
    return _serialize(adjustments.approve(adjustment=row, by=request.by, at=request.at))


@router.post("/points/adjustments/{adjustment_id}/decline", response={204: None})
def decline(request: ApiRequest, adjustment_id: schemas.Id) -> Any:
    """Decline points that wait for approval."""
    row = adjustments.get(by=request.by, pk=adjustment_id, at=request.at)
    adjustments.decline(adjustment=row, by=request.by, at=request.at)
    return Status(204, None)


# Numbers


@router.get("/points/leaderboard", response=LeaderboardOut)
def get_leaderboard(
    request: ApiRequest, period: PeriodText = "month"
) -> dict[str, Any]:
    """Get the members who earned most in a period, this month by default.

    A period is a day such as 2026-03-05, a week such as 2026-W10, a month such as 2026-03,
    or `all`; `day`, `week` and `month` are the current ones.
    """
    chosen = leaderboard.parse_period(period, request.community.day(request.at))
    places = leaderboard.load(by=request.by, at=request.at, period=chosen)
    return {
        "period": chosen.text,
        "first_day": chosen.first,
        "last_day": chosen.last,
        "items": [
            {"rank": each.rank, "member_id": each.person, "points": each.points}
            for each in places
        ],
    }


@router.get("/points/liability", response=LiabilityOut)
def get_liability(request: ApiRequest) -> liability.Liability:
    """Get what members can still spend, by the month in which it expires."""
    return liability.load(by=request.by, at=request.at)


@router.get("/points/settings", response=PointSettingsOut)
def get_settings(request: ApiRequest) -> Any:
    """Get the settings of points."""
    rules.check_may_manage(request.by)
    return point_settings.get(request.community)


@router.patch("/points/settings", response=PointSettingsOut)
def update_settings(request: ApiRequest, data: PointSettingsIn) -> Any:
    """Change the settings of points."""
    given = data.model_dump(exclude_unset=True)
    given = {k: v for k, v in given.items() if v is not None or k == "hand_valid_days"}
    point_settings.update(
        community=request.community, by=request.by, at=request.at, **given
    )
    return get_settings(request)
