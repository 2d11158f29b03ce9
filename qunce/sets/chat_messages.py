"""Messages of chats in the order in which they were written, by members and by staff.

A chat is a group, or the direct chat with one person. Staff write in groups with accounts
of theirs. What they mark as sent by hand, to a person or a group, is a message of theirs, and
so is an answer of the inbox, however it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.sets import daily_totals
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import mirror
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

POSTED, MARKED_SENT = "message.posted", "send.marked_sent"
ANSWERED, OPENED = "conversation.answered", "conversation.opened"
Result = TypeVar("Result")
SELECT = """
SELECT coalesce(grp, 0), coalesce(account, 0), happened_at,
    CASE WHEN kind = {posted} THEN 0 ELSE coalesce(actor, 0) END,
    kind = {opened}, kind = {answered}
FROM facts
WHERE community = ? AND happened_at >= ? AND happened_at < ?
    AND (kind = {posted} AND account IS NOT NULL
        OR kind IN ({marked}, {answered}) AND actor IS NOT NULL
        OR kind = {opened} AND grp IS NOT NULL)
ORDER BY happened_at, id
"""
# Of messages of one time, such as those of chat logs with minutes, the ids have the order
# in which they were recorded.


@dataclass(frozen=True)
class Mentions:
    """Members who call us in a group, and answers to them: parallel arrays by time.

    They are what the inbox has recorded: who waits there, and whom staff have answered,
    by the id of the staff member in `actors`, which is 0 for a call.
    """

    groups: Ints
    times: Ints
    people: Ints
    actors: Ints
    is_answer: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Mentions:
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, empty, empty, empty, np.empty(0, dtype=bool))


@dataclass(frozen=True)
class ChatMessages:
    """Parallel arrays, shape (n,), by chat and by time within each.

    `chats` are ids of groups; a direct chat is minus the id of its person. `times` are
    microseconds. `people` wrote the messages, or 0 where staff marked them as sent; then
    `actors` are the ids of these staff, otherwise 0.
    """

    chats: Ints
    times: Ints
    people: Ints
    actors: Ints
    is_staff: NDArray[np.bool_]
    mentions: Mentions = field(default_factory=Mentions.none)


def read(
    *,
    community: Community,
    first: int,
    last: int,
    margin: int,
    at: datetime,
    name: Hashable,
    reduce: Callable[[ChatMessages], Result],
) -> Result:
    """What `reduce` makes of the messages from community day `first` to `last`.

    The messages within `margin` microseconds before and after these days are among them.
    The result is cached under `name` until a message of these days is added.
    """
    kinds = (POSTED, MARKED_SENT, ANSWERED, OPENED)
    ids = [facts.find_kind(kind) or -1 for kind in kinds]
    clock = community.timezone, community.day_start
    begin = community_days.start_of(*clock, first) - margin
    end = community_days.start_of(*clock, last + 1) + margin

    def look_up(snap: Snapshot) -> Result:
        snap.load_revisions(())
        days = (community_days.day_of_micros(*clock, each) for each in (begin, end))
        version = daily_totals.facts_version(snap, ids, *days)
        key = ("chat messages", name, last - first, margin)
        return snap.memoize(
            key, (first, version), lambda: reduce(_load(snap, ids, begin, end))
        )

    return snapshots.run(community, at, look_up)


def _load(snap: Snapshot, ids: list[int], begin: int, end: int) -> ChatMessages:
    rows = mirror.query(
        SELECT.format(posted=ids[0], marked=ids[1], answered=ids[2], opened=ids[3]),
        [snap.community.pk, begin, end],
    )
    *numbers, is_call, is_answer = (column.to_numpy() for column in rows.columns)
    groups, accounts, times, actors = (each.astype(np.int64) for each in numbers)
    is_call, is_answer = is_call.astype(bool), is_answer.astype(bool)
    people = snap.aliases.map_array(accounts)
    by_staff = np.isin(people, bitmaps.array_of(snap.answering_staff))
    # Bots and volunteers neither ask as members nor answer as staff. A staff account that
    # writes outside of groups does not say to whom.
    others = np.isin(people, bitmaps.array_of(snap.uncounted - snap.answering_staff))
    known = ((groups != 0) | ~by_staff) & ~others & ~is_call
    chats = np.where(groups != 0, groups, -people)[known]
    is_marked = actors[known] != 0
    order = np.argsort(chats, kind="stable")
    of_mentions = (is_call | is_answer) & (groups != 0) & ~by_staff & ~others
    return ChatMessages(
        chats[order],
        times[known][order],
        np.where(is_marked, 0, people[known])[order],
        actors[known][order],
        (by_staff[known] | is_marked)[order],
        Mentions(
            groups[of_mentions],
            times[of_mentions],
            people[of_mentions],
            actors[of_mentions],
            is_answer[of_mentions],
        ),
    )
