"""The wishes of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.groups.wishes.models import WishVoice
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("wishes")
def _wishes(community: Community, ids: Sequence[int]) -> Records:
    rows = WishVoice.objects.filter(wish__community=community, account_id__in=ids)
    return list(rows.order_by("at", "pk").values("wish__title", "wish__state", "at"))
