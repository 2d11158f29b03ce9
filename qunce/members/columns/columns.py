"""Columns of the member list: what staff can show, sort and export.

A column is one object that carries its label, the cells of a page and, if the list can
be sorted by it, a number for every person. Applications above register columns of their
own; layerings and attributes are families, with one column each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.sets import person_totals

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

    Ints = NDArray[np.int64]

MISSING = person_totals.MISSING
"""The number of people without a value; they come last in either direction."""


@dataclass(frozen=True)
class Cell:
    """`text` is shown; `exact` is what an export has, if it is another text.

    A cell of a list has its entries apart from each other.
    """

    text: str
    exact: str = ""
    entries: tuple[str, ...] = ()

    @property
    def exported(self) -> str:
        return self.exact or self.text


EMPTY = Cell("")
Cells = Mapping[int, Cell]


@dataclass(frozen=True)
class People:
    """The people of a page with their accounts, for the staff member who reads it."""

    accounts: Mapping[int, Sequence[int]]
    by: Staff
    at: datetime

    @property
    def community(self) -> Community:
        return self.by.community


class Column(ABC):
    """`key` is in URLs and in saved views."""

    key: str
    label: StrOrPromise
    is_number: bool = False
    is_sortable: bool = True
    is_default: bool = False
    descends_first: bool = False
    """Whether the first click on the heading sorts from high to low, as for sums."""

    @abstractmethod
    def cells(self, people: People) -> Cells:
        """Person → cell; who has no value may be left out."""

    def sort_values(self, community: Community, at: datetime) -> Ints:
        """A number per person by their id, larger ones for what is more or later.

        The array is shared and must not be changed; people beyond its end have none.
        """
        raise NotImplementedError


Family = Callable[["Community"], Iterable[Column]]
_families: list[tuple[int, Family]] = []


def register(position: int) -> Callable[[Family], Family]:
    """Register a function that returns columns of a community, at a position of the list."""

    def decorate(family: Family) -> Family:
        _families.append((position, family))
        return family

    return decorate


def list_all(community: Community) -> list[Column]:
    """Every column that the members of a community can be listed with."""
    ordered = sorted(_families, key=lambda family: family[0])
    return [column for _position, family in ordered for column in family(community)]


def find(community: Community, keys: Iterable[str]) -> list[Column]:
    """The columns with these keys, each once and in this order; unknown ones are left out."""
    by_key = {column.key: column for column in list_all(community)}
    return [by_key[key] for key in dict.fromkeys(keys) if key in by_key]


def default_keys(community: Community) -> list[str]:
    return [column.key for column in list_all(community) if column.is_default]


def dense(people: Ints, values: Ints) -> Ints:
    """One number per person id, from parallel arrays of people and their numbers."""
    size = int(people.max()) + 1 if len(people) else 0
    numbers = np.full(size, MISSING, dtype=np.int64)
    numbers[people] = values
    return numbers


def values_of(numbers: Ints, people: Ints) -> Ints:
    """The numbers of these people, MISSING for those beyond the end of the array."""
    inside = people < len(numbers)
    values = np.full(len(people), MISSING, dtype=np.int64)
    values[inside] = numbers[people[inside]]
    return values
