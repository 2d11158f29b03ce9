"""The entries about a person on the lists in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.groups.lists.models import ListEntry
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("list_entries")
def _entries(community: Community, ids: Sequence[int]) -> Records:
    names = (
        "list_name",
        "channel",
        "channel_key",
        "name",
        "reason",
        "evidence",
        "added_at",
        "expires_at",
        "ended_at",
    )
    rows = ListEntry.objects.filter(community=community, account_id__in=ids)
    return [
        {
            **{name: getattr(entry, name) for name in names},
            "groups": [group.name for group in entry.groups.all()],
        }
        for entry in rows.order_by("pk").prefetch_related("groups")
    ]
