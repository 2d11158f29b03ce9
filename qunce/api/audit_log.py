"""The audit log: who did what and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.facts import audit
from qunce.core.staff import api_keys, staff
from qunce.members.accounts import masking

router = Router(auth=RequiresScope("audit"), tags=["audit-log"])


class AuditEntryOut(schemas.OutputSchema):
    """One act on `count` things. `detail` holds what all of them have in common.

    `staff_login` is null for the system, `api_key` the name of the key of a program.
    """

    id: int
    happened_at: datetime
    kind: str
    staff_login: str | None
    api_key: str | None
    member_id: int | None
    group_id: int | None
    count: int
    detail: dict[str, Any]


@router.get("/audit-log", response=schemas.Page[AuditEntryOut])
def list_(
    request: ApiRequest,
    kind: Annotated[str, Field(max_length=100)] = "",
    since: schemas.Timestamp | None = None,
    until: schemas.Timestamp | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List entries of the audit log, the newest first."""
    audit.check_view(request.by)
    before = schemas.decode_id(after) if after is not None else None
    entries = audit.list_entries(
        community=request.community,
        kind=kind,
        since=since,
        until=until,
        before=before,
        limit=limit + 1,
    )
    page = entries[:limit]
    kinds = audit.list_kinds(request.community)
    keys = api_keys.names_by_id(request.community)
    logins = staff.logins_by_id(entry.actor_id for entry in page)
    items = [
        {
            "id": entry.pk,
            "happened_at": entry.happened_at,
            "kind": kinds.get(entry.kind_id, ""),
            "staff_login": logins.get(entry.actor_id or 0),
            "api_key": keys.get(entry.api_key_id or 0),
            "member_id": entry.account_id,
            "group_id": entry.group_id,
            "count": entry.count,
            "detail": masking.json(entry.detail or {}, request.by),
        }
        for entry in page
    ]
    more = schemas.encode_cursor(page[-1].pk) if len(entries) > limit else None
    return {"items": items, "next": more}
