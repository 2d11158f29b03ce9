"""Taking part in a chat, in a group or directly: by a keyword such as 打卡 or 抽奖.

A game that is running also listens to what is said without its keyword.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.activities import entries
from qunce.activities.activities.models import MAX_SAID, Activity, State, Way
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply
from qunce.core import db, errors
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.groups import chat_readers
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.groups.chat_readers import ChatMessage

MAX_LENGTH = 300
"""Longer messages are about something else, unless a kind takes longer ones."""
CURRENT = (State.SCHEDULED, State.RUNNING, State.PAUSED)


@chat_readers.register
def read(message: ChatMessage, *, at: datetime) -> bool:
    """Take part in the activities that the keyword of a message is for.

    In a group these are the activities of the group and of everybody; in a direct message,
    those of the groups that the member is in. The answer goes to them directly.
    """
    if not message.text:
        return False
    is_long = len(message.text) > MAX_LENGTH
    said_by_kind = {
        kind.key: said
        for kind in base.list_kinds()
        if (not is_long or kind.max_said > MAX_SAID)
        and (said := kind.read_line(message.text)) is not None
    }
    found: list[Activity] = []
    if said_by_kind:
        found = _find(message.community, list(said_by_kind), _groups_of(message))
        found = _choose(found, said_by_kind)
    if not found:
        return _listen(message, at)
    for activity in found:
        try:
            with translation.override(message.community.language):
                _take_part(activity, message, said_by_kind[activity.kind], at)
        except errors.QunceError:
            # The message stays one for staff, who see what was written.
            return False
    return True


def _choose(found: list[Activity], said_by_kind: dict[str, str]) -> list[Activity]:
    """Those that the message is for, where a kind distinguishes its activities."""
    chosen: list[Activity] = []
    for key, said in said_by_kind.items():
        own = [activity for activity in found if activity.kind == key]
        choose = base.get(key).choose
        chosen += own if choose is None or not own else choose(own, said)
    return sorted(chosen, key=lambda activity: activity.pk)


def _listen(message: ChatMessage, at: datetime) -> bool:
    """Whether a running activity takes a message without its keyword."""
    is_taken = False
    for activity in _list_listening(message):
        listens = base.get(activity.kind).listens
        said = listens(activity, message.text) if listens is not None else None
        if said is None:
            continue
        try:
            with translation.override(message.community.language):
                reply = _take_part(activity, message, said, at, is_heard=True)
        except errors.QunceError:
            continue
        is_taken = is_taken or not reply.is_ignored
    return is_taken


def _list_listening(message: ChatMessage) -> list[Activity]:
    """The running activities that listen where it was said.

    It is asked for every message, so that nothing else is read where there are none.
    """
    is_long = len(message.text) > MAX_LENGTH
    kinds = [
        kind.key
        for kind in base.list_kinds()
        if kind.listens is not None and (not is_long or kind.max_said > MAX_SAID)
    ]
    if not kinds or not _is_any_running(message.community, kinds):
        return []
    found = _find(message.community, kinds, _groups_of(message))
    running = [activity for activity in found if activity.state == State.RUNNING]
    if message.group is not None:
        return running
    # Somebody who has not joined it writes to us about something else.
    accounts = account_queries.account_ids_of_person(message.account)
    return [
        each
        for each in running
        if base.get(each.kind).listens_to_all
        or entries.find(each, accounts) is not None
    ]


def _is_any_running(community: Community, kinds: Sequence[str]) -> bool:
    marks = db.placeholders(len(kinds))
    sql = (
        "SELECT 1 FROM activities_activity WHERE community_id = %s AND state = %s"  # noqa: S608 - placeholders only
        f" AND kind IN ({marks}) LIMIT 1"
    )
    return bool(db.rows(sql, [community.pk, State.RUNNING, *kinds]))


def _take_part(
    activity: Activity,
    message: ChatMessage,
    said: str,
    at: datetime,
    *,
    is_heard: bool = False,
) -> Reply:
    return base.take_part(
        activity=activity,
        account_id=message.account,
        way=Way.CHAT,
        said=said,
        key=message.key,
        group_id=message.group,
        said_at=min(message.happened_at, at),
        at=at,
        is_heard=is_heard,
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
    is_elsewhere = {
        activity: not is_here
        for activity, is_here in db.rows(
            _OF_GROUPS.format(among=db.among_ids(groups or [0])),
            [community.pk, *CURRENT],
        )
    }
    found = [
        activity
        for activity in _current_of(tuple(sorted(kinds))).all(community=community.pk)
        if not is_elsewhere.get(activity.pk)
    ]
    running = [activity for activity in found if activity.state == State.RUNNING]
    return running or found[:1]


_OF_GROUPS = """
SELECT activity_id, MAX(CASE WHEN group_id {among} THEN 1 ELSE 0 END)
FROM activities_activity_group WHERE activity_id IN (
    SELECT id FROM activities_activity
    WHERE community_id = %s AND state IN (%s, %s, %s)
) GROUP BY activity_id
"""


@functools.cache
def _current_of(kinds: tuple[str, ...]) -> PreparedQuery[Activity]:
    return PreparedQuery(
        lambda: (
            Activity.objects.select_related("community")
            .filter(community=Param("community"), kind__in=kinds, state__in=CURRENT)
            .order_by("pk")
        )
    )
