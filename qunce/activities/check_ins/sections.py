"""The check-ins and make-up cards of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("check_ins")
def _check_ins(community: Community, ids: Sequence[int]) -> Records:
    rows = CheckIn.objects.filter(activity__community=community, account_id__in=ids)
    names = ("activity__name", "day", "at", "said", "is_made_up", "struck_out_at")
    return list(rows.order_by("day", "pk").values(*names))


@person_export.register("make_up_cards")
def _cards(community: Community, ids: Sequence[int]) -> Records:
    rows = MakeUpCard.objects.filter(community=community, account_id__in=ids)
    return list(
        rows.order_by("granted_at", "pk").values("source", "granted_at", "used_at")
    )
