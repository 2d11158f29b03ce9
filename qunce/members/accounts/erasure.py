"""What the erasing of a person clears in the background. Safe to do again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from qunce.core import db, revisions
from qunce.core.facts import audit
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.members.layers import layers
from qunce.members.people import merges, notes
from qunce.members.segments import frozen as frozen_segments
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import TagChange, Tagging
from qunce.sets.bitmaps import attribute_columns, marks
from qunce.sets.mirror import erasure as derived
from qunce.sets.mirror import erasure as facts


def scrub(key: str, *, at: datetime) -> None:
    """Clear attributes, tags, notes and facts of the person whose first account is `key`."""
    head = account_models.Account.objects.filter(pk=int(key), erased_at__isnull=False)
    account = head.select_related("community").first()
    if account is None:
        return
    family = account_queries.account_ids_of_person(account.pk)
    _clear_attributes(account.community_id, family)
    _clear_tags(account.community_id, family)
    for side in ("left_id__in", "right_id__in"):
        merges.Merge.objects.filter(**{side: family}).update(note="")
    notes.erase(family)
    layers.erase_people(family)
    frozen_segments.erase_people(family)
    derived.erase(family)
    facts.erase(family)
    audit.forget(family)


CLEAR = """
UPDATE members_attributevalue SET present = FALSE, number = NULL, text = NULL,
    item = '#' || CAST(id AS TEXT), source = '', by_id = NULL, rev = %s
WHERE attribute_id = %s AND account_id IN ({marks})
"""


def _clear_attributes(community_id: int, family: Sequence[int]) -> None:
    """Rows stay, empty, so that readers see them go."""
    rows = AttributeValue.objects.filter(account_id__in=family)
    for attribute in sorted(set(rows.values_list("attribute_id", flat=True))):
        with transaction.atomic():
            kind = attribute_columns.KIND
            rev = revisions.bump(community_id, kind, [attribute])[attribute]
            sql = CLEAR.format(marks=db.placeholders(len(family)))
            db.execute(sql, [rev, attribute, *family])
    PastValue.objects.filter(account_id__in=family).delete()


def _clear_tags(community_id: int, family: Sequence[int]) -> None:
    rows = Tagging.objects.filter(account_id__in=family)
    for tag in sorted(set(rows.values_list("tag_id", flat=True))):
        with transaction.atomic():
            gone = dict.fromkeys(family, 0)
            marks.restore_weights(tag_models.KIND, community_id, tag, gone)
    rows.update(by_id=None, source="", expires_at=None, batch_id=None)
    TagChange.objects.filter(account_id__in=family).delete()
