"""Members of a set of groups who are likely the same person, with the reasons.

Nobody is removed because of a likeness. Staff compare the two and merge them; the
clean-up then sees one person.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import pgettext_lazy

from qunce.core.staff.models import Staff
from qunce.groups import chat_words
from qunce.groups.groups import Group
from qunce.groups.overlaps import boards, group_sets
from qunce.groups.overlaps.models import GroupSet
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier, SharedIdentifier
from qunce.members.attributes.values import AttributeValue
from qunce.sets.bitmaps import bitmaps

MAX_PEOPLE = 200_000
"""People of a set that are compared; a larger one is too much for one request."""
MAX_SHOWN = 200
MAX_ALIKE = 5
"""A value that more people have, such as a common name, says nothing about them."""
MIN_NAME_LENGTH = 2


class Reason(StrEnum):
    CONTACT = "contact"
    NAME_AND_MORE = "name_and_more"
    NAME = "name"


LABELS = {
    Reason.CONTACT: pgettext_lazy("likely the same person", "the same contact"),
    Reason.NAME_AND_MORE: pgettext_lazy(
        "likely the same person", "the same name and another equal attribute"
    ),
    Reason.NAME: pgettext_lazy("likely the same person", "the same rare name"),
}
CONFIDENCE = {Reason.CONTACT: 90, Reason.NAME_AND_MORE: 70, Reason.NAME: 40}
"""In percent. Members who share a phone that merges are one person already."""


@dataclass(frozen=True)
class Likeness:
    """Two people, and which of the groups each is in."""

    left: int
    right: int
    reason: Reason
    left_groups: tuple[Group, ...] = ()
    right_groups: tuple[Group, ...] = ()

    @property
    def confidence(self) -> int:
        return CONFIDENCE[self.reason]

    @property
    def label(self) -> str:
        return str(LABELS[self.reason])


def find(*, group_set: GroupSet, by: Staff, at: datetime) -> list[Likeness]:
    """Pairs of members of the set who may be one person, the likeliest first."""
    group_sets.check_visible(group_set, by)
    groups = {group.pk: group for group in group_set.groups.all()}
    people_in = boards.people_by_group(groups, by=by, at=at)
    people = list(bitmaps.union(people_in.values()))[:MAX_PEOPLE]
    by_person = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_person)
    accounts = sorted(person_of)
    contacts = pairs_alike(_contacts(accounts, person_of))
    named = pairs_alike(_names(accounts, person_of))
    equal = pairs_alike(_attributes(accounts, person_of)) if named else set()
    reasons: dict[tuple[int, int], Reason] = {}
    for two in named:
        reasons[two] = Reason.NAME_AND_MORE if two in equal else Reason.NAME
    reasons |= dict.fromkeys(contacts, Reason.CONTACT)
    ordered = sorted(reasons.items(), key=lambda item: (-CONFIDENCE[item[1]], item[0]))

    def groups_of(person: int) -> tuple[Group, ...]:
        return tuple(groups[pk] for pk in sorted(groups) if person in people_in[pk])

    return [
        Likeness(left, right, reason, groups_of(left), groups_of(right))
        for (left, right), reason in ordered[:MAX_SHOWN]
    ]


def pairs_alike(
    people_by_value: Mapping[object, Iterable[int]],
) -> set[tuple[int, int]]:
    """Each two people who share a value that few have, the lower id first."""
    pairs: set[tuple[int, int]] = set()
    for people in people_by_value.values():
        alike = sorted(set(people))
        if len(alike) <= MAX_ALIKE:
            pairs.update(itertools.combinations(alike, 2))
    return pairs


def _contacts(
    accounts: Sequence[int], person_of: Mapping[int, int]
) -> dict[object, list[int]]:
    """Identifiers that do not merge people, as too many accounts have had them."""
    shared = set(SharedIdentifier.objects.values_list("community", "kind", "value"))
    found: dict[object, list[int]] = {}
    for chunk in account_queries.chunks(accounts, size=900):
        rows = Identifier.objects.filter(account_id__in=chunk)
        for account, community, kind, value in rows.values_list(
            "account_id", "community_id", "kind", "value"
        ):
            if (community, kind, value) in shared:
                found.setdefault((kind, value), []).append(person_of[account])
        contact = AttributeValue.objects.filter(
            account_id__in=chunk,
            attribute__is_contact=True,
            present=True,
            text__isnull=False,
        ).exclude(text="")
        for account, attribute, text in contact.values_list(
            "account_id", "attribute_id", "text"
        ):
            key = attribute, chat_words.fold(text or "")
            found.setdefault(key, []).append(person_of[account])
    return found


def _names(
    accounts: Sequence[int], person_of: Mapping[int, int]
) -> dict[object, list[int]]:
    found: dict[object, list[int]] = {}
    for chunk in account_queries.chunks(accounts, size=900):
        rows = Account.objects.filter(pk__in=chunk, erased_at__isnull=True)
        for account, name in rows.values_list("pk", "name"):
            folded = chat_words.fold(name)
            if len(folded) >= MIN_NAME_LENGTH:
                found.setdefault(folded, []).append(person_of[account])
    return found


def _attributes(
    accounts: Sequence[int], person_of: Mapping[int, int]
) -> dict[object, list[int]]:
    """Texts and days of few people, such as a birthday or the picture of a profile."""
    found: dict[object, list[int]] = {}
    for chunk in account_queries.chunks(accounts, size=900):
        rows = AttributeValue.objects.filter(account_id__in=chunk, present=True)
        for account, attribute, text, number in rows.values_list(
            "account_id", "attribute_id", "text", "number"
        ):
            if text or number is not None:
                key = attribute, text, number
                found.setdefault(key, []).append(person_of[account])
    return found
