"""Taking part by a keyword in a chat: 打卡, 抽奖 and the like, in a group or directly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.activities.models import Activity, State, Way
from qunce.activities.kinds import base
from qunce.core import errors
from qunce.groups import chat_readers
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.groups.chat_readers import ChatMessage

MAX_LENGTH = 300
"""Longer messages are about something else."""
CURRENT = (State.SCHEDULED, State.RUNNING, State.PAUSED)


@chat_readers.register
def read(message: ChatMessage, *, at: datetime) -> bool:
    """Take part in the activities that the keyword of a message is for.

    In a group these are the activities of the group and of everybody; in a direct message,
    those of the groups that the member is in. The answer goes to them directly.
    """
    if not message.text or len(message.text) > MAX_LENGTH:
        return False
    said_by_kind = {
        kind.key: said
        for kind in base.list_kinds()
        if (said := kind.read_line(message.text)) is not None
    }
    if not said_by_kind:
        return False
    found = _find(message.community, list(said_by_kind), _groups_of(message))
    for activity in found:
        try:
            with translation.override(message.community.language):
                _take_part(activity, message, said_by_kind[activity.kind], at)
        except errors.QunceError:
            # The message stays one for staff, who see what was written.
            return False
    return bool(found)


def _take_part(
    activity: Activity, message: ChatMessage, said: str, at: datetime
) -> None:
    base.take_part(
        activity=activity,
        account_id=message.account,
        way=Way.CHAT,
        said=said,
        key=message.key,
        group_id=message.group,
        said_at=min(message.happened_at, at),
        at=at,
    )


def _groups_of(message: ChatMessage) -> list[int]:
    if message.group is not None:
        return [message.group]
    accounts = account_queries.account_ids_of_person(message.account)
    rows = Membership.objects.filter(account_id__in=accounts, present=True)
    return list(rows.values_list("group_id", flat=True))


def _find(
    community: Community, kinds: Sequence[str], groups: Sequence[int]
) -> list[Activity]:
    """The current activities of these kinds, running ones instead of those that are not."""
    rows = Activity.objects.select_related("community").filter(
        community=community, kind__in=kinds, state__in=CURRENT
    )
    through = Activity.groups.through.objects
    of_groups = set(
        through.filter(group_id__in=groups).values_list("activity_id", flat=True)
    )
    limited = set(
        through.filter(activity__in=rows).values_list("activity_id", flat=True)
    )
    found = [
        activity
        for activity in rows.order_by("pk")
        if activity.pk in of_groups or activity.pk not in limited
    ]
    running = [activity for activity in found if activity.state == State.RUNNING]
    return running or found[:1]
