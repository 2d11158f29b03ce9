"""Webhooks: who is told of what happens, and how that went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.channels.webhooks import deliveries, endpoints
from qunce.channels.webhooks.deliveries import Delivery
from qunce.channels.webhooks.endpoints import Endpoint

router = Router(auth=RequiresScope("webhooks"), tags=["webhooks"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Url = Annotated[str, Field(min_length=1, max_length=500)]
Kind = Annotated[str, Field(max_length=90, examples=["order.paid"])]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=100)]


class WebhookGiven(schemas.InputSchema):
    """`url` begins with https:// and is open to the internet."""

    name: Name
    url: Url
    kinds: Kinds


class WebhookChange(schemas.InputSchema):
    name: Name | None = None
    url: Url | None = None
    kinds: Kinds | None = None


class WebhookShown(schemas.OutputSchema):
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


class DeliveryShown(schemas.OutputSchema):
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


def _webhook_of(call: ApiRequest, number: int) -> Endpoint:
    return endpoints.get(by=call.by, pk=number)


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    names = ("name", "url", "state", "failures", "created_at", "secret")
    shown = {name: getattr(endpoint, name) for name in names}
    return shown | {"id": endpoint.pk, "kinds": sorted(endpoint.kinds)}


@router.get("/webhooks", response=list[WebhookShown])
def listed(request: ApiRequest) -> Any:
    """All of them, by name."""
    return [_shown(each) for each in endpoints.listed(request.by)]


@router.post("/webhooks", response={201: WebhookMade})
def create(request: ApiRequest, given: WebhookGiven) -> Any:
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
def one(request: ApiRequest, webhook: schemas.Id) -> dict[str, Any]:
    return _shown(_webhook_of(request, webhook))


@router.patch("/webhooks/{webhook}", response=WebhookShown)
def change(
    request: ApiRequest, webhook: schemas.Id, given: WebhookChange
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
def remove(request: ApiRequest, webhook: schemas.Id) -> Any:
    """With its log."""
    found = _webhook_of(request, webhook)
    endpoints.remove(endpoint=found, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/webhooks/{webhook}/pause", response=WebhookShown)
def pause(request: ApiRequest, webhook: schemas.Id) -> dict[str, Any]:
    """Nothing is kept for it meanwhile."""
    found = _webhook_of(request, webhook)
    endpoints.pause(endpoint=found, by=request.by, at=request.at)
    return _shown(found)


@router.delete("/webhooks/{webhook}/pause", response=WebhookShown)
def resume(request: ApiRequest, webhook: schemas.Id) -> dict[str, Any]:
    """It is told of what happens from now on."""
    found = _webhook_of(request, webhook)
    endpoints.resume(endpoint=found, by=request.by, at=request.at)
    return _shown(found)


@router.post("/webhooks/{webhook}/secret", response=WebhookMade)
def renew_secret(request: ApiRequest, webhook: schemas.Id) -> dict[str, Any]:
    """What is sent from now on is signed with the new one."""
    found = _webhook_of(request, webhook)
    endpoints.renew_secret(endpoint=found, by=request.by, at=request.at)
    return _shown(found)


@router.post("/webhooks/{webhook}/trial", response=DeliveryShown)
def try_out(request: ApiRequest, webhook: schemas.Id) -> Delivery:
    """Send something that tells of nothing."""
    found = _webhook_of(request, webhook)
    return deliveries.try_out(endpoint=found, by=request.by, at=request.at)


@router.get("/webhooks/{webhook}/deliveries", response=schemas.Page[DeliveryShown])
def log(
    request: ApiRequest,
    webhook: schemas.Id,
    state: deliveries.State | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """The newest first, of the last 30 days."""
    found = deliveries.log(
        _webhook_of(request, webhook),
        state="" if state is None else state.value,
        before=schemas.decode_cursor(after)[0] if after else None,
        limit=limit + 1,
    )
    more = schemas.encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return {"items": found[:limit], "next": more}


@router.post("/webhooks/{webhook}/deliveries/{delivery}/again", response=DeliveryShown)
def again(request: ApiRequest, webhook: schemas.Id, delivery: schemas.Id) -> Delivery:
    """Send it once more, under the same `webhook-id`."""
    row = deliveries.get(_webhook_of(request, webhook), delivery)
    deliveries.again(delivery=row, by=request.by, at=request.at)
    row.refresh_from_db()
    return row
