"""The votes of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.polls import options
from qunce.activities.polls.models import Ballot
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("votes")
def _votes(community: Community, ids: Sequence[int]) -> Records:
    rows = Ballot.objects.filter(activity__community=community, account_id__in=ids)
    return [
        {
            "poll": row.activity.name,
            "chosen": [
                option.text
                for option in options.list_options(row.activity.settings)
                if option.number in row.choices
            ],
            "said_at": row.said_at,
        }
        for row in rows.select_related("activity").order_by("pk")
    ]
