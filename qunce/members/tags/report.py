"""What a tag library needs tidied: tags nobody carries, twins, tags of one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.segments import segments
from qunce.members.tags import duplicates, library, naming
from qunce.members.tags.models import KIND, Tag
from qunce.sets import set_sizes


def list_similar(community: Community, name: str, *, limit: int = 5) -> list[Tag]:
    """Tags that are nearly `name`, to be offered while it is typed."""
    known = {tag.name: tag for tag in library.list_tags(community)}
    known |= {tag.key: tag for tag in known.values()}
    found = naming.similar_names(naming.normalise(name), known, limit=limit * 2)
    return list(dict.fromkeys(known[other] for other in found))[:limit]


def list_duplicates(community: Community) -> list[tuple[Tag, Tag]]:
    """Pairs of tags with nearly the same name, but for those that are to stay two."""
    known = {tag.name: tag for tag in library.list_tags(community)}
    pairs = [
        (known[one], known[other]) for one, other in naming.similar_pairs(sorted(known))
    ]
    apart = duplicates.dismissed_pairs(community)
    return [
        (one, other)
        for one, other in pairs
        if (min(one.pk, other.pk), max(one.pk, other.pk)) not in apart
    ]


def list_unused(community: Community, *, at: datetime) -> list[Tag]:
    """Tags that nobody carries and no segment asks for."""
    asked: set[str] = set()
    for segment in segments.list_active(community):
        asked |= library.tags_in(segment.rule)
    return [tag for tag in _carried_by(0, community, at) if tag.key not in asked]


def list_single_use(community: Community, *, at: datetime) -> list[Tag]:
    """Tags that a single person carries: a note rather than a tag."""
    return _carried_by(1, community, at)


def _carried_by(people: int, community: Community, at: datetime) -> list[Tag]:
    listed = list(library.list_tags(community))
    carriers = set_sizes.count_by_ref(
        community=community,
        kind=KIND.name,
        refs=[tag.pk for tag in listed],
        by=staff_models.system(community),
        at=at,
    )
    return [tag for tag in listed if carriers[tag.pk] == people]
