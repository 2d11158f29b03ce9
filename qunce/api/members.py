"""Members: people, each with all their accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors, permissions
from qunce.members.accounts import accounts, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.people import people, visibility
from qunce.members.people.people import Person
from qunce.sets import audiences
from qunce.sets.rules import tree

router = Router(auth=RequiresScope("members"), tags=["members"])
Value = str | int | float | bool | list[schemas.ShortText] | None
Values = Annotated[dict[schemas.ShortText, Value], Field(max_length=200)]


class MemberGiven(schemas.InputSchema):
    """`identifiers` such as `{"phone": "…"}`; an equal one makes one person of two."""

    key: schemas.Key
    channel: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,29}$")] = (
        accounts.DEFAULT_CHANNEL
    )
    name: schemas.ShortText = ""
    joined_at: schemas.Timestamp | None = None
    source: schemas.ShortText = ""
    identifiers: Annotated[
        dict[schemas.ShortText, schemas.ShortText], Field(max_length=20)
    ] = {}
    attributes: Values = {}


class MemberChange(schemas.InputSchema):
    """Only what is given changes; null takes an attribute's value away."""

    name: schemas.ShortText | None = None
    joined_at: schemas.Timestamp | None = None
    source: schemas.ShortText | None = None
    attributes: Values = {}


class Other(schemas.InputSchema):
    member: schemas.Id
    note: schemas.ShortText = ""


class MemberRow(schemas.OutputSchema):
    id: int
    key: str
    channel: str
    name: str
    present: bool
    joined_at: datetime
    left_at: datetime | None


class AccountPart(schemas.OutputSchema):
    id: int
    key: str
    channel: str
    name: str
    present: bool


class IdentifierPart(schemas.OutputSchema):
    kind: str
    value: str


class ValuePart(schemas.OutputSchema):
    value: str
    source: str
    set_at: datetime


class Member(schemas.OutputSchema):
    """`id` is that of the first account; identifiers are masked for some roles."""

    id: int
    name: str
    present: bool
    joined_at: datetime
    left_at: datetime | None
    accounts: list[AccountPart]
    identifiers: list[IdentifierPart]
    tags: dict[str, int]
    attributes: dict[str, ValuePart]


