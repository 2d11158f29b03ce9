"""Accounts: one person in one channel, identified by a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.members.accounts import accounts, identifiers, masking, placeholders
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import corrections
from qunce.members.people.merges import Merge

router = Router(auth=RequiresScope("members"), tags=["accounts"])
Channel = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,29}$")]


class AccountsIn(schemas.InputSchema):
    keys: Annotated[
        list[schemas.Key], Field(min_length=1, max_length=schemas.MAX_IDS_PER_REQUEST)
    ]
    channel: Channel = accounts.DEFAULT_CHANNEL
    source: schemas.ShortText = ""


class IdentifierIn(schemas.InputSchema):
    kind: Annotated[str, Field(max_length=20, examples=["phone"])]
    value: schemas.Key


class CorrectionIn(schemas.InputSchema):
    """`value` is wrong; `new` takes its place, or nothing does."""

    kind: Annotated[str, Field(max_length=20, examples=["phone"])]
    value: schemas.Key
    new: schemas.Key | None = None


class JoinOut(schemas.OutputSchema):
    """Two accounts that the identifier `kind` joined or parted."""

    left_id: int
    right_id: int
    kind: str


class CorrectionResult(schemas.OutputSchema):
    """`member_id` is the person that the account belongs to now."""

    member_id: int
    parted: list[JoinOut]
    joined: list[JoinOut]


class AccountOut(schemas.OutputSchema):
    """`member_id` is the person that the account belongs to."""

    id: int
    member_id: int
    key: str
    channel: str
    name: str
    present: bool
    joined_at: datetime
    left_at: datetime | None


class AccountIdsOut(schemas.OutputSchema):
    """`ids` maps each key to the id of its account."""

    ids: dict[str, int]


class IdentifierResult(schemas.OutputSchema):
    """`created` is false if the account had the identifier before.

    `member_id` may differ from before, as accounts that share an identifier are merged.
    """

    member_id: int
    created: bool


def _serialize(request: ApiRequest, rows: Sequence[Account]) -> list[dict[str, Any]]:
    # One query for the page rather than one per account.
    person_ids = account_queries.person_ids(account.pk for account in rows)
    return [
        {
            "id": account.pk,
            "member_id": person_ids[account.pk],
            "key": masking.key(account.key, request.by),
            "channel": account.channel,
            "name": account.name,
            "present": account.present,
            "joined_at": account.joined_at,
            "left_at": account.left_at,
        }
        for account in rows
    ]


@router.get("/accounts", response=schemas.Page[AccountOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=200)] = None,
    channel: Annotated[str | None, Field(max_length=30)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List accounts by id.

    Accounts that have left the community are included.
    """
    query = Account.objects.filter(
        community=request.community, erased_at__isnull=True
    ).order_by("pk")
    if key is not None:
        reader = placeholders.reader_of(request.community)
        query = query.filter(key=reader.normalise(identifiers.KEY, key))
    if channel is not None:
        query = query.filter(channel=channel)
    page, more = schemas.paginate_rows(
        query,
        after=after,
        limit=limit,
        filter_visible=members.visible_filter(request, lambda account: account.pk),
    )
    return {"items": _serialize(request, page), "next": more}


@router.post("/accounts", response=AccountIdsOut)
def ensure(request: ApiRequest, data: AccountsIn) -> dict[str, Any]:
    """Get the accounts of these keys, creating those that do not exist."""
    permissions.check_may(request.by, accounts.EDIT)
    # Otherwise the ids would tell scoped staff which keys exist.
    accounts.check_may_add(request.by)
    ids = accounts.ensure(
        community=request.community,
        keys=data.keys,
        channel=data.channel,
        source=data.source,
        by=request.by,
        at=request.at,
    )
    return {"ids": ids}


@router.get("/accounts/{account_id}", response=AccountOut)
def get(request: ApiRequest, account_id: schemas.Id) -> dict[str, Any]:
    """Get an account."""
    return _serialize(request, [members.get_account(request, account_id)])[0]


@router.post("/accounts/{account_id}/identifiers", response=IdentifierResult)
def add_identifier(
    request: ApiRequest, account_id: schemas.Id, data: IdentifierIn
) -> dict[str, Any]:
    """Add a phone number, an e-mail address or another identifier to an account.

    Accounts with the same identifier are merged into one member.
    """
    account = members.get_account(request, account_id)
    # A merge with a hidden member would make that member visible.
    accounts.check_may_add(request.by)
    created = accounts.add_identifier(
        account=account, kind=data.kind, value=data.value, by=request.by, at=request.at
    )
    member_id = account_queries.account_ids_of_person(account.pk)[0]
    return {"member_id": member_id, "created": created}


@router.post("/accounts/{account_id}/identifiers/correction", response=CorrectionResult)
def correct_identifier(
    request: ApiRequest, account_id: schemas.Id, data: CorrectionIn
) -> dict[str, Any]:
    """Remove a wrong identifier from an account, or replace it.

    Merges based on it are undone. The old value stays in the account's history.
    """
    account = members.get_account(request, account_id)
    accounts.check_may_add(request.by)
    joins = corrections.correct(
        account=account,
        kind=data.kind,
        value=data.value,
        new=data.new or "",
        by=request.by,
        at=request.at,
    )
    return {
        "member_id": account_queries.account_ids_of_person(account.pk)[0],
        "parted": list(map(_serialize_join, joins.parted)),
        "joined": list(map(_serialize_join, joins.merged)),
    }


def _serialize_join(merge: Merge) -> dict[str, Any]:
    return {
        "left_id": merge.left_id,
        "right_id": merge.right_id,
        "kind": merge.reason,
    }
