"""What levels multiply points by, registered with the rules of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities.levels import holdings, schemes
from qunce.activities.points import multipliers

if TYPE_CHECKING:
    from qunce.core.communities import Community


def find(
    community: Community, by_person: Mapping[int, Sequence[int]], at: datetime
) -> dict[int, int]:
    """The per cent of each person by the level that is stored for them."""
    scheme = schemes.get(community)
    if scheme is None or not scheme.is_on:
        return {}
    if not any(
        each.percent > 100 for each in schemes.list_all(community, archived=True)
    ):
        return {}
    held = holdings.find_held(community, by_person, community.day(at))
    return {
        person: each.level.percent
        for person, each in held.items()
        if each.level.percent > 100
    }


def describe(community: Community) -> str:
    """The levels that multiply, such as “for gold 150 %”."""
    scheme = schemes.get(community)
    if scheme is None or not scheme.is_on:
        return ""
    parts = [
        _("for %(level)s %(percent)s %%")
        % {"level": each.name, "percent": each.percent}
        for each in schemes.list_all(community)
        if each.percent > 100
    ]
    return _(", ").join(parts)


multipliers.register(multipliers.Multiplier(find=find, describe=describe))
