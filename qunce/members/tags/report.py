"""What to tidy in a tag library: unused tags, duplicates, tags of a single person."""

from __future__ import annotations

from datetime import datetime

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.segments import segments
from qunce.members.tags import duplicates, library, naming
from qunce.members.tags.models import KIND, Tag
from qunce.sets import set_sizes


def list_similar(community: Community, name: str, *, limit: int = 5) -> list[Tag]:
    """Tags whose name or key is similar to `name`, to suggest while it is typed."""
    tags = {tag.name: tag for tag in library.list_tags(community)}
    tags |= {tag.key: tag for tag in tags.values()}
    # A tag may match by both its name and its key.
    names = naming.similar_names(naming.normalise(name), tags, limit=limit * 2)
    return list(dict.fromkeys(tags[similar] for similar in names))[:limit]


def list_duplicates(community: Community) -> list[tuple[Tag, Tag]]:
    """Pairs of tags with similar names, without the dismissed ones."""
    tags = {tag.name: tag for tag in library.list_tags(community)}
    dismissed = duplicates.dismissed_pairs(community)
    pairs = [
        (tags[name], tags[other]) for name, other in naming.similar_pairs(sorted(tags))
    ]
    return [
        (tag, other)
        for tag, other in pairs
        if (min(tag.pk, other.pk), max(tag.pk, other.pk)) not in dismissed
    ]


def list_unused(community: Community, *, at: datetime) -> list[Tag]:
    """Tags that nobody has and no segment uses."""
    used: set[str] = set()
    for segment in segments.list_active(community):
        used |= segments.mentioned_keys("tag", segment.rule)
    return [tag for tag in _list_by_size(0, community, at) if tag.key not in used]


def list_single_use(community: Community, *, at: datetime) -> list[Tag]:
    """Tags that one person has, which should perhaps be a note."""
    return _list_by_size(1, community, at)


def _list_by_size(size: int, community: Community, at: datetime) -> list[Tag]:
    tags = list(library.list_tags(community))
    # For the whole community: a tag that only members outside a scope have is in use.
    sizes = set_sizes.count_by_ref(
        community=community,
        kind=KIND.name,
        refs=[tag.pk for tag in tags],
        by=staff_models.system(community),
        at=at,
    )
    return [tag for tag in tags if sizes[tag.pk] == size]
