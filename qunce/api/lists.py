"""The whitelist and the blacklist: entries, and candidates from elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.groups.lists import candidates, lists
from qunce.groups.lists.models import MAX_EVIDENCE_LENGTH, MAX_REASON_LENGTH, ListEntry
from qunce.members.accounts import masking
from qunce.members.people import visibility

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["lists"])
ListName = Literal["white", "black"]
Events = Annotated[list[dict[str, Any]], Field(max_length=candidates.MAX_CANDIDATES)]
Ids = list[int]
GroupIds = Annotated[list[schemas.Id], Field(max_length=lists.MAX_GROUPS)]
Reason = Annotated[str, Field(max_length=MAX_REASON_LENGTH)]
Evidence = Annotated[str, Field(max_length=MAX_EVIDENCE_LENGTH)]


class ListEntryUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    Without `group_ids` (an empty list) an entry holds in every group; an `expires_at` of
    null never ends.
    """

    group_ids: GroupIds | None = None
    reason: Reason | None = None
    evidence: Evidence | None = None
    expires_at: schemas.Timestamp | None = None


class ListEntryIn(ListEntryUpdateIn):
    """Either `member_id`, or `channel` and `channel_key` of somebody not yet known."""

    list: ListName
    member_id: schemas.Id | None = None
    channel: Annotated[str, Field(max_length=30)] = ""
    channel_key: schemas.ShortText = ""
    name: schemas.ShortText = ""


class ListEntryOut(schemas.OutputSchema):
    """`group_ids` are those that the key's staff see; `ending` is how an entry ended."""

    id: int
    list: str
    scope: str
    group_ids: Ids
    account_id: int | None
    channel: str
    channel_key: str
    name: str
    reason: str
    evidence: str
    added_at: datetime
    added_by: str
    expires_at: datetime | None
    ended_at: datetime | None
    ending: str


class CandidatesIn(schemas.InputSchema):
    """State events of a policy room of Matrix, or `lines` of an id, a comma, a reason."""

    list: ListName
    channel: Annotated[str, Field(min_length=1, max_length=30)] = "matrix"
    events: Events | None = None
    lines: Annotated[str, Field(max_length=candidates.MAX_TEXT_LENGTH)] | None = None


class AddCandidatesIn(CandidatesIn):
    group_ids: GroupIds | None = None
    reason: Reason = ""
    expires_at: schemas.Timestamp | None = None


class CandidateOut(schemas.OutputSchema):
    """`problem` is why the person cannot be added, empty if they can."""

    channel: str
    channel_key: str
    account_id: int | None
    name: str
    reason: str
    group_ids: list[int]
    problem: str


class CandidatesOut(schemas.OutputSchema):
    items: list[CandidateOut]


class AddedCandidatesOut(schemas.OutputSchema):
    added: int
    left_out: int


def _serialize(entry: ListEntry, request: ApiRequest) -> dict[str, Any]:
    seen = set(group_visibility.list_visible(request.by).values_list("pk", flat=True))
    return {
        "id": entry.pk,
        "list": entry.list_name,
        "scope": entry.scope,
        "group_ids": sorted({group.pk for group in entry.groups.all()} & seen),
        "account_id": entry.account_id,
        "channel": entry.channel,
        "channel_key": masking.key(entry.channel_key, request.by),
        "name": entry.name,
        "reason": entry.reason,
        "evidence": entry.evidence,
        "added_at": entry.added_at,
        "added_by": entry.by.name,
        "expires_at": entry.expires_at,
        "ended_at": entry.ended_at,
        "ending": entry.ending,
    }


def _groups(request: ApiRequest, ids: list[int] | None) -> list[Group]:
    wanted = sorted(set(ids or ()))
    group_visibility.check(by=request.by, groups=wanted)
    return list(group_visibility.list_visible(request.by).filter(pk__in=wanted))


