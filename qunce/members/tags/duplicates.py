"""Pairs of similar tags that staff want to keep as two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import DismissedDuplicate, Tag


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DuplicateDismissed(facts.FactKind):
    kind = "tag.duplicate_dismissed"
    label = gettext_lazy("duplicate tag suggestion dismissed")
    tag: str
    other: str


@transaction.atomic
def dismiss(*, tag: Tag, other: Tag, by: Staff, at: datetime) -> None:
    """Stop suggesting these two tags as duplicates."""
    permissions.check_may(by, tag_models.MANAGE)
    # Sorted, so that a pair is one row in whichever order it is dismissed.
    first, second = sorted((tag, other), key=lambda tag: tag.pk)
    _row, created = DismissedDuplicate.objects.get_or_create(
        first=first,
        second=second,
        defaults={"community": tag.community, "at": at, "by": by},
    )
    if created:
        fact = DuplicateDismissed(tag=first.key, other=second.key)
        facts.record(fact, community=tag.community, by=by, at=at)


def dismissed_pairs(community: Community) -> set[tuple[int, int]]:
    """Pairs of tag ids, the lower id first."""
    pairs = DismissedDuplicate.objects.filter(community=community)
    return set(pairs.values_list("first_id", "second_id"))
