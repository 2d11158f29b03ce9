"""Erasure of a person's remaining data, run in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from qunce.core import db, revisions
from qunce.core.facts import audit
from qunce.members.accounts import erased_texts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.members.consents import consents
from qunce.members.layers import layers
from qunce.members.people import merges, notes
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import watches
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.members.tag_rules import runs as tag_rule_runs
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import TagChange, Tagging
from qunce.sets.bitmaps import attribute_columns, marks
from qunce.sets.mirror import mirror_erasure

CLEAR_VALUES = """
UPDATE members_attributevalue SET present = FALSE, number = NULL, text = NULL,
    item = '#' || CAST(id AS TEXT), source = '', by_id = NULL, rev = %s
WHERE attribute_id = %s AND account_id IN ({accounts})
"""


def scrub(key: str, *, at: datetime) -> None:
    """Clear attributes, tags, notes and facts of an erased person; safe to repeat.

    `key` is the person's id, as the queued job has it.
    """
    rows = account_models.Account.objects.filter(pk=int(key), erased_at__isnull=False)
    account = rows.select_related("community").first()
    if account is None:
        return
    accounts = account_queries.account_ids_of_person(account.pk)
    clear_rows(community_id=account.community_id, accounts=accounts)
    erased_texts.erase(community_id=account.community_id, accounts=accounts, at=at)
    # Last of the large steps: it waits for the deriver, and a crash repeats the whole
    # job.
    mirror_erasure.erase(accounts)
    audit.clear_details(accounts)
    db.truncate_logs()


def clear_rows(*, community_id: int, accounts: Sequence[int]) -> None:
    """Clear attributes, tags and notes of erased accounts, up to some hundreds."""
    values = AttributeValue.objects.filter(account_id__in=accounts)
    # Emptied rows stay with a new revision, so that cached columns drop the values.
    for attribute in sorted(set(values.values_list("attribute_id", flat=True))):
        with transaction.atomic():
            kind = attribute_columns.KIND
            rev = revisions.bump(community_id, kind, [attribute])[attribute]
            sql = CLEAR_VALUES.format(accounts=db.placeholders(len(accounts)))
            db.execute(sql, [rev, attribute, *accounts])
    # Deleted rather than emptied, as no cache is brought up to date from the history.
    PastValue.objects.filter(account_id__in=accounts).delete()
    taggings = Tagging.objects.filter(account_id__in=accounts)
    for tag in sorted(set(taggings.values_list("tag_id", flat=True))):
        with transaction.atomic():
            # Without facts: they would say which tags the person had.
            weights = dict.fromkeys(accounts, 0)
            marks.restore_weights(tag_models.KIND, community_id, tag, weights)
    taggings.update(by_id=None, source="", expires_at=None, batch_id=None)
    TagChange.objects.filter(account_id__in=accounts).delete()
    for side in ("left_id__in", "right_id__in"):
        merges.Merge.objects.filter(**{side: accounts}).update(
            note="", value="", renamed_id=None, old_name="", new_name=""
        )
    staff_assignments.erase(community_id, accounts)
    notes.erase(accounts)
    consents.erase(accounts)
    layers.erase_people(accounts)
    frozen_segments.erase_people(accounts)
    watches.erase_people(accounts)
    tag_rule_runs.erase_people(accounts)