@router.get("/lists/entries", response=schemas.Page[ListEntryOut])
def list_(
    request: ApiRequest,
    list: ListName | None = None,  # noqa: A002 - the word of the interface
    active: bool | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List entries by id; those that have ended only without `active`."""
    rows = lists.list_visible(request.by, request.at).order_by("pk")
    rows = rows.select_related("by").prefetch_related("groups")
    if list is not None:
        rows = rows.filter(list_name=list)
    if active is not None:
        rows = rows.filter(ended_at__isnull=active)
    page, more = schemas.paginate(
        lambda start_id, size: [*rows.filter(pk__gt=start_id)[:size]],
        after=after,
        limit=limit,
        id_of=lambda entry: entry.pk,
    )
    return {"items": [_serialize(entry, request) for entry in page], "next": more}


@router.post("/lists/entries", response={201: ListEntryOut})
def create(request: ApiRequest, data: ListEntryIn) -> Any:
    """Put somebody on a list."""
    account = None
    if data.member_id is not None:
        account = visibility.get(
            by=request.by, account=data.member_id, at=request.at
        ).pk
    entry = lists.add(
        community=request.community,
        list_name=data.list,
        account=account,
        channel=data.channel,
        channel_key=data.channel_key,
        name=data.name,
        groups=_groups(request, data.group_ids),
        reason=data.reason or "",
        evidence=data.evidence or "",
        expires_at=data.expires_at,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(entry, request))


@router.get("/lists/entries/{entry_id}", response=ListEntryOut)
def get(request: ApiRequest, entry_id: schemas.Id) -> dict[str, Any]:
    """Get an entry."""
    entry = lists.get(pk=entry_id, by=request.by, at=request.at)
    return _serialize(entry, request)


@router.patch("/lists/entries/{entry_id}", response=ListEntryOut)
def update(
    request: ApiRequest, entry_id: schemas.Id, data: ListEntryUpdateIn
) -> dict[str, Any]:
    """Change the groups, the reason, the evidence or the expiry of an entry."""
    entry = lists.get(pk=entry_id, by=request.by, at=request.at)
    sent = data.model_dump(exclude_unset=True)
    changes: dict[str, Any] = {
        name: sent[name] or "" for name in ("reason", "evidence") if name in sent
    }
    if "expires_at" in sent:
        changes["expires_at"] = data.expires_at
    if "group_ids" in sent:
        changes["groups"] = _groups(request, data.group_ids)
    lists.extend(entry=entry, by=request.by, at=request.at, **changes)
    return get(request, entry_id)


@router.delete("/lists/entries/{entry_id}", response=ListEntryOut)
def remove(request: ApiRequest, entry_id: schemas.Id) -> dict[str, Any]:
    """Take somebody off a list; the entry is kept."""
    entry = lists.get(pk=entry_id, by=request.by, at=request.at)
    lists.remove(entry=entry, by=request.by, at=request.at)
    return get(request, entry_id)


def _read(data: CandidatesIn) -> list[candidates.Candidate]:
    if (data.events is None) == (data.lines is None):
        raise candidates.InvalidCandidates(_("Give either events or lines."))
    if data.events is not None:
        return candidates.read_policy_events(data.events)
    return candidates.read_lines(data.lines or "", channel=data.channel)


@router.post(
    "/lists/candidates/preview",
    response=CandidatesOut,
    auth=RequiresScope("groups", "read", shows_members=True),
)
def preview(request: ApiRequest, data: CandidatesIn) -> dict[str, Any]:
    """Look at whom candidates mean; nothing is added."""
    shown = candidates.preview(
        _read(data), list_name=data.list, by=request.by, at=request.at
    )
    return {
        "items": [
            {
                "channel": row.candidate.channel,
                "channel_key": row.candidate.channel_key,
                "account_id": row.account,
                "name": row.name,
                "reason": row.candidate.reason,
                "group_ids": [group.pk for group in row.groups],
                "problem": row.problem,
            }
            for row in shown.rows
        ]
    }


@router.post("/lists/candidates", response=AddedCandidatesOut)
def add_candidates(request: ApiRequest, data: AddCandidatesIn) -> dict[str, Any]:
    """Add the candidates that can be added."""
    added, left_out = candidates.add_all(
        _read(data),
        list_name=data.list,
        groups=_groups(request, data.group_ids),
        reason=data.reason,
        expires_at=data.expires_at,
        by=request.by,
        at=request.at,
    )
    return {"added": len(added), "left_out": left_out}
