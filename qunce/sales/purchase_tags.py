"""Purchase tags: one tag per category of goods, with the number of orders as its depth.

Nobody sets these tags; they follow the orders. An order counts once for each category
in it, and no longer once it is fully refunded. For every account with changed orders,
the depths are computed again from all of its orders, so the result does not depend on
how often or in which order that happens. The facts of the orders explain the tags, so
tagging records none.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.facts import committed_facts, fact_consumers
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library, naming
from qunce.members.tags import models as tag_models
from qunce.sales import order_facts
from qunce.sets.bitmaps import marks
from qunce.sets.mirror import locks

TAG_GROUP = "bought"
PREFIX = "bought:"
SOURCE = "purchases"
CONSUMER = "purchase tags"
FACTS_PER_SCAN = 500_000
"""With many facts per scan, an account with several orders is computed once."""
ACCOUNTS_PER_BATCH = 2_000
"""Accounts whose orders are in memory together."""
ROWS_PER_TRANSACTION = 4_000
"""Approximate number of tag rows written in one transaction."""
TAGS_PER_TRANSACTION = 40
"""Tags created in one transaction."""

FACT_KINDS = (
    order_facts.OrderPaid.kind,
    order_facts.OrderRefunded.kind,
    order_facts.OrderAmended.kind,
)
SELECT_ITEMS = """
SELECT account_id, items FROM sales_order
WHERE account_id IN ({marks}) AND community_id = %s AND items IS NOT NULL
    AND (refunded_at IS NULL OR refunded_amount < amount)
"""


def tag_key(category: str) -> str:
    """Return the key of a category's tag, shortened to what a tag key may be."""
    name = naming.normalise(category).replace(";", ",")
    return (PREFIX + name)[: naming.MAX_LENGTH].strip()


def parse_categories(items: str) -> set[str]:
    """Return the categories of an order's items; none if they cannot be understood."""
    try:
        parsed = json.loads(items)
    except ValueError:
        return set()
    if not isinstance(parsed, list):
        return set()
    names = (item.get("category") for item in parsed if isinstance(item, dict))
    return {name for name in names if isinstance(name, str) and name.strip()}


