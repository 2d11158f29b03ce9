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
from qunce.members.tags import library
from qunce.members.tags.library import Tag


class DismissedDuplicate(models.Model):
    """`one` has the lower id: each pair once."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    one = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    other = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "members_dismissed_duplicate"
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="kept_apart_once")
        ]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagsKeptApart(facts.FactKind):
    kind = "tag.duplicate_dismissed"
    label = gettext_lazy("duplicate tag suggestion dismissed")
    tag: str
    other: str


@transaction.atomic
def keep_apart(*, tag: Tag, other: Tag, by: Staff, at: datetime) -> None:
    """They are not offered as twins again."""
    permissions.check_may(by, library.MANAGE)
    one, two = sorted((tag, other), key=lambda each: each.pk)
    _row, made = DismissedDuplicate.objects.get_or_create(
        one=one, other=two, defaults={"community": tag.community, "at": at, "by": by}
    )
    if made:
        event = TagsKeptApart(tag=one.key, other=two.key)
        facts.record(event, community=tag.community, by=by, at=at)


def kept(community: Community) -> set[tuple[int, int]]:
    pairs = DismissedDuplicate.objects.filter(community=community)
    return set(pairs.values_list("one_id", "other_id"))
