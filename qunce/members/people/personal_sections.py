"""What members themselves are in the export of a person: accounts, attributes, tags, …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account, Identifier, PastIdentifier
from qunce.members.attributes import attributes
from qunce.members.consents.consents import Consent
from qunce.members.people import person_export
from qunce.members.people.merges import Merge
from qunce.members.people.notes import Note
from qunce.members.people.person_export import Records
from qunce.members.staff_in_charge import assignments
from qunce.members.tags.models import Tagging
from qunce.sets import timelines

if TYPE_CHECKING:
    from qunce.core.communities import Community

MAX_FACTS = 1_000_000


@person_export.register("accounts")
def _accounts(community: Community, ids: Sequence[int]) -> Records:
    sources = interned_names.names_by_id(accounts.SOURCE_NAMESPACE, community.pk)
    names = ("id", "key", "channel", "name", "joined_at", "left_at", "source_id")
    rows = Account.objects.filter(pk__in=ids).order_by("pk").values(*names)
    return [{**row, "source": sources.get(row["source_id"] or 0, "")} for row in rows]


@person_export.register("identifiers")
def _identifiers(community: Community, ids: Sequence[int]) -> Records:
    rows = Identifier.objects.filter(account_id__in=ids)
    past = PastIdentifier.objects.filter(account_id__in=ids)
    return [
        *rows.order_by("account_id", "kind", "value").values(
            "account_id", "kind", "value"
        ),
        *past.order_by("pk").values("account_id", "kind", "value", "removed_at"),
    ]


@person_export.register("attributes")
def _attributes(community: Community, ids: Sequence[int]) -> Records:
    labels = {each.pk: each for each in attributes.list_all(community)}
    current = attributes.values_of_person(ids)
    records: Records = [
        {
            "name": value.attribute.name,
            "label": value.attribute.label,
            "value": value.text,
            "source": value.source,
            "set_at": value.set_at,
        }
        for value in current.values()
    ]
    for pk, entries in attributes.histories_of_person(community, ids).items():
        name = labels[pk].name if pk in labels else ""
        records += [
            {
                "name": name,
                "value": entry.text,
                "source": entry.source,
                "set_at": entry.set_at,
                "ended_at": entry.ended_at,
            }
            for entry in entries
        ]
    return records


@person_export.register("tags")
def _tags(community: Community, ids: Sequence[int]) -> Records:
    rows = Tagging.objects.filter(account_id__in=ids, present=True)
    names = ("tag__key", "tag__name", "weight", "tagged_at", "source", "expires_at")
    return [
        {name.removeprefix("tag__"): value for name, value in row.items()}
        for row in rows.order_by("tag__key", "account_id").values(*names)
    ]


@person_export.register("notes")
def _notes(community: Community, ids: Sequence[int]) -> Records:
    rows = Note.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("text", "next_step", "due_at", "at", "by__name", "done_at"))


@person_export.register("merges")
def _merges(community: Community, ids: Sequence[int]) -> Records:
    rows = Merge.objects.filter(left_id__in=ids) | Merge.objects.filter(
        right_id__in=ids
    )
    names = ("left_id", "right_id", "reason", "note", "value", "at", "undone_at")
    return list(rows.order_by("pk").values(*names))


@person_export.register("consents")
def _consents(community: Community, ids: Sequence[int]) -> Records:
    names = ("purpose", "is_given", "evidence", "at", "by__name")
    rows = Consent.objects.filter(account_id__in=ids).order_by("at", "pk")
    return list(rows.values(*names))


@person_export.register("staff_in_charge")
def _staff(community: Community, ids: Sequence[int]) -> Records:
    staff: dict[int, Staff] = assignments.staff_by_person({ids[0]: ids})
    return [{"name": each.name} for each in staff.values()]


@person_export.register("facts")
def _facts(community: Community, ids: Sequence[int]) -> Records:
    found = timelines.list_facts(community=community, accounts=ids, limit=MAX_FACTS)
    return [
        {"kind": each.kind, "happened_at": each.happened_at, **each.payload}
        for each in found
    ]
