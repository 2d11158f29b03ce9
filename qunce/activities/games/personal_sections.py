"""The answers and results of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.games.models import GameAnswer, GameResult
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("game_answers")
def _answers(community: Community, ids: Sequence[int]) -> Records:
    rows = GameAnswer.objects.filter(
        round__activity__community=community, account_id__in=ids
    )
    names = (
        "round__activity__name",
        "round__number",
        "said",
        "outcome",
        "ruling",
        "at",
    )
    return list(rows.order_by("pk").values(*names))


@person_export.register("game_results")
def _results(community: Community, ids: Sequence[int]) -> Records:
    rows = GameResult.objects.filter(activity__community=community, account_id__in=ids)
    names = ("activity__name", "place", "points", "right")
    return list(rows.order_by("pk").values(*names))
