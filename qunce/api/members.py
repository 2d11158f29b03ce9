"""Members: people, each with all their accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.db import transaction
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.members.accounts import accounts, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.people import named_members, people, visibility
from qunce.members.people.people import Person
from qunce.members.search import member_list
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.sets import audiences
from qunce.sets.rules import tree

router = Router(auth=RequiresScope("members"), tags=["members"])
Row = TypeVar("Row")
AttributeValue = str | int | float | bool | list[schemas.ShortText] | None
AttributeValues = Annotated[
    dict[schemas.ShortText, AttributeValue], Field(max_length=200)
]


class MemberIn(schemas.InputSchema):
    """`identifiers` are such as `{"phone": "…"}`.

    Accounts with the same identifier are merged into one member.
    """

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
    attributes: AttributeValues = {}
    staff: schemas.ShortText | None = None


class MemberUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are; null deletes the value of an attribute.

    `staff` is the login or the name of the staff member in charge, null for nobody.
    """

    name: schemas.ShortText | None = None
    joined_at: schemas.Timestamp | None = None
    source: schemas.ShortText | None = None
    attributes: AttributeValues = {}
    staff: schemas.ShortText | None = None


class MemberSummaryOut(schemas.OutputSchema):
    id: int
    key: str
    channel: str
    name: str
    present: bool
    joined_at: datetime
    left_at: datetime | None


class AccountSummaryOut(schemas.OutputSchema):
    id: int
    key: str
    channel: str
    name: str
    present: bool


class IdentifierOut(schemas.OutputSchema):
    kind: str
    value: str


class AttributeValueOut(schemas.OutputSchema):
    value: str
    source: str
    set_at: datetime


class StaffInChargeOut(schemas.OutputSchema):
    login: str
    name: str


class MemberOut(schemas.OutputSchema):
    """`id` is the id of the first account. Some roles see identifiers masked."""

    id: int
    name: str
    present: bool
    joined_at: datetime
    left_at: datetime | None
    accounts: list[AccountSummaryOut]
    identifiers: list[IdentifierOut]
    tags: dict[str, int]
    attributes: dict[str, AttributeValueOut]
    staff: StaffInChargeOut | None


# Checks and reads that other resources share


def get_account(request: ApiRequest, account_id: int) -> Account:
    return visibility.get(by=request.by, account=account_id, at=request.at)


def visible_filter(
    request: ApiRequest, account_id_of: Callable[[Row], int | None]
) -> Callable[[Sequence[Row]], list[Row]] | None:
    """Return the filter of `schemas.paginate` for rows that belong to accounts.

    It is None if the staff member sees all members. Rows without an account are visible
    only to them.
    """
    if request.by.scope is None:
        return None

    def filter_rows(rows: Sequence[Row]) -> list[Row]:
        # 0 is no account, so that the lists stay parallel.
        account_ids = [account_id_of(row) or 0 for row in rows]
        person_ids = account_queries.person_ids(filter(None, account_ids))
        visible = visibility.filter_visible(
            by=request.by, accounts=person_ids, at=request.at
        )
        return [
            row
            for row, account_id in zip(rows, account_ids, strict=True)
            if person_ids.get(account_id) in visible
        ]

    return filter_rows


def list_by_rule(
    request: ApiRequest, rule: Any, after: str | None, limit: int
) -> dict[str, Any]:
    """Return a page of the members who match a rule and whom the staff member sees."""
    person_ids = audiences.list_ids(
        community=request.community,
        rule=rule,
        by=request.by,
        at=request.at,
        after=schemas.decode_id(after),
        limit=limit + 1,
    )
    # The one after the page shows that there is a next page.
    more = schemas.encode_cursor(person_ids[limit - 1]) if person_ids[limit:] else None
    return {"items": summarize(request, person_ids[:limit]), "next": more}


def list_by_ids(
    request: ApiRequest, people: Iterable[int], after: str | None, limit: int
) -> dict[str, Any]:
    """Return a page of these people, ascending. The caller checks that they are visible."""
    start = schemas.decode_id(after)
    person_ids = [person for person in people if person > start][: limit + 1]
    more = schemas.encode_cursor(person_ids[limit - 1]) if person_ids[limit:] else None
    return {"items": summarize(request, person_ids[:limit]), "next": more}


def summarize(request: ApiRequest, person_ids: list[int]) -> list[dict[str, Any]]:
    """Return the members of these ids, in their order."""
    accounts_by_id = Account.objects.filter(community=request.community).in_bulk(
        person_ids
    )
    return [
        _summary(request, accounts_by_id[person_id])
        for person_id in person_ids
        if person_id in accounts_by_id
    ]


def _summary(request: ApiRequest, account: Account) -> dict[str, Any]:
    return {
        "id": account.pk,
        "key": masking.key(account.key, request.by),
        "channel": account.channel,
        "name": account.name,
        "present": account.present,
        "joined_at": account.joined_at,
        "left_at": account.left_at,
    }


