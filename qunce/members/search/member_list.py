"""Members as a list: those of a rule and a search, the newest first, page by page.

The count is that of the set, so a million people cost no more than ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.search import search
from qunce.members.tags import assignments
from qunce.members.tags import models as tag_models
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.members.tags.assignments import PersonTag

PAGE_SIZE = 50
MAX_TAGS = 4
"""Tags in a row."""
EVERYONE: dict[str, Any] = {"all": []}


@dataclass(frozen=True)
class Row:
    """One person; `head` is their first account, `key` masked for the operator.

    `tags` are those that say most of them, of `tags_count`.
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


@dataclass(frozen=True)
class Page:
    """`after` is the number that the next page goes on from, if there is one."""

    rows: Sequence[Row]
    count: int
    after: int | None


def find_people(
    *, by: Staff, at: datetime, rule: Any = None, query: str = ""
) -> BitMap:
    """First accounts of those in sight who fit the rule and are found by the words."""
    rule = EVERYONE if rule is None else rule
    blob = audiences.freeze(community=by.community, rule=rule, by=by, at=at)
    found = bitmaps.from_bytes(blob)
    if query.strip():
        found &= search.find(by=by, query=query, at=at)
    return found


def get_page(
    *,
    by: Staff,
    at: datetime,
    rule: Any = None,
    query: str = "",
    before: int | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """The newest accounts first; `before` is the `after` of the page before."""
    found = find_people(by=by, at=at, rule=rule, query=query)
    end = len(found) if before is None else found.rank(max(before - 1, 0))
    heads = list(found[max(end - limit, 0) : end])[::-1]
    after = heads[-1] if heads and end > limit else None
    return Page(load_rows(heads, by=by), len(found), after)


def load_rows(heads: Iterable[int], *, by: Staff) -> list[Row]:
    """These people, who have been seen to be in sight, in this order."""
    wanted = list(heads)
    families = account_queries.accounts_by_person(wanted) if wanted else {}
    every = [account for some in families.values() for account in some]
    found = account_models.Account.objects.in_bulk(every)
    carried = assignments.tags_by_person(families)
    return [
        _row([found[a] for a in families[head] if a in found], carried[head], by)
        for head in wanted
        if head in families and head in found
    ]


def _row(
    mine: Sequence[account_models.Account], carried: Sequence[PersonTag], by: Staff
) -> Row:
    first = mine[0]
    return Row(
        id=first.pk,
        name=next((each.name for each in mine if each.name), ""),
        key=masking.key(first.key, by),
        channel=first.channel,
        accounts=len(mine),
        present=any(each.present for each in mine),
        joined_at=min(each.joined_at for each in mine),
        tags=most_relevant_tags(carried)[:MAX_TAGS],
        tags_count=len(carried),
    )


def most_relevant_tags(carried: Sequence[PersonTag]) -> list[PersonTag]:
    """What somebody put on by hand says most, then the newest."""
    return sorted(
        carried,
        key=lambda each: (each.source == tag_models.MANUAL, each.since),
        reverse=True,
    )
