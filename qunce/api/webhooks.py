"""Webhooks: who is told of what happens, and how that went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import Call, Needs
from qunce.channels.webhooks import deliveries, endpoints
from qunce.channels.webhooks.deliveries import Delivery
from qunce.channels.webhooks.endpoints import Endpoint

router = Router(auth=Needs("webhooks"), tags=["webhooks"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Url = Annotated[str, Field(min_length=1, max_length=500)]
Kind = Annotated[str, Field(max_length=90, examples=["order.paid"])]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=100)]


class WebhookGiven(schemas.Given):
    """`url` begins with https:// and is open to the internet."""

    name: Name
    url: Url
    kinds: Kinds


class WebhookChange(schemas.Given):
    name: Name | None = None
    url: Url | None = None
    kinds: Kinds | None = None


class WebhookShown(schemas.Shown):
    id: int
    name: str
    url: str
    kinds: list[str]
    state: str
    failures: int
    created_at: datetime


class WebhookMade(WebhookShown):
    """`secret` signs each call, after the Standard Webhooks specification."""

    secret: str


class DeliveryShown(schemas.Shown):
    """`status` is the last answer's, 0 for none; `error` says why."""

    id: int
    kind: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    status: int
    error: str
    took_ms: int


def _webhook_of(call: Call, number: int) -> Endpoint:
    return endpoints.get(by=call.by, pk=number)


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    names = ("name", "url", "state", "failures", "created_at", "secret")
    shown = {name: getattr(endpoint, name) for name in names}
    return shown | {"id": endpoint.pk, "kinds": sorted(endpoint.kinds)}


@router.get("/webhooks", response=list[WebhookShown])
def listed(request: Call) -> Any:
    """All of them, by name."""
    return [_shown(each) for each in endpoints.listed(request.by)]


@router.post("/webhooks", response={201: WebhookMade})
def create(request: Call, given: WebhookGiven) -> Any:
    """It is told of what happens from now on."""
    endpoint = endpoints.create(
        community=request.community,
        name=given.name,
        url=given.url,
        kinds=given.kinds,
        by=request.by,
        at=request.at,
    )
    return Status(201, _shown(endpoint))


@router.get("/webhooks/{webhook}", response=WebhookShown)
def one(request: Call, webhook: schemas.Number) -> dict[str, Any]:
    return _shown(_webhook_of(request, webhook))


@router.patch("/webhooks/{webhook}", response=WebhookShown)
def change(
    request: Call, webhook: schemas.Number, given: WebhookChange
) -> dict[str, Any]:
    found = _webhook_of(request, webhook)
    endpoints.change(
        endpoint=found,
        name=given.name,
        url=given.url,
        kinds=given.kinds,
        by=request.by,
        at=request.at,
    )
    return _shown(found)


@router.delete("/webhooks/{webhook}", response={204: None})
def remove(request: Call, webhook: schemas.Number) -> Any:
    """With its log."""
    found = _webhook_of(request, webhook)
    endpoints.remove(endpoint=found, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/webhooks/{webhook}/pause", response=WebhookShown)
def pause(request: Call, webhook: schemas.Number) -> dict[str, Any]:
    """Nothing is kept for it meanwhile."""
    found = _webhook_of(request, webhook)
    endpoints.pause(endpoint=found, by=request.by, at=request.at)
    return _shown(found)


@router.delete("/webhooks/{webhook}/pause", response=WebhookShown)
def resume(request: Call, webhook: schemas.Number) -> dict[str, Any]:
    """It is told of what happens from now on."""
    found = _webhook_of(request, webhook)
    endpoints.resume(endpoint=found, by=request.by, at=request.at)
    return _shown(found)


@router.post("/webhooks/{webhook}/secret", response=WebhookMade)
def renew_secret(request: Call, webhook: schemas.Number) -> dict[str, Any]:
    """What is sent from now on is signed with the new one."""
    found = _webhook_of(request, webhook)
    endpoints.renew_secret(endpoint=found, by=request.by, at=request.at)
    return _shown(found)


@router.post("/webhooks/{webhook}/trial", response=DeliveryShown)
def try_out(request: Call, webhook: schemas.Number) -> Delivery:
    """Send something that tells of nothing."""
    found = _webhook_of(request, webhook)
    return deliveries.try_out(endpoint=found, by=request.by, at=request.at)


@router.get("/webhooks/{webhook}/deliveries", response=schemas.Page[DeliveryShown])
def log(
    request: Call,
    webhook: schemas.Number,
    state: deliveries.State | None = None,
    after: schemas.After = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """The newest first, of the last 30 days."""
    found = deliveries.log(
        _webhook_of(request, webhook),
        state="" if state is None else state.value,
        before=schemas.place(after)[0] if after else None,
        limit=limit + 1,
    )
    more = schemas.cursor(found[limit - 1].pk) if len(found) > limit else None
    return {"items": found[:limit], "next": more}


@router.post("/webhooks/{webhook}/deliveries/{delivery}/again", response=DeliveryShown)
def again(request: Call, webhook: schemas.Number, delivery: schemas.Number) -> Delivery:
    """Send it once more, under the same `webhook-id`."""
    row = deliveries.get(_webhook_of(request, webhook), delivery)
    deliveries.again(delivery=row, by=request.by, at=request.at)
    row.refresh_from_db()
    return row