def serialize(request: ApiRequest, person: Person) -> dict[str, Any]:
    by = request.by
    accounts_by_person = {person.id: [account.pk for account in person.accounts]}
    staff = staff_assignments.staff_by_person(accounts_by_person).get(person.id)
    return {
        "id": person.id,
        "name": person.name,
        "present": person.present,
        "joined_at": person.joined_at,
        "left_at": person.left_at,
        "accounts": [_summary(request, account) for account in person.accounts],
        "identifiers": [
            {"kind": kind, "value": masking.identifier(kind=kind, value=value, by=by)}
            for kind, value in person.identifiers
        ],
        "tags": person.tags,
        "attributes": {
            name: {
                "value": attribute_texts.exact(value.attribute, value.text, by=by),
                "source": value.source,
                "set_at": value.set_at,
            }
            for name, value in person.attributes.items()
        },
        "staff": {"login": staff.login, "name": staff.name} if staff else None,
    }


def _set_attributes(
    request: ApiRequest, account: Account, values: dict[str, AttributeValue]
) -> None:
    for name, value in values.items():
        attributes.set_values(
            attribute=attributes.get(request.community, name),
            values={account.pk: value},
            by=request.by,
            at=request.at,
            source="api",
        )


def _assign_staff(request: ApiRequest, account: Account, text: str | None) -> None:
    community = request.community
    staff = staff_assignments.get_staff(community, text) if text else None
    staff_assignments.assign(
        community=community,
        accounts=[account.pk],
        staff=staff,
        by=request.by,
        at=request.at,
        source="api",
    )


# Operations


@router.get("/members", response=schemas.Page[MemberSummaryOut])
def list_(
    request: ApiRequest,
    rule: Annotated[str | None, Field(max_length=20_000)] = None,
    key: Annotated[str | None, Field(max_length=250)] = None,
    search: Annotated[str, Field(max_length=200)] = "",
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List members by id.

    Pass a rule as JSON to get the members who match it, or a key to get the member who
    has it. `search` finds names, keys and identifiers, as in the console. Without a
    rule, everyone who is in the community now is listed.
    """
    if key is None:
        parsed: Any = {"all": []} if rule is None else tree.parse_json(rule)
        if search:
            return _search(request, parsed, search, after, limit)
        return list_by_rule(request, parsed, after, limit)
    try:
        account = named_members.get_by_key(by=request.by, key=key, at=request.at)
    except errors.NotFound:
        # Like any other filter that nothing matches.
        return {"items": [], "next": None}
    person_id = account_queries.account_ids_of_person(account.pk)[0]
    return {"items": summarize(request, [person_id]), "next": None}


def _search(
    request: ApiRequest, rule: Any, search: str, after: str | None, limit: int
) -> dict[str, Any]:
    people = member_list.find_people(
        by=request.by, at=request.at, rule=rule, query=search
    )
    # Ids ascend in the bitmap, so a page is a slice of it.
    index = people.rank(schemas.decode_id(after))
    ids = list(people[index : index + limit + 1])
    more = schemas.encode_cursor(ids[limit - 1]) if ids[limit:] else None
    return {"items": summarize(request, ids[:limit]), "next": more}


@router.post("/members", response={201: MemberOut})
def create(request: ApiRequest, data: MemberIn) -> Any:
    """Create a member."""
    accounts.check_may_add(request.by)
    # A wrong attribute must not leave a member without attributes behind.
    with transaction.atomic():
        account = accounts.create(
            community=request.community,
            key=data.key,
            channel=data.channel,
            name=data.name,
            joined_at=data.joined_at,
            source=data.source,
            identifiers=data.identifiers,
            by=request.by,
            at=request.at,
        )
        _set_attributes(request, account, data.attributes)
        if data.staff:
            _assign_staff(request, account, data.staff)
    return Status(201, serialize(request, people.get_by_account(account.pk)))


@router.get("/members/{member_id}", response=MemberOut)
def get(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Get a member with accounts, identifiers, tags and attributes.

    The id of any of their accounts works.
    """
    account = get_account(request, member_id)
    return serialize(request, people.get_by_account(account.pk))


@router.patch("/members/{member_id}", response=MemberOut)
def update(
    request: ApiRequest, member_id: schemas.Id, data: MemberUpdateIn
) -> dict[str, Any]:
    """Update an account of a member."""
    account = get_account(request, member_id)
    with transaction.atomic():
        accounts.update(
            account=account,
            name=data.name,
            joined_at=data.joined_at,
            source=data.source,
            by=request.by,
            at=request.at,
        )
        _set_attributes(request, account, data.attributes)
        if "staff" in data.model_fields_set:
            _assign_staff(request, account, data.staff)
    return serialize(request, people.get_by_account(account.pk))


@router.delete("/members/{member_id}", response={204: None})
def erase(request: ApiRequest, member_id: schemas.Id) -> Any:
    """Erase a member and everything known about them.

    This cannot be undone.
    """
    account = get_account(request, member_id)
    people.erase(account=account, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/members/{member_id}/departure", response=MemberOut)
def depart(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Record that an account has left the community."""
    account = get_account(request, member_id)
    accounts.leave(account=account, by=request.by, at=request.at)
    return serialize(request, people.get_by_account(account.pk))


@router.delete("/members/{member_id}/departure", response=MemberOut)
def rejoin(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Record that an account has joined the community again."""
    account = get_account(request, member_id)
    accounts.rejoin(account=account, by=request.by, at=request.at)
    return serialize(request, people.get_by_account(account.pk))
