"""Purchase tags: a tag for each category of goods, as deep as it was bought often.

Nobody puts them; they follow the orders. An order counts once for each category in it,
and not at all once it is wholly refunded. Orders that changed tell whose tags are worked
out anew, from all orders of that person, so however often and in whatever order that
happens the depth is right. The orders' own facts say why: a tag row needs no other.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.facts import committed, consumers, facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library, naming
from qunce.members.tags import models as tag_models
from qunce.sales import orders
from qunce.sets.bitmaps import marks
from qunce.sets.mirror import locks

GROUP = "bought"
PREFIX = "bought:"
SOURCE = "purchases"
CONSUMER = "purchase tags"
STRIDE = 500_000
"""Facts looked through at once: orders of one person far apart are then one work."""
PEOPLE = 2_000
"""Accounts whose orders are held in memory together."""
ROWS = 4_000
"""Tag rows written in one transaction, about."""
TAGS = 40
"""Tags made in one transaction."""

KINDS = (orders.OrderPaid.kind, orders.OrderRefunded.kind, orders.OrderAmended.kind)
OF_ACCOUNTS = """
SELECT account_id, items FROM sales_order
WHERE account_id IN ({marks}) AND community_id = %s AND items IS NOT NULL
    AND (refunded_at IS NULL OR refunded_amount < amount)
"""


def key_of(category: str) -> str:
    """The key of a category's tag, within what a tag's name may be."""
    name = naming.normalise(category).replace(";", ",")
    return (PREFIX + name)[: naming.MAX_LENGTH].strip()


def categories(items: str) -> set[str]:
    """Categories in an order's items; what no one understands has none."""
    try:
        found = json.loads(items)
    except ValueError:
        return set()
    if not isinstance(found, list):
        return set()
    named = (item.get("category") for item in found if isinstance(item, dict))
    return {name for name in named if isinstance(name, str) and name.strip()}


def catch_up(*, at: datetime, ending: Callable[[], bool] = lambda: False) -> int:
    """Follow all orders since the last time; returns how many tag rows changed."""
    changed = 0
    with locks.acquire("purchase-tags", wait=False) as mine:
        while mine and not ending():
            start = consumers.position(CONSUMER)
            found = committed.read_accounts(after=start, most=STRIDE, kinds=_kinds())
            if not found.size:
                break
            for community_id, accounts in found.accounts.items():
                community = Community.objects.get(pk=community_id)
                changed += recompute(community=community, accounts=accounts, at=at)
            mark = consumers.ConsumerPosition.objects.filter(consumer=CONSUMER)
            mark.update(position=found.upto)
    return changed


def recompute(*, community: Community, accounts: Sequence[int], at: datetime) -> int:
    """Give these accounts the depths that their orders say; returns rows changed."""
    shelf = _Shelf(community, at)
    changed = 0
    for some in account_queries.chunks(accounts, PEOPLE):
        wanted = _depths(shelf, some)
        changed += _write(shelf, wanted, _carried(shelf, some))
    return changed


def _kinds() -> list[int]:
    return list(facts.kind_ids(KINDS).values())


Depths = dict[int, dict[int, int]]
"""Tag → account → depth."""


@dataclass
class _Shelf:
    """The tags of one community's categories, made when first needed."""

    community: Community
    at: datetime
    known: dict[str, int | None] = field(default_factory=dict)
    """Category → tag; None where somebody merged its tag into one of their own."""

    def know(self, names: Iterable[str]) -> None:
        """Find the tags of these categories, and make those that are missing."""
        keys = {name: key_of(name) for name in names if name not in self.known}
        if not keys:
            return
        found = library.find(self.community, keys.values())
        missing = sorted(set(keys.values()) - set(found))
        titles = {key: name for name, key in keys.items()}
        for some in account_queries.chunks(missing, TAGS):
            with transaction.atomic():
                found |= {key: self._make(key, titles[key]) for key in some}
        for name, key in keys.items():
            ours = found[key].group_id == self.group.pk
            self.known[name] = found[key].pk if ours else None

    def _make(self, key: str, name: str) -> tag_models.Tag:
        return library.create(
            community=self.community,
            key=key,
            name=naming.normalise(name)[: naming.MAX_LENGTH],
            group=self.group,
            by=self.by,
            at=self.at,
        )

    def ids(self) -> list[int]:
        try:
            group = tag_groups.get_by_key(self.community, GROUP)
        except tag_groups.TagGroupNotFound:
            return []
        return tag_groups.tag_ids(self.community, group)

    @cached_property
    def by(self) -> Staff:
        return staff_models.system(self.community)

    @cached_property
    def group(self) -> tag_models.TagGroup:
        try:
            return tag_groups.get_by_key(self.community, GROUP)
        except tag_groups.TagGroupNotFound:
            with translation.override(self.community.language):
                name = _("Bought")
            return tag_groups.create(
                community=self.community,
                key=GROUP,
                name=name,
                naming=naming.NamingRule(prefix=PREFIX),
                by=self.by,
                at=self.at,
            )


def _depths(shelf: _Shelf, accounts: Sequence[int]) -> Depths:
    sql = OF_ACCOUNTS.format(marks=db.placeholders(len(accounts)))
    bought = [
        (account, categories(items))
        for account, items in db.rows(sql, [*accounts, shelf.community.pk])
    ]
    shelf.know(sorted({name for _account, names in bought for name in names}))
    counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for account, names in bought:
        for tag in {shelf.known[name] for name in names}:
            if tag is not None:
                counts[tag][account] += 1
    return {tag: dict(each) for tag, each in counts.items()}


def _carried(shelf: _Shelf, accounts: Sequence[int]) -> Depths:
    carried: Depths = defaultdict(dict)
    mine = shelf.ids()
    if not mine:
        return carried
    for tag, account, weight in db.rows(
        "SELECT tag_id, account_id, weight FROM members_tagging"  # noqa: S608
        f" WHERE account_id IN ({db.placeholders(len(accounts))})"
        f" AND tag_id IN ({db.placeholders(len(mine))}) AND present",
        [*accounts, *mine],
    ):
        carried[tag][account] = weight
    return carried


def _write(shelf: _Shelf, wanted: Depths, carried: Depths) -> int:
    written = 0
    for batch in _batches(wanted, carried):
        with transaction.atomic():
            for tag, changes in batch:
                marks.set_weights(
                    tag_models.KIND, shelf.community.pk, tag, changes, _about(shelf)
                )
                written += len(changes)
    return written


def _about(shelf: _Shelf) -> dict[str, Any]:
    return {
        "tagged_at": timestamps.to_micros(shelf.at),
        "by_id": shelf.by.pk,
        "source": SOURCE,
        "batch_id": None,
    }


def _batches(
    wanted: Depths, carried: Depths
) -> Iterator[list[tuple[int, dict[int, int]]]]:
    """Changes by tag, ascending, in transactions that hold the lock briefly."""
    batch: list[tuple[int, dict[int, int]]] = []
    for tag in sorted({*wanted, *carried}):
        changes = _changes(wanted.get(tag, {}), carried.get(tag, {}))
        if changes:
            batch.append((tag, changes))
        if sum(len(each) for _tag, each in batch) >= ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _changes(wanted: Mapping[int, int], carried: Mapping[int, int]) -> dict[int, int]:
    accounts: Iterable[int] = wanted.keys() | carried.keys()
    return {
        account: wanted.get(account, 0)
        for account in accounts
        if wanted.get(account, 0) != carried.get(account, 0)
    }
