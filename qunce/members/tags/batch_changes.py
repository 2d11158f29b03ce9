"""What a batch of taggings changed, counted in people by tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qunce.members.accounts import queries as account_queries
from qunce.members.tags.models import Tag, TagBatch, TagChange, Tagging


@dataclass(frozen=True)
class BatchChanges:
    """How many people got a tag, lost it, or have it with another depth or expiry."""

    tag: Tag
    added: int = 0
    removed: int = 0
    deepened: int = 0
    extended: int = 0


def list_changes(batch: TagBatch) -> list[BatchChanges]:
    """The changes of a batch by tag; what was changed again since is not counted."""
    tags = Tag.objects.select_related("group").in_bulk(batch.tags)
    return [_count(tags[pk], batch) for pk in batch.tags if pk in tags]


def _count(tag: Tag, batch: TagBatch) -> BatchChanges:
    changes = TagChange.objects.filter(batch_id=batch.pk, tag_id=tag.pk)
    before = dict(changes.values_list("account_id", "weight"))
    rows = Tagging.objects.filter(tag=tag, batch_id=batch.pk)
    after = {
        account: weight if present else 0
        for account, weight, present in rows.values_list(
            "account_id", "weight", "present"
        )
    }
    depths = _sum_by_person(after, before)
    kinds = [_name_change(old, new) for old, new in depths.values()]
    counts = {name: kinds.count(name) for name in set(kinds) - {""}}
    return BatchChanges(tag, **counts)


def _sum_by_person(
    after: Mapping[int, int], before: Mapping[int, int]
) -> dict[int, tuple[int, int]]:
    """Person id → the depths before and after, over the accounts that were changed."""
    depths: dict[int, tuple[int, int]] = {}
    for account, person in account_queries.person_ids(after).items():
        old, new = depths.get(person, (0, 0))
        depths[person] = (old + before.get(account, 0), new + after[account])
    return depths


def _name_change(old: int, new: int) -> str:
    if old == new:
        return "extended" if new else ""
    if not old:
        return "added"
    return "deepened" if new else "removed"
