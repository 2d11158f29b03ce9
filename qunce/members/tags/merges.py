"""Merging of two tags into one; the batch of the merge undoes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import KIND, Tag, TagBatch, Tagging
from qunce.members.tags.writer import TagWriter
from qunce.sets.bitmaps import marks


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagMerged(facts.FactKind):
    """`members` counts the accounts that had the tag."""

    kind = "tag.merged"
    label = gettext_lazy("tags merged")
    tag: str
    into: str
    members: int


class InvalidTagMerge(errors.Invalid):
    """A tag cannot be merged into itself."""


@transaction.atomic
def merge(*, tag: Tag, into: Tag, by: Staff, at: datetime) -> TagBatch:
    """Merge a tag into another one, of which its key becomes a synonym.

    Members with both keep the greater depth. Members with another tag of the exclusive
    group of `into` keep that one.
    """
    permissions.check_may(by, tag_models.MANAGE)
    if tag.pk == into.pk or tag.community_id != into.community_id:
        raise InvalidTagMerge(_("Choose two different tags."))
    library.check_active(into)
    batch = assignments.create_batch(
        community=tag.community, by=by, at=at, source=assignments.MERGED, note=tag.key
    )
    writer = TagWriter(batch, by, at)
    writer.lock(into)
    # Before the taggings move, so that nobody is given the old tag meanwhile.
    library.mark_merged(tag=tag, into=into, batch=batch)
    rows = Tagging.objects.filter(tag=tag, present=True).order_by("account_id")
    weights = dict(rows.values_list("account_id", "weight"))
    for chunk in account_queries.chunks(list(weights)):
        _move(writer, tag, into, {account: weights[account] for account in chunk})
    fact = TagMerged(tag=tag.key, into=into.key, members=len(weights))
    facts.record(fact, community=tag.community, by=by, at=at)
    return batch


COPY_TIMES = """
UPDATE members_tagging SET expires_at = old.expires_at,
    since = CASE
        WHEN coalesce(members_tagging.since, members_tagging.tagged_at)
            < coalesce(old.since, old.tagged_at) THEN members_tagging.since
        ELSE coalesce(old.since, old.tagged_at) END
FROM members_tagging old
WHERE old.tag_id = %s AND old.account_id = members_tagging.account_id
    AND members_tagging.tag_id = %s AND members_tagging.batch_id = %s
"""


def _move(writer: TagWriter, tag: Tag, into: Tag, weights: Mapping[int, int]) -> None:
    """Move taggings from one tag to another, except where the exclusive group forbids."""
    conflicting = tag_writer.find_conflicting(into, weights)
    # The merged tag itself is no conflict, as it is removed below.
    conflicting.pop(tag, None)
    accounts = [account for ids in conflicting.values() for account in ids]
    blocked = set(account_queries.person_ids(accounts).values())
    person_ids = account_queries.person_ids(weights)
    existing = marks.find_weights(KIND, into.pk, list(weights))
    moved = {
        account: max(weight, existing.get(account, 0))
        for account, weight in weights.items()
        if person_ids[account] not in blocked
    }
    writer.write(into, moved)
    db.execute(COPY_TIMES, [tag.pk, into.pk, writer.batch.pk])
    writer.write(tag, dict.fromkeys(weights, 0))
