"""Webhooks: endpoints that receive facts, and the log of deliveries to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

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
# The enums of all modules would share the name State in the document.
DeliveryState = Annotated[
    deliveries.State,
    WithJsonSchema({"type": "string", "enum": deliveries.State.values}),
]


class WebhookIn(schemas.InputSchema):
    """`url` begins with https:// and must be reachable from the internet.

    `kinds` are the kinds of facts that are delivered.
    """

    name: Name
    url: Url
    kinds: Kinds


class WebhookUpdateIn(schemas.InputSchema):
    name: Name | None = None
    url: Url | None = None
    kinds: Kinds | None = None


class WebhookOut(schemas.OutputSchema):
    """`failures` counts failed attempts since the last successful one."""

    id: int
    name: str
    url: str
    kinds: list[str]
    state: str
    failures: int
    created_at: datetime


class WebhookSecretOut(WebhookOut):
    """`secret` signs each request, according to the Standard Webhooks specification."""

    secret: str


class DeliveryOut(schemas.OutputSchema):
    """`response_status` and `error` are of the last attempt.

    `response_status` is 0 if there was no response; then `error` says why.
    """

    id: int
    kind: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    response_status: int
    error: str
    duration_ms: int


def _get_webhook(request: ApiRequest, webhook_id: int) -> Endpoint:
    return endpoints.get(by=request.by, pk=webhook_id)


def _serialize(endpoint: Endpoint) -> dict[str, Any]:
    names = ("name", "url", "state", "failures", "created_at", "secret")
    fields = {name: getattr(endpoint, name) for name in names}
    return fields | {"id": endpoint.pk, "kinds": sorted(endpoint.kinds)}


@router.get("/webhooks", response=list[WebhookOut])
def list_(request: ApiRequest) -> Any:
    """List all webhooks by name."""
    return [_serialize(endpoint) for endpoint in endpoints.list_endpoints(request.by)]


@router.post("/webhooks", response={201: WebhookSecretOut})
def create(request: ApiRequest, data: WebhookIn) -> Any:
    """Create a webhook.

    It receives facts that are recorded from now on.
    """
    endpoint = endpoints.create(
        community=request.community,
        name=data.name,
        url=data.url,
        kinds=data.kinds,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(endpoint))


@router.get("/webhooks/{webhook_id}", response=WebhookOut)
def get(request: ApiRequest, webhook_id: schemas.Id) -> dict[str, Any]:
    """Get a webhook."""
    return _serialize(_get_webhook(request, webhook_id))


@router.patch("/webhooks/{webhook_id}", response=WebhookOut)
def update(
    request: ApiRequest, webhook_id: schemas.Id, data: WebhookUpdateIn
) -> dict[str, Any]:
    """Update a webhook."""
    endpoint = _get_webhook(request, webhook_id)
    endpoints.update(
        endpoint=endpoint,
        name=data.name,
        url=data.url,
        kinds=data.kinds,
        by=request.by,
        at=request.at,
    )
    return _serialize(endpoint)


@router.delete("/webhooks/{webhook_id}", response={204: None})
def delete(request: ApiRequest, webhook_id: schemas.Id) -> Any:
    """Delete a webhook and its log."""
    endpoint = _get_webhook(request, webhook_id)
    endpoints.delete(endpoint=endpoint, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/webhooks/{webhook_id}/pause", response=WebhookOut)
def pause(request: ApiRequest, webhook_id: schemas.Id) -> dict[str, Any]:
    """Pause a webhook.

    Facts that are recorded while it is paused are never delivered to it.
    """
    endpoint = _get_webhook(request, webhook_id)
    endpoints.pause(endpoint=endpoint, by=request.by, at=request.at)
    return _serialize(endpoint)


@router.delete("/webhooks/{webhook_id}/pause", response=WebhookOut)
def resume(request: ApiRequest, webhook_id: schemas.Id) -> dict[str, Any]:
    """Resume a webhook that is paused or was stopped after failures.

    It receives facts that are recorded from now on.
    """
    endpoint = _get_webhook(request, webhook_id)
    endpoints.resume(endpoint=endpoint, by=request.by, at=request.at)
    return _serialize(endpoint)


@router.post("/webhooks/{webhook_id}/secret", response=WebhookSecretOut)
def renew_secret(request: ApiRequest, webhook_id: schemas.Id) -> dict[str, Any]:
    """Replace the secret of a webhook.

    Requests are signed with the new secret from now on.
    """
    endpoint = _get_webhook(request, webhook_id)
    endpoints.renew_secret(endpoint=endpoint, by=request.by, at=request.at)
    return _serialize(endpoint)


@router.post("/webhooks/{webhook_id}/test", response=DeliveryOut)
def send_test(request: ApiRequest, webhook_id: schemas.Id) -> Delivery:
    """Send a test delivery that contains no fact."""
    endpoint = _get_webhook(request, webhook_id)
    return deliveries.send_test(endpoint=endpoint, by=request.by, at=request.at)


@router.get("/webhooks/{webhook_id}/deliveries", response=schemas.Page[DeliveryOut])
def list_deliveries(
    request: ApiRequest,
    webhook_id: schemas.Id,
    state: DeliveryState | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the deliveries of the last 30 days, the newest first."""
    rows = deliveries.list_deliveries(
        _get_webhook(request, webhook_id),
        state="" if state is None else state.value,
        before=schemas.decode_cursor(after)[0] if after else None,
        limit=limit + 1,
    )
    more = schemas.encode_cursor(rows[limit - 1].pk) if len(rows) > limit else None
    return {"items": rows[:limit], "next": more}


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", response=DeliveryOut
)
def retry_delivery(
    request: ApiRequest, webhook_id: schemas.Id, delivery_id: schemas.Id
) -> Delivery:
    """Send a delivery again with the same `webhook-id`."""
    delivery = deliveries.get(_get_webhook(request, webhook_id), delivery_id)
    deliveries.retry(delivery=delivery, by=request.by, at=request.at)
    delivery.refresh_from_db()
    return delivery
