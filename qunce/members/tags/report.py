"""What a tag library needs tidied: tags nobody carries, twins, tags of one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.segments import segments
from qunce.members.tags import duplicates, library, naming
from qunce.members.tags.library import Tag
from qunce.members.tags.models import KIND
from qunce.sets import set_sizes


def near(community: Community, name: str, *, most: int = 5) -> list[Tag]:
    """Tags that are nearly `name`, to be offered while it is typed."""
    known = {tag.name: tag for tag in library.listed(community)}
    known |= {tag.key: tag for tag in known.values()}
    found = naming.twins(naming.clean(name), known, most=most * 2)
    return list(dict.fromkeys(known[other] for other in found))[:most]


def twins(community: Community) -> list[tuple[Tag, Tag]]:
    """Pairs of tags with nearly the same name, but for those that are to stay two."""
    known = {tag.name: tag for tag in library.listed(community)}
    pairs = [(known[one], known[other]) for one, other in naming.pairs(sorted(known))]
    apart = duplicates.kept(community)
    return [
        (one, other)
        for one, other in pairs
        if (min(one.pk, other.pk), max(one.pk, other.pk)) not in apart
    ]


def unused(community: Community, *, at: datetime) -> list[Tag]:
    """Tags that nobody carries and no segment asks for."""
    asked: set[str] = set()
    for segment in segments.listed(community):
        asked |= tags_in(segment.rule)
    return [tag for tag in _carried_by(0, community, at) if tag.key not in asked]


def of_one_person(community: Community, *, at: datetime) -> list[Tag]:
    """Tags that a single person carries: a note rather than a tag."""
    return _carried_by(1, community, at)


def _carried_by(people: int, community: Community, at: datetime) -> list[Tag]:
    listed = list(library.listed(community))
    carriers = set_sizes.count_by_ref(
        community=community,
        kind=KIND.name,
        refs=[tag.pk for tag in listed],
        by=staff_models.system(community),
        at=at,
    )
    return [tag for tag in listed if carriers[tag.pk] == people]


def tags_in(rule: object) -> set[str]:
    """Every tag key in a rule, however deep."""
    if isinstance(rule, list):
        return set().union(*map(tags_in, rule))
    if not isinstance(rule, dict):
        return set()
    found: set[str] = set()
    for name, body in rule.items():
        if name == "tag" and isinstance(body, dict):
            for word in ("any", "all", "none"):
                keys: str | Sequence[str] = body.get(word, [])
                found |= {keys} if isinstance(keys, str) else set(keys)
        else:
            found |= tags_in(body)
    return found
