"""Tags whose names are nearly the same and that somebody wants to stay two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core import permissions, timestamps
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
    """They are not offered as twins again."""
    permissions.check_may(by, tag_models.MANAGE)
    one, two = sorted((tag, other), key=lambda each: each.pk)
    _row, made = DismissedDuplicate.objects.get_or_create(
        first=one, second=two, defaults={"community": tag.community, "at": at, "by": by}
    )
    if made:
        event = DuplicateDismissed(tag=one.key, other=two.key)
        facts.record(event, community=tag.community, by=by, at=at)


def dismissed_pairs(community: Community) -> set[tuple[int, int]]:
    pairs = DismissedDuplicate.objects.filter(community=community)
    return set(pairs.values_list("first_id", "second_id"))
