"""The activities of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.activities.models import Answer, Entry, PastedLine
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("activities")
def _entries(community: Community, ids: Sequence[int]) -> Records:
    rows = Entry.objects.filter(activity__community=community, account_id__in=ids)
    names = ("activity__name", "activity__kind", "source", "at", "struck_out_at")
    return list(rows.order_by("at", "pk").values(*names))


@person_export.register("activity_answers")
def _answers(community: Community, ids: Sequence[int]) -> Records:
    rows = Answer.objects.filter(activity__community=community, account_id__in=ids)
    return list(rows.order_by("at", "pk").values("activity__name", "text", "at"))


@person_export.register("pasted_lines")
def _lines(community: Community, ids: Sequence[int]) -> Records:
    rows = PastedLine.objects.filter(activity__community=community, account_id__in=ids)
    names = ("activity__name", "state", "name", "said", "answer")
    return list(rows.order_by("pk").values(*names))
