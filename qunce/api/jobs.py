"""Background jobs: what waits, what fails and why, and trying again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router

from qunce import job_texts
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.channels import inbox
from qunce.channels.inbox import IncomingEvent
from qunce.core import permissions
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob

router = Router(auth=RequiresScope("community"), tags=["jobs"])
MAX_LISTED = 200


class JobOut(schemas.OutputSchema):
    """`state` is waiting, running, failing or given_up.

    `reason` says why the last attempt failed, and `remedy` what helps.
    """

    id: int
    name: str
    title: str
    state: str
    attempts: int
    failing_since: datetime | None
    reason: str
    remedy: str
    next_at: datetime | None


class JobsOut(schemas.OutputSchema):
    """`has_more` is true if there are more jobs than are listed."""

    items: list[JobOut]
    has_more: bool


class EventOut(schemas.OutputSchema):
    """An event that a channel reported, and that failed as often as it is tried."""

    id: int
    channel: str
    kind: str
    received_at: datetime
    attempts: int
    reason: str
    remedy: str


def _serialize(request: ApiRequest, row: QueuedJob) -> dict[str, Any]:
    text = job_texts.describe(row, at=request.at)
    return {
        "id": row.pk,
        "name": row.job,
        "title": text.title,
        "state": text.state,
        "attempts": row.attempts,
        "failing_since": row.failing_since,
        "reason": text.reason,
        "remedy": text.remedy,
        "next_at": text.next_at,
    }


@router.get("/jobs", response=JobsOut)
def list_(request: ApiRequest, failing: bool = False) -> dict[str, Any]:
    """List the jobs that are queued, at most 200, those that fail first."""
    permissions.check_may(request.by, job_queue.MANAGE)
    select = job_queue.list_failing if failing else job_queue.list_all
    rows = list(select(request.community)[: MAX_LISTED + 1])
    items = [_serialize(request, row) for row in rows[:MAX_LISTED]]
    return {"items": items, "has_more": len(rows) > MAX_LISTED}


@router.post("/jobs/{job_id}/retry", response=JobOut)
def retry(request: ApiRequest, job_id: schemas.Id) -> dict[str, Any]:
    """Run a job now that waits for its next attempt or was given up."""
    permissions.check_may(request.by, job_queue.MANAGE)
    job = job_queue.get(job_id, community=request.community)
    job_queue.retry(job=job, by=request.by, at=request.at)
    return _serialize(request, job_queue.get(job_id, community=request.community))


def _serialize_event(event: IncomingEvent) -> dict[str, Any]:
    text = job_texts.describe_event(event)
    return {
        "id": event.pk,
        "channel": event.channel,
        "kind": event.kind,
        "received_at": event.received_at,
        "attempts": event.attempts,
        "reason": text.reason,
        "remedy": text.remedy,
    }


@router.get("/jobs/events", response=schemas.Page[EventOut])
def list_events(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the events of channels that could not be handled, in the order of arrival."""
    permissions.check_may(request.by, job_queue.MANAGE)
    rows = inbox.list_exhausted(request.community)
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    return {"items": [_serialize_event(event) for event in page], "next": more}


@router.post("/jobs/events/{event_id}/retry", response=EventOut)
def retry_event(request: ApiRequest, event_id: schemas.Id) -> dict[str, Any]:
    """Handle an event again, with all its attempts."""
    permissions.check_may(request.by, job_queue.MANAGE)
    event = inbox.get_exhausted(event_id, community=request.community)
    inbox.retry(event=event, by=request.by, at=request.at)
    event.refresh_from_db()
    return _serialize_event(event)
