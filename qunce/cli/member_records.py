"""What is stored about members, as `qunce members` prints it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.cli import output
from qunce.cli.options import Invocation
from qunce.core import communities
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Membership
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.attributes import parsing as value_parsing
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.members.tags import person_tags

PAGE_SIZE = 500

People = Mapping[int, Sequence[int]]
"""Id of a person → ids of all their accounts, the person's own id first."""


def load(invocation: Invocation, person_ids: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Yield a record per person, in the given order, with a few queries per page."""
    by, zone = invocation.by, communities.zone(invocation.community)
    remaining = iter(person_ids)
    while page := [*itertools.islice(remaining, PAGE_SIZE)]:
        # Queries are per page and not per person: a page costs six of them.
        people = account_queries.accounts_by_person(page)
        rows = Account.objects.in_bulk([pk for ids in people.values() for pk in ids])
        identifiers = _identifiers(people, by)
        values = attributes.values_by_person(people)
        tags = person_tags.tags_by_person(people)
        staff = staff_assignments.staff_by_person(people)
        groups = _groups(people, by, zone)
        for person_id in page:
            accounts = [rows[pk] for pk in people[person_id]]
            present = any(account.present for account in accounts)
            left = [account.left_at for account in accounts if account.left_at]
            yield {
                "key": masking.key(accounts[0].key, by),
                "name": next((each.name for each in accounts if each.name), ""),
                "accounts": [
                    f"{account.channel}:{masking.key(account.key, by)}"
                    for account in accounts
                ],
                "present": present,
                "joined_at": _local(min(each.joined_at for each in accounts), zone),
                "left_at": None if present else _local(max(left), zone),
                "identifiers": identifiers[person_id],
                "attributes": {
                    name: {
                        "type": value.attribute.type,
                        "value": _value(value, by),
                    }
                    for name, value in values[person_id].items()
                },
                "tags": {each.tag.key: each.depth for each in tags[person_id]},
                "groups": groups[person_id],
                "staff": staff[person_id].login if person_id in staff else None,
            }


def _value(value: attributes.CurrentValue, by: Staff) -> Any:
    text = attribute_texts.exact(value.attribute, value.text, by=by)
    return parse_text(value.attribute.type, text)


def _identifiers(people: People, by: Staff) -> dict[int, list[dict[str, str]]]:
    person_of = {pk: person_id for person_id, ids in people.items() for pk in ids}
    rows = Identifier.objects.filter(account_id__in=person_of).order_by("kind", "value")
    # Two accounts of a person may have the same identifier.
    unique = dict.fromkeys(
        (person_of[row.account_id], row.kind, row.value) for row in rows
    )
    found: dict[int, list[dict[str, str]]] = {person_id: [] for person_id in people}
    for person_id, kind, value in unique:
        shown = masking.identifier(kind=kind, value=value, by=by)
        found[person_id].append({"kind": kind, "value": shown})
    return found


def _groups(
    people: People, by: Staff, zone: ZoneInfo
) -> dict[int, list[dict[str, Any]]]:
    person_of = {pk: person_id for person_id, ids in people.items() for pk in ids}
    rows = Membership.objects.filter(
        account_id__in=person_of, group__in=group_visibility.list_visible(by)
    ).exclude(present=False, left_at=None)
    # Present ones last, so that they stay where a person has several accounts.
    rows = rows.select_related("group").order_by("group__key", "present", "pk")
    found: dict[int, dict[str, Any]] = {person_id: {} for person_id in people}
    for row in rows:
        found[person_of[row.account_id]][row.group.key] = {
            "key": row.group.key,
            "name": row.group.name,
            "state": "joined" if row.present else "left",
            "role": row.role,
            "joined_at": _local(row.joined_at, zone),
            "left_at": _local(row.left_at, zone) if row.left_at else None,
        }
    return {person_id: [*groups.values()] for person_id, groups in found.items()}


def parse_text(kind: str, text: str) -> Any:
    """Return the JSON value of an attribute; numbers stay text, so that none is rounded."""
    if kind == attributes.AttributeType.MULTI:
        return text.split("; ")
    if kind == attributes.AttributeType.BOOL:
        # The text is in the language of the user, and both languages are parsed.
        return bool(value_parsing.parse_bool(text))
    if kind == attributes.AttributeType.INSTANT:
        # ISO 8601 as programs write it.
        return text.replace(" ", "T")
    return text


def format_row(record: dict[str, Any]) -> str:
    key, name = output.padded(record["key"], 20), output.padded(record["name"], 20)
    return f"{key} {name} {', '.join(format_tags(record))}"


def format_record(record: dict[str, Any]) -> list[str]:
    presence = (
        _("is in the community") if record["present"] else _("has left the community")
    )
    values = {}
    for name, each in record["attributes"].items():
        value = each["value"]
        if isinstance(value, list):
            value = "; ".join(value)
        elif isinstance(value, bool):
            value = _("yes") if value else _("no")
        values[name] = value
    rows = {
        _("name"): [record["name"], presence],
        _("accounts"): record["accounts"],
        _("identifiers"): [
            f"{each['kind']} {each['value']}" for each in record["identifiers"]
        ],
        _("tags"): format_tags(record),
        _("attributes"): [f"{name}: {value}" for name, value in values.items()],
        _("groups"): [
            each["name"] for each in record["groups"] if each["state"] == "joined"
        ],
        _("staff in charge"): [record["staff"]] if record["staff"] else [],
    }
    comma = _(", ")
    return [
        f"{output.padded(label, 14)} {comma.join(texts) or '–'}"
        for label, texts in rows.items()
    ]


def format_tags(record: dict[str, Any]) -> list[str]:
    return [
        f"{key} ×{depth}" if depth > 1 else key for key, depth in record["tags"].items()
    ]


def _local(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).isoformat()
