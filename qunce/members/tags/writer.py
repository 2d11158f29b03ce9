"""Writing of taggings inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import column_inserts, db, revisions, timestamps
from qunce.core.facts import fact_columns, facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags.models import KIND, Tag, TagBatch, Tagging, TagGroup
from qunce.sets.bitmaps import marks

if TYPE_CHECKING:
    from numpy.typing import NDArray


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagAdded(facts.FactKind):
    """`depth` is the tag's weight on this account after the change."""

    kind = "tag.added"
    label = gettext_lazy("got a tag")
    labels = {"tag": gettext_lazy("tag"), "depth": gettext_lazy("depth")}
    instead = gettext_lazy("Import the tags instead, or set them through the API.")
    tag: str
    depth: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRemoved(facts.FactKind):
    kind = "tag.removed"
    label = gettext_lazy("lost a tag")
    labels = {"tag": gettext_lazy("tag")}
    instead = gettext_lazy("Import the tags instead, or set them through the API.")
    tag: str


ARCHIVE_CHANGES = """
INSERT INTO members_tagchange (batch_id, tag_id, account_id, weight, tagged_at, since,
    by_id, source, expires_at, previous_batch_id)
SELECT %s, tag_id, account_id, CASE WHEN present THEN weight ELSE 0 END, tagged_at, since,
    by_id, source, expires_at, batch_id
FROM members_tagging
WHERE tag_id = %s AND account_id IN ({accounts})
    AND (batch_id IS NULL OR batch_id <> %s)
ON CONFLICT (batch_id, tag_id, account_id) DO NOTHING
"""
"""A tagging that the batch changes twice keeps its first state, the one to undo to."""


class TagRow(NamedTuple):
    """A tagging to write: weight 0 removes it, `time` is in microseconds."""

    tag: int
    account: int
    weight: int
    time: int


@dataclass(frozen=True)
class NewTaggings:
    """Taggings by columns, each of another pair of tag and account."""

    tags: NDArray[np.int64]
    accounts: NDArray[np.int64]
    weights: NDArray[np.int64]


