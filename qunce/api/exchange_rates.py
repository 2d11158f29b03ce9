"""Exchange rates, at which sums convert orders in other currencies."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import exchange_rates, permissions
from qunce.core.exchange_rates import ExchangeRate

router = Router(auth=RequiresScope("community"), tags=["community"])
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class RateIn(schemas.InputSchema):
    """From `since` on, one unit of `currency` is worth `rate` of the community's."""

    currency: Currency
    since: date
    rate: Annotated[str, Field(max_length=30, examples=["7.18"])]


class RateOut(schemas.OutputSchema):
    currency: str
    since: date
    rate: str


def _serialize(row: ExchangeRate) -> dict[str, Any]:
    rate = exchange_rates.format_rate(row.rate)
    return {"currency": row.currency, "since": row.since, "rate": rate}


@router.get("/exchange-rates", response=list[RateOut])
def list_(request: ApiRequest) -> list[dict[str, Any]]:
    """List the rates by currency, the newest first."""
    permissions.check_may(request.by, exchange_rates.MANAGE)
    return [*map(_serialize, exchange_rates.list_all(request.community))]


@router.post("/exchange-rates", response={201: RateOut})
def set_rate(request: ApiRequest, data: RateIn) -> Any:
    """Set the rate of a currency from a day on. One of the same day is replaced."""
    row = exchange_rates.set_rate(
        community=request.community,
        currency=data.currency,
        since=data.since,
        rate=exchange_rates.parse_rate(data.rate),
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(row))


@router.delete("/exchange-rates", response={204: None})
def remove(request: ApiRequest, currency: Currency, since: date) -> Any:
    """Remove a rate. The one before it holds instead."""
    exchange_rates.remove(
        community=request.community,
        currency=currency,
        since=since,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)
