"""The names of the things that rules mention by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qunce.sets.rules import base, references

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.sets.rules.phrasing import Names


def find(community: Community, *rules: Any) -> Names:
    """(kind of thing, key) → name for everything that these rules mention."""
    mentions = [mention for rule in rules for mention in base.list_mentions(rule)]
    return references.find_names_of(community, mentions)
