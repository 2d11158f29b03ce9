"""The member list: people who match a rule and a search, newest first, page by page.

The count is the size of the set, so it costs the same for ten people and a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.search import search
from qunce.members.tags import models as tag_models
from qunce.members.tags import person_tags
from qunce.sets import audiences

if TYPE_CHECKING:
    from datetime import datetime

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


@dataclass(frozen=True)
class Page:
    """`after` is the `before` of the next page; None on the last one."""

    rows: Sequence[Row]
    count: int
    after: int | None


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
    before: int | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """People with the newest first accounts; `before` is the `after` of the last page."""
    people = find_people(by=by, at=at, rule=rule, query=query)
    # Ids ascend in the set, so the end of the page is the rank of `before`.
    end = len(people) if before is None else people.rank(max(before - 1, 0))
    # A page of a million members takes as long as the last one: the set is sliced, not
    # scanned.
    ids = list(people[max(end - limit, 0) : end])[::-1]
    after = ids[-1] if ids and end > limit else None
    return Page(load_rows(ids, by=by), len(people), after)


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
    """Tags assigned by hand first, then the newest."""
    return sorted(
        tags,
        key=lambda tag: (tag.source == tag_models.MANUAL, tag.since),
        reverse=True,
    )
