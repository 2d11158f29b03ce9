"""Messages of playbooks and the like that staff post by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach import skip_reasons
from qunce.outreach.sending import assisted_messages

router = Router(auth=RequiresScope("tasks"), tags=["tasks"])
SHOW = RequiresScope("tasks", shows_members=True)


class AssistedMessageOut(schemas.OutputSchema):
    """`target_id` is a member, or a group if `is_group`."""

    id: int
    origin: str
    is_group: bool
    target_id: int
    text: str
    due_at: datetime | None


class FailureIn(schemas.InputSchema):
    """Why the message cannot be posted."""

    reason: skip_reasons.SendFailure


@router.get("/assisted-messages", response=list[AssistedMessageOut], auth=SHOW)
def list_(request: ApiRequest) -> Any:
    """List what the key's owner is to post now, the most important first."""
    return assisted_messages.open_due(by=request.by, at=request.at)


@router.post("/assisted-messages/{message_id}/sent", response={204: None})
def mark_sent(request: ApiRequest, message_id: schemas.Id) -> Any:
    """Mark a message as posted."""
    message = assisted_messages.get(by=request.by, pk=message_id)
    assisted_messages.mark_sent(message=message, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/assisted-messages/{message_id}/failure", response={204: None})
def mark_failed(request: ApiRequest, message_id: schemas.Id, data: FailureIn) -> Any:
    """Mark a message as not posted, with the reason."""
    message = assisted_messages.get(by=request.by, pk=message_id)
    assisted_messages.mark_failed(
        message=message, reason=data.reason.value, by=request.by, at=request.at
    )
    return Status(204, None)
