"""Patrol rounds: what is unseen in the groups of the key's staff member."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility as group_visibility
from qunce.groups.patrol import rounds

router = Router(auth=RequiresScope("groups"), tags=["patrol"])


class UnseenOut(schemas.OutputSchema):
    """What happened in a group since `since`; `messages` stops at 999."""

    group_id: int
    group_name: str
    since: datetime
    messages: int
    joins: int
    leaves: int
    open_cases: int


class PatrolOut(schemas.OutputSchema):
    items: list[UnseenOut]


class SeenIn(schemas.InputSchema):
    """`until` is the moment up to which everything was seen, now by default."""

    until: schemas.Timestamp | None = None


@router.get("/patrol", response=PatrolOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List the groups of the round, those with something unseen first."""
    return {
        "items": [
            {
                "group_id": each.group.pk,
                "group_name": each.group.name,
                "since": each.since,
                "messages": each.messages,
                "joins": each.joins,
                "leaves": each.leaves,
                "open_cases": each.cases,
            }
            for each in rounds.list_unseen(by=request.by, at=request.at)
        ]
    }


@router.post("/patrol/{group_id}/seen", response=PatrolOut)
def mark_seen(
    request: ApiRequest, group_id: schemas.Id, data: SeenIn
) -> dict[str, Any]:
    """Note that a group was seen; returns the rest of the round."""
    group = group_visibility.get(by=request.by, pk=group_id)
    rounds.mark_seen(
        group=group, until=data.until or request.at, by=request.by, at=request.at
    )
    return list_(request)
