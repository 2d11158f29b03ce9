"""Topics that are open, built through the verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from qunce.activities import chat
from qunce.activities.activities.models import Activity
from qunce.activities.kinds.base import Reply
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from qunce.groups.groups import Group
from tests.activities import running
from tests.factories import AT


def open_topic(by: Staff, hashtag: str = "晨读打卡", **fields: Any) -> Activity:
    """A topic without an end; `settings` may have points."""
    settings = {"hashtag": hashtag, **fields.pop("settings", {})}
    return running.running(by, "topic", settings=settings, **fields)


def reply(
    activity: Activity, account: int, said: str, at: datetime = AT, **fields: Any
) -> Reply:
    return running.join(activity, account, at, said=said, key=f"{said}{at}", **fields)


def write(
    group: Group, account: int, text: str, *, key: str = "", at: datetime = AT
) -> bool:
    """Write a message in a group; whether an activity takes it."""
    message = ChatMessage(
        community=group.community,
        account=account,
        group=group.pk,
        text=text,
        key=key or f"event:{account}:{text}"[:60],
        happened_at=at,
    )
    return chat.read(message, at=at)
