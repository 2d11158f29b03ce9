"""Opt-outs: who does not want messages of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.people import people, visibility
from qunce.outreach import opt_outs

router = Router(auth=RequiresScope("members"), tags=["members"])
Purpose = Literal["marketing", "service"]


class OptOutOut(schemas.OutputSchema):
    """`since` and `source` are when and through what the member opted out.

    The `purpose` is `marketing`, or `service` for service messages as well.
    """

    opted_out: bool
    purpose: str | None = None
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
    return {
        "opted_out": True,
        "purpose": found.purpose,
        "since": found.set_at,
        "source": found.source,
    }


class OptOutCountOut(schemas.OutputSchema):
    source: str
    purpose: str
    members: int


class OptOutCountsOut(schemas.OutputSchema):
    items: list[OptOutCountOut]


@router.get("/opt-outs/counts", response=OptOutCountsOut)
def count(request: ApiRequest) -> dict[str, Any]:
    """Count the members who opted out by source or reason and by purpose."""
    found = opt_outs.count_by_source(by=request.by, at=request.at)
    names = ("source", "purpose", "members")
    return {"items": [dict(zip(names, row, strict=True)) for row in found]}


@router.put("/members/{member_id}/opt-out", response=OptOutOut)
def opt_out(
    request: ApiRequest, member_id: schemas.Id, purpose: Purpose = "marketing"
) -> dict[str, Any]:
    """Opt a member out of marketing, or of service messages as well."""
    _set(request, member_id, opt_outs.opt_out, purpose)
    return get(request, member_id)


@router.delete("/members/{member_id}/opt-out", response=OptOutOut)
def opt_in(
    request: ApiRequest, member_id: schemas.Id, purpose: Purpose = "marketing"
) -> dict[str, Any]:
    """Let a member get messages again, at their own wish.

    With the purpose `service` they get service messages again, and still no marketing.
    """
    _set(request, member_id, opt_outs.opt_in, purpose)
    return get(request, member_id)


def _set(request: ApiRequest, member_id: int, verb: Any, purpose: str) -> None:
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    verb(
        community=request.community,
        accounts=[account.pk],
        source="api",
        purpose=purpose,
        by=request.by,
        at=request.at,
    )