@dataclass(frozen=True)
class TagWriter:
    """Writes the taggings of one batch, inside the caller's transaction.

    `source` is that of the taggings, if it is not the source of the batch.
    """

    batch: TagBatch
    by: Staff
    at: datetime
    expires_at: datetime | None = None
    source: str = ""

    def lock(self, tag: Tag) -> None:
        """Lock the tag until the commit; call it before reading who has the tag."""
        if tag.group is not None and tag.group.exclusive:
            lock_groups([tag.group.pk])
        if db.is_postgresql():  # on SQLite the transaction has the only write lock
            revisions.bump(tag.community_id, KIND.name, [tag.pk])

    def write(self, tag: Tag, weights: Mapping[int, int]) -> int:
        """Set the weights of accounts, 0 to remove; returns how many changed."""
        if not weights:
            return 0
        community = tag.community
        # Locks the tag, so that the weights read next stay valid.
        revisions.bump(community.pk, KIND.name, [tag.pk])
        before = marks.find_weights(KIND, tag.pk, list(weights))
        changed = {a: w for a, w in weights.items() if before.get(a, 0) != w}
        if not changed:
            return 0
        # Before the change: a crash in between rolls both back, as they are in one
        # transaction.
        self._archive(tag, list(changed))
        expires_at = timestamps.to_micros(self.expires_at) if self.expires_at else None
        columns = {
            "tagged_at": timestamps.to_micros(self.at),
            "by_id": self.by.pk,
            "source": self.source or self.batch.source,
            "expires_at": expires_at,
            "batch_id": self.batch.pk,
        }
        marks.set_weights(KIND, community.pk, tag.pk, changed, columns)
        _record(tag, changed, self.by, self.at)
        self._count([tag.pk], len(changed))
        return len(changed)

    def write_many(
        self,
        tags: Mapping[int, Tag],
        rows: Sequence[TagRow],
        existing: Collection[tuple[int, int]],
    ) -> None:
        """Set the weights of many tags; all of the rows differ from what is stored.

        `existing` are the (tag id, account) pairs that have a row already. A batch of a
        file changes a hundred tags, so that statements for each of them would take most
        of its time.
        """
        if not rows:
            return
        accounts: dict[int, list[int]] = {}
        for row in rows:
            accounts.setdefault(row.tag, []).append(row.account)
        community = self.batch.community
        revs = revisions.bump(community.pk, KIND.name, accounts)
        for tag, changed in accounts.items():
            if archived := [a for a in changed if (tag, a) in existing]:
                self._archive(tags[tag], archived)
        ends = timestamps.to_micros(self.expires_at) if self.expires_at else None
        constant = (self.by.pk, self.batch.source, ends, self.batch.pk)
        columns = ("tagged_at", "by_id", "source", "expires_at", "batch_id")
        marks.upsert_rows(
            KIND,
            columns,
            [
                (row.tag, row.account, row.weight, revs[row.tag], row.time, *constant)
                for row in rows
            ],
        )
        occurrences: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for row in rows:
            pairs = occurrences.setdefault((row.tag, row.weight), [])
            pairs.append((row.account, row.time))
        facts.record_occurrences(
            [
                (_fact(tags[tag], weight), pairs)
                for (tag, weight), pairs in sorted(occurrences.items())
            ],
            community=community,
            by=self.by,
            at=self.at,
        )
        self._count(accounts, len(rows))

    def write_new(self, tags: Mapping[int, Tag], new: NewTaggings) -> None:
        """Give tags to accounts that have none, as they have just been created."""
        if not len(new.accounts):
            return
        chosen, codes = np.unique(new.tags, return_inverse=True)
        community = self.batch.community
        bumped = revisions.bump(community.pk, KIND.name, chosen.tolist())
        revs = np.array([bumped[pk] for pk in chosen.tolist()], dtype=np.int64)
        # A pair of tag and weight as one number, as pairs take far longer.
        depths = int(new.weights.max()) + 1
        pairs, fact_codes = np.unique(codes * depths + new.weights, return_inverse=True)
        described = fact_columns.describe(
            [
                _fact(tags[pk], weight)
                for pk, weight in zip(
                    chosen[pairs // depths].tolist(),
                    (pairs % depths).tolist(),
                    strict=True,
                )
            ],
            fact_codes,
        )
        columns = {
            "tag_id": new.tags,
            "account_id": new.accounts,
            "weight": new.weights,
            "rev": revs[codes],
        }
        rows = column_inserts.Rows({**columns, **described.columns})
        rows.insert(
            KIND.table,
            {name: name for name in columns},
            {
                "present": True,
                "tagged_at": timestamps.to_micros(self.at),
                "by_id": self.by.pk,
                "source": self.batch.source,
                "batch_id": self.batch.pk,
            },
        )
        fact_columns.record_rows(
            described, rows, new.accounts, community=community, by=self.by, at=self.at
        )
        self._count(chosen.tolist(), len(new.accounts))

    def set_expiry(self, tag: Tag, accounts: Collection[int]) -> None:
        """Let the existing taggings of these accounts expire at `expires_at`."""
        ends = timestamps.to_micros(self.expires_at) if self.expires_at else None
        same = models.Q(expires_at=ends) if ends else models.Q(expires_at__isnull=True)
        rows = Tagging.objects.filter(tag=tag, account_id__in=accounts, present=True)
        changed = list(rows.exclude(same).values_list("account_id", flat=True))
        if changed:
            self._archive(tag, changed)
            rows.filter(account_id__in=changed).update(
                expires_at=self.expires_at, batch_id=self.batch.pk
            )
            self._count([tag.pk], len(changed))

    def adopt(self, tag: Tag, accounts: Collection[int]) -> None:
        """Give the existing taggings of these accounts the source of the batch."""
        rows = Tagging.objects.filter(tag=tag, account_id__in=accounts, present=True)
        others = rows.exclude(source=self.batch.source)
        changed = list(others.values_list("account_id", flat=True))
        if changed:
            self._archive(tag, changed)
            rows.filter(account_id__in=changed).update(
                source=self.batch.source, batch_id=self.batch.pk
            )
            self._count([tag.pk], len(changed))

    def remove_conflicting(self, tag: Tag, accounts: Collection[int]) -> None:
        """Remove the tags that an exclusive group does not allow beside `tag`."""
        for other, tagged in find_conflicting(tag, accounts).items():
            self.write(other, dict.fromkeys(tagged, 0))

    def _archive(self, tag: Tag, accounts: list[int]) -> None:
        """Store how these taggings are now, so that the batch can be undone."""
        for chunk in account_queries.chunks(accounts):
            db.execute(
                ARCHIVE_CHANGES.format(accounts=db.placeholders(len(chunk))),
                [self.batch.pk, tag.pk, *chunk, self.batch.pk],
            )

    def _count(self, tags: Iterable[int], changed: int) -> None:
        self.batch.changed += changed
        self.batch.tags = sorted({*self.batch.tags, *tags})
        # In the transaction of the taggings, so that an undo knows every tag that it
        # has to visit.
        self.batch.save(update_fields=["changed", "tags"])


def restore_weights(
    tag: Tag, weights: Mapping[int, int], by: Staff, at: datetime
) -> int:
    """Set earlier weights again without the other columns; returns how many changed."""
    if not weights:
        return 0
    changed = marks.restore_weights(KIND, tag.community_id, tag.pk, weights)
    _record(tag, {account: after for account, (_, after) in changed.items()}, by, at)
    return len(changed)


def _record(tag: Tag, weights: Mapping[int, int], by: Staff, at: datetime) -> None:
    by_weight: dict[int, list[int]] = {}
    for account, weight in weights.items():
        by_weight.setdefault(weight, []).append(account)
    for weight, accounts in sorted(by_weight.items()):
        fact = _fact(tag, weight)
        facts.record_for_accounts(fact, accounts, community=tag.community, by=by, at=at)


def _fact(tag: Tag, weight: int) -> facts.FactKind:
    return TagAdded(tag=tag.key, depth=weight) if weight else TagRemoved(tag=tag.key)


def find_conflicting(tag: Tag, accounts: Collection[int]) -> dict[Tag, list[int]]:
    """Other tags of the tag's exclusive group on these people → the tagged accounts."""
    if tag.group is None or not tag.group.exclusive or not accounts:
        return {}
    people = account_queries.accounts_by_person(accounts).values()
    others = Tagging.objects.filter(tag__group=tag.group, present=True).exclude(tag=tag)
    tagged: dict[int, list[int]] = {}
    for chunk in account_queries.chunks([a for ids in people for a in ids]):
        rows = others.filter(account_id__in=chunk)
        for tag_id, account in rows.values_list("tag_id", "account_id"):
            tagged.setdefault(tag_id, []).append(account)
    tags = Tag.objects.filter(pk__in=tagged).select_related("community", "group")
    return {other: tagged[other.pk] for other in tags.order_by("pk")}


def lock_groups(groups: Iterable[int]) -> None:
    """Lock exclusive groups until the commit, so that no two writers both pass."""
    if db.is_postgresql():
        rows = TagGroup.objects.select_for_update().filter(pk__in=list(groups))
        # In the order of ids, so that two writers cannot deadlock. `list` runs the
        # query.
        list(rows.order_by("pk").values_list("pk"))
