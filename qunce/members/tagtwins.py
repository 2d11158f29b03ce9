"""Tags whose names are nearly the same and that somebody wants to stay two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core import access, facts, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import tags
from qunce.members.tags import Tag


class KeptApart(models.Model):
    """`one` has the lower id: each pair once."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    one = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    other = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="kept_apart_once")
        ]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagsKeptApart(facts.Event):
    kind = "tag.kept_apart"
    words = gettext_lazy("tags kept apart")
    tag: str
    other: str


@transaction.atomic
def keep_apart(*, tag: Tag, other: Tag, by: Operator, at: datetime) -> None:
    """They are not offered as twins again."""
    access.check_may(by, tags.MANAGE)
    one, two = sorted((tag, other), key=lambda each: each.pk)
    _row, made = KeptApart.objects.get_or_create(
        one=one, other=two, defaults={"community": tag.community, "at": at, "by": by}
    )
    if made:
        event = TagsKeptApart(tag=one.key, other=two.key)
        facts.record(event, community=tag.community, by=by, at=at)


def kept(community: Community) -> set[tuple[int, int]]:
    pairs = KeptApart.objects.filter(community=community)
    return set(pairs.values_list("one_id", "other_id"))
