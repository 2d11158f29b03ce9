"""Opt-outs: who does not want messages of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.people import people, visibility
from qunce.outreach import opt_outs

router = Router(auth=RequiresScope("members"), tags=["members"])


class OptOutOut(schemas.OutputSchema):
    """`since` and `source` are when and through what the member opted out."""

    opted_out: bool
    since: datetime | None = None
    source: str = ""


@router.get("/members/{member_id}/opt-out", response=OptOutOut)
def get(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Get whether a member has opted out of messages."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    person = people.get_by_account(account.pk).id
    found = opt_outs.find_by_person([person]).get(person)
    if found is None:
        return {"opted_out": False}
    return {"opted_out": True, "since": found.set_at, "source": found.source}


@router.put("/members/{member_id}/opt-out", response=OptOutOut)
def opt_out(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Opt a member out of messages. A member who had opted out stays so."""
    _set(request, member_id, opt_outs.opt_out)
    return get(request, member_id)


@router.delete("/members/{member_id}/opt-out", response=OptOutOut)
def opt_in(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Let a member get messages again, at their own wish."""
    _set(request, member_id, opt_outs.opt_in)
    return get(request, member_id)


def _set(request: ApiRequest, member_id: int, verb: Any) -> None:
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    verb(
        community=request.community,
        accounts=[account.pk],
        source="api",
        by=request.by,
        at=request.at,
    )
