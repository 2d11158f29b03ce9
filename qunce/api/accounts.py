"""Accounts: one person on one channel; found by key, made by the thousand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.members.accounts import accounts, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility

router = Router(auth=RequiresScope("members"), tags=["accounts"])
Channel = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,29}$")]


class AccountsGiven(schemas.InputSchema):
    keys: Annotated[
        list[schemas.Key], Field(min_length=1, max_length=schemas.MAX_IDS_PER_REQUEST)
    ]
    channel: Channel = accounts.DEFAULT_CHANNEL
    source: schemas.ShortText = ""


class IdentifierGiven(schemas.InputSchema):
    kind: Annotated[str, Field(max_length=20, examples=["phone"])]
    value: schemas.Key


class AccountShown(schemas.OutputSchema):
    """`member` is the number of the person it belongs to."""

    id: int
    member: int
    key: str
    channel: str
    name: str
    present: bool
    joined_at: datetime
    left_at: datetime | None


class Ids(schemas.OutputSchema):
    """Key → number of the account."""

    ids: dict[str, int]


class Identified(schemas.OutputSchema):
    """`made` is false when it was known; `member` may be another person's now."""

    member: int
    made: bool


@router.get("/accounts", response=schemas.Page[AccountShown])
def listed(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=200)] = None,
    channel: Annotated[str | None, Field(max_length=30)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """Every account in sight, by number; those who left too."""
    there = Account.objects.filter(
        community=request.community, erased_at__isnull=True
    ).order_by("pk")
    if key is not None:
        there = there.filter(key=key)
    if channel is not None:
        there = there.filter(channel=channel)
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start)[:most]),
        after=after,
        limit=limit,
        number=lambda account: account.pk,
        keep=None if request.by.scope is None else lambda some: _seen(request, some),
    )
    return {"items": _shown(request, found), "next": more}


def _seen(call: ApiRequest, some: Sequence[Account]) -> list[Account]:
    heads = account_queries.person_ids(account.pk for account in some)
    seen = visibility.filter_visible(by=call.by, accounts=heads, at=call.at)
    return [account for account in some if heads[account.pk] in seen]


def _shown(call: ApiRequest, some: Sequence[Account]) -> list[dict[str, Any]]:
    heads = account_queries.person_ids(account.pk for account in some)
    return [
        {
            "id": account.pk,
            "member": heads[account.pk],
            "key": masking.key(account.key, call.by),
            "channel": account.channel,
            "name": account.name,
            "present": account.present,
            "joined_at": account.joined_at,
            "left_at": account.left_at,
        }
        for account in some
    ]


@router.post("/accounts", response=Ids)
def ensure(request: ApiRequest, given: AccountsGiven) -> dict[str, Any]:
    """See to it that these keys have accounts; keys that are known keep theirs."""
    permissions.check_may(request.by, accounts.EDIT)
    members.check_whole(request)
    ids = accounts.ensure(
        community=request.community,
        keys=[accounts.check_key(key) for key in given.keys],
        channel=given.channel,
        source=given.source,
        by=request.by,
        at=request.at,
    )
    return {"ids": ids}


@router.get("/accounts/{account}", response=AccountShown)
def one(request: ApiRequest, account: schemas.Id) -> dict[str, Any]:
    return _shown(request, [members.account_of(request, account)])[0]


@router.post("/accounts/{account}/identifiers", response=Identified)
def identify(
    request: ApiRequest, account: schemas.Id, given: IdentifierGiven
) -> dict[str, Any]:
    """Keep a phone, an address or an id; who shares it is the same person."""
    row = members.account_of(request, account)
    members.check_whole(request)
    made = accounts.add_identifier(
        account=row, kind=given.kind, value=given.value, by=request.by, at=request.at
    )
    return {"member": account_queries.account_ids_of_person(row.pk)[0], "made": made}
