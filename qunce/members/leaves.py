"""The clauses of this room, by being imported; and how rules find what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from qunce.members import (
    attributeleaf,  # noqa: F401 - registers itself
    comings,  # noqa: F401 - registers itself
    layerleaf,  # noqa: F401 - registers itself
    roster,
    segmentleaf,
    tagleaf,
)
from qunce.sets import leaves

if TYPE_CHECKING:
    from qunce.core.communities import Community

NAMED = (gettext_noop("tag"), gettext_noop("account"))


def find_account(community: Community, key: str) -> int | None:
    try:
        return roster.get(community, key).pk
    except roster.UnknownMember:
        return None


leaves.register_reference("tag", tagleaf.find)
leaves.register_reference("account", find_account)
leaves.register_macro("segment", segmentleaf.segment)
