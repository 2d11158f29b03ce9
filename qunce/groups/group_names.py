"""Finds groups by what files and people call them."""

from __future__ import annotations

from collections.abc import Iterable

from qunce.core import names
from qunce.core.communities import Community
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries


def find_by_key_or_name(community: Community, texts: Iterable[str]) -> dict[str, int]:
    """Return the ids of groups with these keys, or with a name that no other has."""
    wanted = set(texts)
    ids = groups.find(community, wanted)
    for name, found in _groups_by_name(community, wanted - set(ids)).items():
        if len(found) == 1:
            ids[name] = found[0].pk
    return ids


def list_ambiguous(community: Community, texts: Iterable[str]) -> dict[str, list[str]]:
    """Return the keys of the groups with one of these names, where there are several."""
    wanted = set(texts)
    unknown = wanted - set(groups.find(community, wanted))
    return {
        name: [group.key for group in found]
        for name, found in _groups_by_name(community, unknown).items()
        if len(found) > 1
    }


def _groups_by_name(
    community: Community, texts: Iterable[str]
) -> dict[str, list[Group]]:
    """Return the groups of each name that there is, by the name as it was given."""
    cleaned = {text: names.clean(text) for text in texts}
    found: dict[str, list[Group]] = {}
    for chunk in account_queries.chunks(sorted(set(cleaned.values()))):
        rows = Group.objects.filter(community=community, name__in=chunk)
        for group in rows.order_by("key"):
            found.setdefault(group.name, []).append(group)
    return {text: found[name] for text, name in cleaned.items() if name in found}
