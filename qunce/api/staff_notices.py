"""Notices of playbooks to staff, and their tasks in groups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.playbooks import staff_notices

router = Router(auth=RequiresScope("campaigns"), tags=["playbooks"])


class StaffNoticeOut(schemas.OutputSchema):
    """`target_id` is a member, or a group; with a `due_at` it is a task."""

    id: int
    text: str
    target_id: int
    is_group: bool
    due_at: datetime | None
    created_at: datetime
    done_at: datetime | None


@router.get("/staff-notices", response=list[StaffNoticeOut])
def list_(request: ApiRequest) -> Any:
    """List your own notices and tasks of playbooks that are not done."""
    return staff_notices.list_open(by=request.by, at=request.at)


@router.post("/staff-notices/{notice_id}/done", response=StaffNoticeOut)
def mark_done(request: ApiRequest, notice_id: schemas.Id) -> Any:
    """Mark a notice as seen, or a task as done."""
    notice = staff_notices.get(by=request.by, pk=notice_id)
    staff_notices.mark_done(notice=notice, by=request.by, at=request.at)
    return notice
