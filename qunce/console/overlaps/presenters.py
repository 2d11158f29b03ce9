"""People in several groups as the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qunce.console import http
from qunce.groups.groups import Group
from qunce.groups.overlaps import overlap_sets
from qunce.groups.overlaps.boards import Board
from qunce.groups.overlaps.clean_ups import PlannedDeparture
from qunce.groups.overlaps.likely_people import Likeness
from qunce.members.accounts import masking
from qunce.members.accounts.models import Account
from qunce.sets.bitmaps import bitmaps

MAX_PEOPLE, MAX_PAIRS = 100, 50


@dataclass(frozen=True)
class PairRow:
    left: Group
    right: Group
    shared: int


@dataclass(frozen=True)
class PersonRow:
    account: int
    name: str
    groups: Sequence[Group]


@dataclass(frozen=True)
class LikelyRow:
    likeness: Likeness
    left_name: str
    right_name: str


def pairs(board: Board) -> list[PairRow]:
    """The pairs that share most."""
    ordered = sorted(board.pairs.items(), key=lambda item: (-item[1], item[0]))
    return [
        PairRow(board.groups[left], board.groups[right], shared)
        for (left, right), shared in ordered[:MAX_PAIRS]
    ]


def people(request: http.Request, board: Board) -> list[PersonRow]:
    """The first overlapping people, with their groups."""
    shown = bitmaps.of(list(board.people)[:MAX_PEOPLE])
    by_person = overlap_sets.groups_by_person(board.members, shown)
    names = names_of(request, list(shown))
    return [
        PersonRow(person, names[person], [board.groups[pk] for pk in own])
        for person, own in by_person.items()
    ]


def names_of(request: http.Request, accounts: Sequence[int]) -> dict[int, str]:
    """Account → its name, or its masked key."""
    rows = Account.objects.filter(pk__in=accounts).values_list("pk", "name", "key")
    return {pk: name or masking.key(key, request.staff) for pk, name, key in rows}


def departures(
    request: http.Request, planned: Sequence[PlannedDeparture]
) -> list[tuple[PlannedDeparture, str]]:
    names = names_of(request, [each.person for each in planned])
    return [(each, names.get(each.person, "")) for each in planned]


def likely(request: http.Request, found: Sequence[Likeness]) -> list[LikelyRow]:
    ids = [person for each in found for person in (each.left, each.right)]
    names = names_of(request, ids)
    return [LikelyRow(each, names[each.left], names[each.right]) for each in found]