@router.get("/members", response=schemas.Page[MemberRow])
def listed(
    request: ApiRequest,
    rule: Annotated[str | None, Field(max_length=20_000)] = None,
    key: Annotated[str | None, Field(max_length=250)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """Those of a rule (JSON) or of everyone here, by number; or the one of a key."""
    if key is not None:
        return _with_key(request, key)
    asked = {"all": []} if rule is None else tree.parse_json(rule)
    return found(request, asked, after, limit)


def _with_key(call: ApiRequest, key: str) -> dict[str, Any]:
    try:
        account = visibility.get_by_key(by=call.by, key=key, at=call.at)
    except errors.NotFound:
        return {"items": [], "next": None}
    return {
        "items": rows(call, [account_queries.account_ids_of_person(account.pk)[0]]),
        "next": None,
    }


def found(call: ApiRequest, rule: Any, after: str | None, limit: int) -> dict[str, Any]:
    """A page of the people whom a rule means, as far as the operator sees them."""
    heads = audiences.list_ids(
        community=call.community,
        rule=rule,
        by=call.by,
        at=call.at,
        after=schemas.decode_id(after),
        limit=limit + 1,
    )
    more = schemas.encode_cursor(heads[limit - 1]) if len(heads) > limit else None
    return {"items": rows(call, heads[:limit]), "next": more}


def rows(call: ApiRequest, heads: list[int]) -> list[dict[str, Any]]:
    there = Account.objects.filter(community=call.community).in_bulk(heads)
    return [_row(call, there[head]) for head in heads if head in there]


def _row(call: ApiRequest, account: Account) -> dict[str, Any]:
    return {
        "id": account.pk,
        "key": masking.key(account.key, call.by),
        "channel": account.channel,
        "name": account.name,
        "present": account.present,
        "joined_at": account.joined_at,
        "left_at": account.left_at,
    }


def shown(call: ApiRequest, person: Person) -> dict[str, Any]:
    by = call.by
    identifiers = [
        {"kind": kind, "value": masking.identifier(kind=kind, value=value, by=by)}
        for kind, value in person.identifiers
    ]
    known = {
        name: {"value": held.text, "source": held.source, "set_at": held.set_at}
        for name, held in person.attributes.items()
    }
    return {
        "id": person.id,
        "name": person.name,
        "present": person.present,
        "joined_at": person.joined_at,
        "left_at": person.left_at,
        "accounts": [_row(call, account) for account in person.accounts],
        "identifiers": identifiers,
        "tags": person.tags,
        "attributes": known,
    }


def account_of(call: ApiRequest, number: int) -> Account:
    return visibility.get(by=call.by, account=number, at=call.at)


def check_whole(call: ApiRequest) -> None:
    if call.by.scope is not None:
        raise permissions.ScopeTooNarrow(
            _("%(name)s sees only part of the community and cannot add members.")
            % {"name": call.by.name}
        )


@router.post("/members", response={201: Member})
def add(request: ApiRequest, given: MemberGiven) -> Any:
    check_whole(request)
    with transaction.atomic():
        account = accounts.create(
            community=request.community,
            key=given.key,
            channel=given.channel,
            name=given.name,
            joined_at=given.joined_at,
            source=given.source,
            identifiers=given.identifiers,
            by=request.by,
            at=request.at,
        )
        _fill(request, account, given.attributes)
    return Status(201, shown(request, people.get_by_account(account.pk)))


def _fill(call: ApiRequest, account: Account, values: dict[str, Value]) -> None:
    for name, value in values.items():
        attributes.set_values(
            attribute=attributes.get(call.community, name),
            values={account.pk: value},
            by=call.by,
            at=call.at,
            source="api",
        )


@router.get("/members/{member}", response=Member)
def one(request: ApiRequest, member: schemas.Id) -> dict[str, Any]:
    return shown(request, people.get_by_account(account_of(request, member).pk))


@router.patch("/members/{member}", response=Member)
def change(
    request: ApiRequest, member: schemas.Id, given: MemberChange
) -> dict[str, Any]:
    account = account_of(request, member)
    with transaction.atomic():
        accounts.update(
            account=account,
            name=given.name,
            joined_at=given.joined_at,
            source=given.source,
            by=request.by,
            at=request.at,
        )
        _fill(request, account, given.attributes)
    return shown(request, people.get_by_account(account.pk))


@router.delete("/members/{member}", response={204: None})
def erase(request: ApiRequest, member: schemas.Id) -> Any:
    """Erase the person and all that is known of them, which nobody can undo."""
    account = account_of(request, member)
    people.erase(account=account, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/members/{member}/leaving", response=Member)
def leave(request: ApiRequest, member: schemas.Id) -> dict[str, Any]:
    """This account has left the community."""
    account = account_of(request, member)
    accounts.leave(account=account, by=request.by, at=request.at)
    return shown(request, people.get_by_account(account.pk))


@router.delete("/members/{member}/leaving", response=Member)
def rejoin(request: ApiRequest, member: schemas.Id) -> dict[str, Any]:
    """This account is back."""
    account = account_of(request, member)
    accounts.rejoin(account=account, by=request.by, at=request.at)
    return shown(request, people.get_by_account(account.pk))


@router.post("/members/{member}/merges", response=Member)
def merge(request: ApiRequest, member: schemas.Id, given: Other) -> dict[str, Any]:
    """Say that another account is the same person."""
    left, right = account_of(request, member), account_of(request, given.member)
    people.merge(left=left, right=right, note=given.note, by=request.by, at=request.at)
    return shown(request, people.get_by_account(left.pk))


@router.delete("/members/{member}/merges/{other}", response=Member)
def unmerge(
    request: ApiRequest, member: schemas.Id, other: schemas.Id
) -> dict[str, Any]:
    """Undo the last join between two accounts of one person."""
    left, right = account_of(request, member), account_of(request, other)
    people.unmerge(left=left, right=right, by=request.by, at=request.at)
    return shown(request, people.get_by_account(left.pk))
