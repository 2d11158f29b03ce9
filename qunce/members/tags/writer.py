"""Writes taggings inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import db, revisions, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags.models import KIND, Tag, TagBatch, Tagging, TagGroup
from qunce.sets.bitmaps import marks


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagAdded(facts.FactKind):
    """`depth` is the tag's weight on this account now."""

    kind = "tag.added"
    label = gettext_lazy("got a tag")
    tag: str
    depth: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRemoved(facts.FactKind):
    kind = "tag.removed"
    label = gettext_lazy("lost a tag")
    tag: str


KEEP = """
INSERT INTO members_tagchange (batch_id, tag_id, account_id, weight, tagged_at, by_id,
    source, expires_at, previous_batch_id)
SELECT %s, tag_id, account_id, CASE WHEN present THEN weight ELSE 0 END, tagged_at,
    by_id, source, expires_at, batch_id
FROM members_tagging
WHERE tag_id = %s AND account_id IN ({marks})
    AND (batch_id IS NULL OR batch_id <> %s)
ON CONFLICT (batch_id, tag_id, account_id) DO NOTHING
"""


@dataclass(frozen=True)
class TagWriter:
    """Writes tag rows for one batch, inside the caller's transaction."""

    batch: TagBatch
    by: Staff
    at: datetime
    expires_at: datetime | None = None

    def lock(self, tag: Tag) -> None:
        """Hold the tag until the commit: who carries it is looked at after this."""
        if tag.group is not None and tag.group.exclusive:
            lock_groups([tag.group.pk])
        if db.is_postgresql():  # on SQLite the transaction has the only write lock
            revisions.bump(tag.community_id, KIND.name, [tag.pk])

    def write(self, tag: Tag, weights: Mapping[int, int]) -> int:
        """Give accounts their weight (0 takes off); returns how many changed."""
        if not weights:
            return 0
        community = tag.community
        revisions.bump(community.pk, KIND.name, [tag.pk])
        before = marks.find_weights(KIND, tag.pk, list(weights))
        changed = {a: w for a, w in weights.items() if before.get(a, 0) != w}
        if not changed:
            return 0
        self._keep(tag, list(changed))
        marks.set_weights(KIND, community.pk, tag.pk, changed, self._extra())
        _record(tag, changed, self.by, self.at)
        self._count(tag, len(changed))
        return len(changed)

    def extend(self, tag: Tag, carriers: Collection[int]) -> None:
        """Who carries it already carries it until `expires_at` now."""
        ends = timestamps.to_micros(self.expires_at) if self.expires_at else None
        same = models.Q(expires_at=ends) if ends else models.Q(expires_at__isnull=True)
        rows = Tagging.objects.filter(tag=tag, account_id__in=carriers, present=True)
        accounts = list(rows.exclude(same).values_list("account_id", flat=True))
        if accounts:
            self._keep(tag, accounts)
            rows.filter(account_id__in=accounts).update(
                expires_at=self.expires_at, batch_id=self.batch.pk
            )
            self._count(tag, len(accounts))

    def clear_rivals(self, tag: Tag, accounts: Collection[int]) -> None:
        """Take off these people what an exclusive group does not allow beside `tag`."""
        for rival, carriers in find_rivals(tag, accounts).items():
            self.write(rival, dict.fromkeys(carriers, 0))

    def _keep(self, tag: Tag, accounts: list[int]) -> None:
        for chunk in account_queries.chunks(accounts):
            db.execute(
                KEEP.format(marks=db.placeholders(len(chunk))),
                [self.batch.pk, tag.pk, *chunk, self.batch.pk],
            )

    def _extra(self) -> dict[str, object]:
        return {
            "tagged_at": timestamps.to_micros(self.at),
            "by_id": self.by.pk,
            "source": self.batch.source,
            "expires_at": timestamps.to_micros(self.expires_at)
            if self.expires_at
            else None,
            "batch_id": self.batch.pk,
        }

    def _count(self, tag: Tag, changed: int) -> None:
        self.batch.changed += changed
        if tag.pk not in self.batch.tags:
            self.batch.tags = sorted({*self.batch.tags, tag.pk})
        self.batch.save(update_fields=["changed", "tags"])


def restore_weights(
    tag: Tag, weights: Mapping[int, int], by: Staff, at: datetime
) -> int:
    """Give accounts an earlier weight back and leave the rest of their rows."""
    if not weights:
        return 0
    changed = marks.restore_weights(KIND, tag.community_id, tag.pk, weights)
    _record(tag, {account: after for account, (_, after) in changed.items()}, by, at)
    return len(changed)


def _record(tag: Tag, weights: Mapping[int, int], by: Staff, at: datetime) -> None:
    alike: dict[int, list[int]] = {}
    for account, weight in weights.items():
        alike.setdefault(weight, []).append(account)
    for weight, accounts in sorted(alike.items()):
        event = (
            TagAdded(tag=tag.key, depth=weight) if weight else TagRemoved(tag=tag.key)
        )
        facts.record_for_accounts(
            event, accounts, community=tag.community, by=by, at=at
        )


def find_rivals(tag: Tag, accounts: Collection[int]) -> dict[Tag, list[int]]:
    """Other tags of an exclusive group on these people, with the accounts they are on."""
    if tag.group is None or not tag.group.exclusive or not accounts:
        return {}
    found: dict[int, list[int]] = {}
    families = account_queries.accounts_by_person(accounts).values()
    others = Tagging.objects.filter(tag__group=tag.group, present=True).exclude(tag=tag)
    for chunk in account_queries.chunks(
        [account for family in families for account in family]
    ):
        for tag_id, account in others.filter(account_id__in=chunk).values_list(
            "tag_id", "account_id"
        ):
            found.setdefault(tag_id, []).append(account)
    chosen = Tag.objects.filter(pk__in=found).select_related("community", "group")
    return {other: found[other.pk] for other in chosen.order_by("pk")}


def lock_groups(groups: Iterable[int]) -> None:
    """Hold exclusive groups until the commit, so that two writers cannot both pass."""
    if db.is_postgresql():
        chosen = TagGroup.objects.select_for_update().filter(pk__in=list(groups))
        list(chosen.order_by("pk").values_list("pk"))