def catch_up(*, at: datetime, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Follow the orders since the last call; returns how many tag rows changed.

    `is_stopping` is asked between scans whether to stop.
    """
    changed = 0
    # Of several workers one is enough; two would compute the same accounts.
    with locks.acquire("purchase-tags", wait=False) as acquired:
        while acquired and not is_stopping():
            start = fact_consumers.position(CONSUMER)
            affected = committed_facts.read_accounts(
                after=start, limit=FACTS_PER_SCAN, kinds=FACT_KINDS
            )
            if not affected.size:
                break
            for community_id, accounts in affected.accounts.items():
                community = Community.objects.get(pk=community_id)
                changed += recompute(community=community, accounts=accounts, at=at)
            # Last. A crash before it computes the same accounts again, with the same
            # result.
            position = fact_consumers.ConsumerPosition.objects.filter(consumer=CONSUMER)
            position.update(position=affected.until)
    return changed


def recompute(*, community: Community, accounts: Sequence[int], at: datetime) -> int:
    """Set the depths that these accounts' orders imply; returns how many rows changed."""
    tags = _CategoryTags(community, at)
    changed = 0
    for chunk in account_queries.chunks(accounts, ACCOUNTS_PER_BATCH):
        # Outside the transaction: reading orders and parsing JSON takes longer than the
        # write.
        sql = SELECT_ITEMS.format(marks=db.placeholders(len(chunk)))
        orders_categories = [
            (account, parse_categories(items))
            for account, items in db.rows(sql, [*chunk, tags.community.pk])
        ]
        tags.ensure(
            sorted({name for _account, names in orders_categories for name in names})
        )
        counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for account, categories in orders_categories:
            # Two categories may share a tag; the order still counts once.
            for tag in {tags.ids[name] for name in categories}:
                if tag is not None:
                    counts[tag][account] += 1
        wanted = {tag: dict(by_account) for tag, by_account in counts.items()}
        for batch in _batch_changes(wanted, tags.load_depths(chunk)):
            extra = {
                "tagged_at": timestamps.to_micros(at),
                "by_id": tags.by.pk,
                "source": SOURCE,
                "batch_id": None,
            }
            with transaction.atomic():
                for tag, depths in batch:
                    marks.set_weights(tag_models.KIND, community.pk, tag, depths, extra)
                    changed += len(depths)
    return changed


Depths = dict[int, dict[int, int]]
"""Depths by tag and account."""


@dataclass
class _CategoryTags:
    """The tags of a community's categories, created when they are first needed."""

    community: Community
    at: datetime
    ids: dict[str, int | None] = field(default_factory=dict)
    """Category → tag id; None if staff merged its tag into one of their own."""

    def ensure(self, categories: Iterable[str]) -> None:
        """Load the tags of these categories, and create the missing ones."""
        keys = {name: tag_key(name) for name in categories if name not in self.ids}
        if not keys:
            return
        tags = library.find(self.community, keys.values())
        missing = sorted(set(keys.values()) - set(tags))
        names = {key: name for name, key in keys.items()}
        for chunk in account_queries.chunks(missing, TAGS_PER_TRANSACTION):
            with transaction.atomic():
                for key in chunk:
                    tags[key] = library.create(
                        community=self.community,
                        key=key,
                        name=naming.normalise(names[key])[: naming.MAX_LENGTH],
                        group=self.group,
                        by=self.by,
                        at=self.at,
                    )
        for name, key in keys.items():
            is_ours = tags[key].group_id == self.group.pk
            self.ids[name] = tags[key].pk if is_ours else None

    def load_depths(self, accounts: Sequence[int]) -> Depths:
        """Return the current depths of all purchase tags of these accounts."""
        depths: Depths = defaultdict(dict)
        try:
            group = tag_groups.get_by_key(self.community, TAG_GROUP)
        except tag_groups.TagGroupNotFound:
            return depths
        tag_ids = tag_groups.tag_ids(group)
        if not tag_ids:
            return depths
        for tag, account, weight in db.rows(
            "SELECT tag_id, account_id, weight FROM members_tagging"  # noqa: S608
            f" WHERE account_id {db.among_ids(accounts)}"
            f" AND tag_id {db.among_ids(tag_ids)} AND present"
        ):
            depths[tag][account] = weight
        return depths

    @cached_property
    def by(self) -> Staff:
        return staff_models.system(self.community)

    @cached_property
    def group(self) -> tag_models.TagGroup:
        try:
            return tag_groups.get_by_key(self.community, TAG_GROUP)
        except tag_groups.TagGroupNotFound:
            # The name is stored and seen by all staff, so the language of the community
            # is used.
            with translation.override(self.community.language):
                name = _("Bought")
            return tag_groups.create(
                community=self.community,
                key=TAG_GROUP,
                name=name,
                naming=naming.NamingRule(prefix=PREFIX),
                automatic=True,
                by=self.by,
                at=self.at,
            )


def _batch_changes(
    wanted: Depths, current: Depths
) -> Iterator[list[tuple[int, dict[int, int]]]]:
    """Yield the changes by tag, in batches that hold the database's lock briefly.

    Tags are ascending, as every writer locks them in that order.
    """
    batch: list[tuple[int, dict[int, int]]] = []
    for tag in sorted({*wanted, *current}):
        new, old = wanted.get(tag, {}), current.get(tag, {})
        changes = {
            account: new.get(account, 0)
            for account in new.keys() | old.keys()
            if new.get(account, 0) != old.get(account, 0)
        }
        if changes:
            batch.append((tag, changes))
        if sum(len(depths) for _tag, depths in batch) >= ROWS_PER_TRANSACTION:
            yield batch
            batch = []
    if batch:
        yield batch
