"""The member list: people who match a rule and a search, page by page.

Those who joined last come first, or as another column sorts them. Of those who
are equal in it, the last created come first.

The count is the size of the set, so it costs the same for ten people and a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core.communities import Community
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.columns import columns
from qunce.members.search import name_index, search
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

PAGE_SIZE = 50


@dataclass(frozen=True)
class Row:
    """One person; `key` is masked for the staff member."""

    id: int
    name: str
    key: str
    channel: str
    accounts: int
    present: bool
    joined_at: datetime


DEFAULT_SORT = "-joined"
Cursor = tuple[int, int]
"""The number by which the last person of a page is sorted, and their id."""


@dataclass(frozen=True)
class Page:
    """`after` is the `before` of the next page; None on the last one."""

    rows: Sequence[Row]
    count: int
    after: Cursor | None


def find_people(
    *, by: Staff, at: datetime, rule: Any = None, query: str = ""
) -> BitMap:
    """Ids of the visible people who match the rule and the search query."""
    rule = audiences.EVERYONE if rule is None else rule
    people = audiences.people(community=by.community, rule=rule, by=by, at=at)
    if query.strip():
        # The audience is the caller's own copy, so that it may be changed in place.
        people &= search.find(by=by, query=query, at=at)
    return people


@dataclass(frozen=True)
class Order:
    """People in the order of a list: ids with the numbers by which they are sorted."""

    ids: NDArray[np.int64]
    numbers: NDArray[np.int64]

    def page(
        self, before: Cursor | None, limit: int
    ) -> tuple[list[int], Cursor | None]:
        """The ids of a page, and the cursor of the next one."""
        ids, numbers = self.ids, self.numbers
        if before is not None:
            is_equal = numbers == before[0]
            is_left = (numbers < before[0]) | (is_equal & (ids < before[1]))
            ids, numbers = ids[is_left], numbers[is_left]
        first = _last_positions(numbers, limit + 1)[::-1]
        page = first[:limit]
        has_more = len(first) > limit
        after = (int(numbers[page[-1]]), int(ids[page[-1]])) if has_more else None
        return ids[page].tolist(), after

    def all(self) -> list[int]:
        """Every id."""
        everyone: list[int] = self.ids[np.lexsort((self.ids, self.numbers))].tolist()
        return everyone[::-1]


def sort(people: BitMap, *, by: Staff, at: datetime, sort_by: str = "") -> Order:
    """Sort people by a column: `joined` from low to high, `-joined` from high to low.

    A column that is unknown, or by which nobody can be sorted, counts as the default.
    Those without a value come last either way.
    """
    column = find_sorting(by.community, sort_by)
    if column is None:
        sort_by, column = DEFAULT_SORT, find_sorting(by.community, DEFAULT_SORT)
        assert column is not None  # noqa: S101 - every community has it
    ids = bitmaps.array_of(people).astype(np.int64)
    values = columns.values_of(column.sort_values(by.community, at), ids)
    if not sort_by.startswith("-"):
        values = np.where(values == columns.MISSING, values, -values)
    return Order(ids, values)


def find_sorting(community: Community, sort_by: str) -> columns.Column | None:
    """The column that `sort_by` names; None if there is none to sort by."""
    found = columns.find(community, [sort_by.removeprefix("-")])
    return next((column for column in found if column.is_sortable), None)


def get_page(
    *,
    by: Staff,
    at: datetime,
    rule: Any = None,
    query: str = "",
    before: Cursor | None = None,
    limit: int = PAGE_SIZE,
    sort_by: str = DEFAULT_SORT,
) -> Page:
    """A page of the list; `before` is the `after` of the page before."""
    people = find_people(by=by, at=at, rule=rule, query=query)
    order = sort(people, by=by, at=at, sort_by=sort_by)
    ids, after = order.page(before, limit)
    return Page(load_rows(ids, by=by), len(people), after)


def _last_positions(values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Places of the `count` largest values, ascending; of equal ones the last."""
    if len(values) <= count:
        return np.argsort(values, kind="stable")
    # Only values that may be among them are sorted: of a million that takes a tenth.
    least = np.partition(values, -count)[-count]
    above = np.flatnonzero(values > least)
    # Half of all members may be in one layer, or have no value: only the last ones count.
    equal = np.flatnonzero(values == least)[len(above) - count :]
    places = np.sort(np.concatenate([above, equal]))
    return places[np.argsort(values[places], kind="stable")]


def preload(*, at: datetime) -> None:
    """Load what the list of every community needs, so that the first page is fast."""
    name_index.preload(at=at)
    for community in Community.objects.order_by("pk"):
        for key in columns.default_keys(community):
            column = columns.find(community, [key])[0]
            if column.is_sortable:
                column.sort_values(community, at)


def load_rows(people: Iterable[int], *, by: Staff) -> list[Row]:
    """Rows of these person ids, in this order. The caller checks that they are visible."""
    ids = list(people)
    accounts_by_person = account_queries.accounts_by_person(ids) if ids else {}
    # One query for all accounts of the page.
    account_ids = [account for own in accounts_by_person.values() for account in own]
    accounts = account_models.Account.objects.in_bulk(account_ids)
    rows = []
    for person in ids:
        if person not in accounts_by_person or person not in accounts:
            continue
        own = [accounts[a] for a in accounts_by_person[person] if a in accounts]
        rows.append(
            Row(
                id=person,
                name=next((account.name for account in own if account.name), ""),
                key=masking.key(own[0].key, by),
                channel=own[0].channel,
                accounts=len(own),
                present=any(account.present for account in own),
                joined_at=min(account.joined_at for account in own),
            )
        )
    return rows
