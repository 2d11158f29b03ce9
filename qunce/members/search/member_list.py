"""The member list: people who match a rule and a search, page by page.

Those who joined last come first. Of those who joined at the same time, as all have whose
file says nothing about it, the last created come first.

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
from qunce.members.clauses import lifecycle
from qunce.members.search import name_index, search
from qunce.members.tags import models as tag_models
from qunce.members.tags import person_tags
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.members.tags.person_tags import PersonTag

PAGE_SIZE = 50
MAX_TAGS = 4
"""Tags shown in a row."""
EVERYONE: dict[str, Any] = {"all": []}


@dataclass(frozen=True)
class Row:
    """One person; `key` is masked for the staff member.

    `tags` are the most relevant of their `tags_count` tags.
    """

    id: int
    name: str
    key: str
    channel: str
    accounts: int
    present: bool
    joined_at: datetime
    tags: Sequence[PersonTag]
    tags_count: int


Cursor = tuple[int, int]
"""When the last person of a page joined, in microseconds, and their id."""


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
    rule = EVERYONE if rule is None else rule
    people = audiences.people(community=by.community, rule=rule, by=by, at=at)
    if query.strip():
        # The audience is the caller's own copy, so that it may be changed in place.
        people &= search.find(by=by, query=query, at=at)
    return people


def get_page(
    *,
    by: Staff,
    at: datetime,
    rule: Any = None,
    query: str = "",
    before: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """People who joined last; `before` is the `after` of the last page."""
    people = find_people(by=by, at=at, rule=rule, query=query)
    everyone, micros = lifecycle.list_joined_times(community=by.community, at=at)
    ids = bitmaps.array_of(people).astype(np.int64)
    places = np.searchsorted(everyone, ids)
    # Those who were created between the two reads are on the page the next time.
    is_known = np.append(everyone, -1)[places] == ids
    ids, joined = ids[is_known], micros[places[is_known]]
    if before is not None:
        is_left = (joined < before[0]) | ((joined == before[0]) & (ids < before[1]))
        ids, joined = ids[is_left], joined[is_left]
    newest = _last_places(joined, limit + 1)[::-1]
    page = newest[:limit]
    has_more = len(newest) > limit
    after = (int(joined[page[-1]]), int(ids[page[-1]])) if has_more else None
    return Page(load_rows(ids[page].tolist(), by=by), len(people), after)


def _last_places(values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Places of the `count` largest values, ascending; of equal ones the last."""
    if len(values) <= count:
        return np.argsort(values, kind="stable")
    # Only values that may be among them are sorted: of a million that takes a tenth.
    least = np.partition(values, -count)[-count]
    places = np.flatnonzero(values >= least)
    return places[np.argsort(values[places], kind="stable")][-count:]


def preload(*, at: datetime) -> None:
    """Load what the list of every community needs, so that the first page is fast."""
    name_index.preload(at=at)
    for community in Community.objects.order_by("pk"):
        lifecycle.list_joined_times(community=community, at=at)


def load_rows(people: Iterable[int], *, by: Staff) -> list[Row]:
    """Rows of these person ids, in this order. The caller checks that they are visible."""
    ids = list(people)
    accounts_by_person = account_queries.accounts_by_person(ids) if ids else {}
    # One query for all accounts of the page.
    account_ids = [account for own in accounts_by_person.values() for account in own]
    accounts = account_models.Account.objects.in_bulk(account_ids)
    tags = person_tags.tags_by_person(accounts_by_person)
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
                tags=most_relevant_tags(tags[person])[:MAX_TAGS],
                tags_count=len(tags[person]),
            )
        )
    return rows


def most_relevant_tags(tags: Sequence[PersonTag]) -> list[PersonTag]:
    """Tags assigned by hand first, then those of files and programs, then automatic ones.

    Of each kind, the newest first.
    """
    return sorted(
        tags,
        key=lambda tag: (
            not tag.is_automatic,
            tag.source == tag_models.MANUAL,
            tag.since,
        ),
        reverse=True,
    )
