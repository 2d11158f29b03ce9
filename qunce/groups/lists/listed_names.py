"""People on the blacklist by their nickname, where nothing else of them is known."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from qunce.groups.lists.models import ListEntry, ListName, Scope
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group


def find_black(*, group: Group, name: str, by: Staff, at: datetime) -> ListEntry | None:
    """The entry that keeps somebody of this name out of the group, of whom `by` knows.

    Several people may have one name, so this is for a person to decide.
    """
    in_time = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=at)
    here = models.Q(scope=Scope.COMMUNITY) | models.Q(groups=group)
    rows = ListEntry.objects.filter(
        in_time,
        here,
        community=group.community_id,
        list_name=ListName.BLACK,
        name=name,
        ended_at__isnull=True,
    )
    for entry in rows.order_by("pk") if name else ():
        own = [] if entry.account_id is None else [entry.account_id]
        if len(visibility.filter_visible(by=by, accounts=own, at=at)) == len(own):
            return entry
    return None
