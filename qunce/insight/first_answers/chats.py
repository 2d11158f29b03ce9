"""The conversations of a span, and what staff wrote, of the chats that somebody sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days, timestamps
from qunce.insight.first_answers import conversations
from qunce.insight.first_answers.conversations import Conversations
from qunce.sets import chat_messages
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.chat_messages import ChatMessages

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Chats:
    """Conversations that opened in a span, and each message of a staff account in it.

    `writers` are people who work here, `groups` and `times` are where and when they wrote.
    """

    conversations: Conversations
    writers: Ints
    groups: Ints
    times: Ints


def load(
    *,
    first: int,
    last: int,
    by: Staff,
    at: datetime,
    visible: BitMap,
    group_id: int | None = None,
) -> Chats:
    """The chats from community day `first` to `last`, of one group if there is one.

    Conversations count that `visible` people opened, in groups that `by` sees. Of the
    messages before them, all decide whether one opens, also those of other people.
    """
    community = by.community
    whole = chat_messages.read(
        community=community,
        first=first,
        last=last,
        margin=conversations.SILENCE,
        at=at,
        name="conversations",
        reduce=_reduce,
    )
    now = timestamps.to_micros(at)
    clock = community.timezone, community.day_start
    begin = community_days.start_of(*clock, first)
    end = min(community_days.start_of(*clock, last + 1), now + 1)
    groups = _visible_groups(community, by, group_id)
    found = whole.conversations
    inside = (found.opened >= begin) & (found.opened < end)
    found = found.filter(
        inside & _is_seen(found.chats, groups, with_direct=not group_id)
    )
    found = found.filter(np.isin(found.openers, bitmaps.array_of(visible)))
    wrote = (whole.times >= begin) & (whole.times < end)
    wrote &= _is_seen(whole.groups, groups, with_direct=False)
    return Chats(
        conversations.as_of(found, now),
        whole.writers[wrote],
        whole.groups[wrote],
        whole.times[wrote],
    )


def _reduce(messages: ChatMessages) -> Chats:
    wrote = messages.is_staff & (messages.people != 0) & (messages.chats > 0)
    return Chats(
        conversations.find(messages),
        messages.people[wrote],
        messages.chats[wrote],
        messages.times[wrote],
    )


def _visible_groups(
    community: Community, by: Staff, group_id: int | None
) -> list[int] | None:
    """The ids of the groups that count; None for all."""
    if group_id is not None:
        return [group_id]
    if by.groups is None:
        return None
    find_ids = references.get("group").find_ids
    return list(find_ids(community, by.groups).values()) if find_ids else []


def _is_seen(
    chats: Ints, groups: list[int] | None, *, with_direct: bool
) -> NDArray[np.bool_]:
    if groups is None:
        return np.ones(len(chats), dtype=bool)
    seen = np.isin(chats, np.array(groups, dtype=np.int64))
    return seen | (chats < 0) if with_direct else seen
