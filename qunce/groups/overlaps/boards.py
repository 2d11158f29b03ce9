"""The board of a set: who is in several of its groups, and how many each two share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, Membership
from qunce.groups.overlaps import group_sets, overlap_sets
from qunce.groups.overlaps.keep_rules import Place
from qunce.groups.overlaps.models import GroupSet
from qunce.groups.overlaps.overlap_sets import Pair
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts.models import MessageText
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

ACTIVE_DAYS = timedelta(days=28)


@dataclass(frozen=True)
class Board:
    """`people` overlap; `pairs` counts those whom each two groups share."""

    groups: dict[int, Group]
    members: dict[int, BitMap]
    people: BitMap
    pairs: dict[Pair, int]


def load(*, group_set: GroupSet, by: Staff, at: datetime) -> Board:
    """Among the members whom `by` sees; people who work here are in it for nobody."""
    group_sets.check_visible(group_set, by)
    groups = {group.pk: group for group in group_set.groups.all()}
    people = people_by_group(groups, by=by, at=at)
    allowed = group_sets.allowed_pairs(group_set)
    return Board(
        groups,
        people,
        overlap_sets.find_overlapping(people, allowed),
        overlap_sets.count_pairs(people, allowed),
    )


def people_by_group(
    groups: dict[int, Group], *, by: Staff, at: datetime
) -> dict[int, BitMap]:
    """The members of each group, each person once."""
    ids = sorted(groups)
    rules = [{"group": {"any": [groups[group].key]}} for group in ids]
    found = audiences.people_by_rule(community=by.community, rules=rules, by=by, at=at)
    return dict(zip(ids, found, strict=True))


@dataclass(frozen=True)
class PersonPlaces:
    """`rows` are the memberships of each group, of one or several accounts."""

    places: tuple[Place, ...]
    rows: dict[int, tuple[Membership, ...]]


def load_places(
    people: list[int], groups: dict[int, Group], *, at: datetime
) -> dict[int, PersonPlaces]:
    """Where these people are, since when, and how much they write there."""
    by_person = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_person)
    rows: dict[tuple[int, int], list[Membership]] = {}
    written: dict[tuple[int, int], int] = {}
    for chunk in account_queries.chunks(sorted(person_of), size=900):
        for row in Membership.objects.filter(
            account_id__in=chunk, group__in=list(groups), present=True
        ).order_by("pk"):
            rows.setdefault((person_of[row.account_id], row.group_id), []).append(row)
        texts = MessageText.objects.filter(
            account_id__in=chunk, happened_at__gte=at - ACTIVE_DAYS
        )
        counted = texts.values("account_id", "group_id").annotate(n=Count("pk"))
        for each in counted.order_by("account_id", "group_id"):
            key = person_of[each["account_id"]], each["group_id"]
            written[key] = written.get(key, 0) + each["n"]
    found = {}
    for person in by_person:
        own = {group: each for (who, group), each in rows.items() if who == person}
        places = tuple(
            Place(
                group,
                min(int(row.joined_at.timestamp() * 1_000_000) for row in each),
                written.get((person, group), 0),
                any(row.role != "member" for row in each),
            )
            for group, each in sorted(own.items())
        )
        found[person] = PersonPlaces(
            places, {group: tuple(each) for group, each in own.items()}
        )
    return found
