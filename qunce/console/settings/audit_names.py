"""The names of what entries of the audit log mention by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qunce.core.communities import Community
from qunce.sets.rules import references
from qunce.sets.rules.phrasing import Names

KINDS = {
    "tag": "tag",
    "into": "tag",
    "tag_group": "tag_group",
    "segment": "segment",
    "layering": "layering",
    "attribute": "attr",
}
"""Detail of an entry → the kind of thing whose key it is."""


def find(community: Community, details: Iterable[Mapping[str, Any]]) -> Names:
    """(kind of thing, key) → name for everything that these details mention."""
    mentions = {
        (KINDS[name], str(detail[name]))
        for detail in details
        for name in KINDS.keys() & detail.keys()
    }
    return references.find_names_of(community, sorted(mentions))


def fill_in(detail: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The details with names in place of the keys of things that still exist."""
    return {
        name: names.get((KINDS[name], str(value)), value) if name in KINDS else value
        for name, value in detail.items()
    }
