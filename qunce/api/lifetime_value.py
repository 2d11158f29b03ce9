"""Lifetime value: what the buyers of a community, and of its parts, will still buy."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from ninja import Field, Query, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight import breakdowns
from qunce.insight.lifetime_value import estimates

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])


class LifetimeValueIn(schemas.InputSchema):
    """`days` ahead: 90, 180 or 365. `by` is a break-down."""

    days: Annotated[int, Field(ge=1, le=365)] = estimates.DEFAULT_HORIZON
    by: Annotated[str, Field(max_length=200)] = ""


class EstimateOut(schemas.OutputSchema):
    """Nine in ten intervals from `low` to `high` are expected to be right."""

    value: float
    low: float
    high: float


class PartValueOut(schemas.OutputSchema):
    """`orders` and `amount` are null for fewer than 30 buyers: not enough to say.

    `amount` is in the smallest unit of the community's currency, before refunds.
    """

    key: str
    label: str
    buyers: int
    orders: EstimateOut | None
    amount: EstimateOut | None


class BacktestRowOut(schemas.OutputSchema):
    """Buyers with so many repeat purchases before; the last row has those with more."""

    frequency: int
    buyers: int
    expected: float
    observed: int


class BacktestOut(schemas.OutputSchema):
    """What would have been expected of the last third of the time, and what happened."""

    first: date
    last: date
    expected: EstimateOut
    observed: int
    holds: bool
    rows: list[BacktestRowOut]


class LifetimeValueOut(schemas.OutputSchema):
    """`fitted` is to how many buyers the models are fitted, `active` how many are
    expected to still be buying."""

    days: int
    repeat_buyers: int
    fitted: int
    active: float
    whole: PartValueOut
    parts: list[PartValueOut]
    backtest: BacktestOut


@router.get("/lifetime-value", response=LifetimeValueOut)
def lifetime_value_(request: ApiRequest, asked: Query[LifetimeValueIn]) -> Any:
    """Estimate how often and for how much the buyers will order, with intervals."""
    return estimates.estimate(
        by=request.by,
        at=request.at,
        days=asked.days,
        breakdown=breakdowns.parse(asked.by),
    )
