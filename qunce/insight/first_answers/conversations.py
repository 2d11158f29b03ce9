"""Conversations: what members write in a chat until staff write there. Everything is pure.

A conversation opens with a member's message after which staff may write: the first since
the last message of staff in that group or direct chat, or the first after a SILENCE. It
need not be a question, and need not be addressed to staff. The first message of staff
after it is the answer, if it comes within the length of a silence. What nobody answers
stays a conversation.

A mention is a conversation of its own: a member calls us in a group of a connected
channel, where messages say whom they answer. Only an answer to that member ends it, and
what the member writes there until then belongs to it. The inbox waits by the same rule,
and records both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.sets.chat_messages import ChatMessages, Mentions

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

SECOND = 1_000_000
SILENCE_DAYS = 3
SILENCE = SILENCE_DAYS * 86_400 * SECOND
"""So long nobody writes in a chat until the next message opens a conversation again.

Friday evening to Monday morning is shorter.
"""
NEVER = 2**62
"""The time of an answer that has not come."""


@dataclass(frozen=True)
class Conversations:
    """Parallel arrays, shape (n,), by chat and time; see ChatMessages for their values.

    `openers` are people, `is_mention` marks mentions. The answer came at `answered`, NEVER without one, from the
    person `answerers`, or by the mark of the staff member `actors`.
    """

    chats: Ints
    openers: Ints
    opened: Ints
    answered: Ints
    answerers: Ints
    actors: Ints
    is_mention: Bools

    def filter(self, mask: Bools) -> Conversations:
        return Conversations(
            self.chats[mask],
            self.openers[mask],
            self.opened[mask],
            self.answered[mask],
            self.answerers[mask],
            self.actors[mask],
            self.is_mention[mask],
        )


def find(messages: ChatMessages) -> Conversations:
    """The conversations of messages that are sorted by chat and time."""
    mentions = _find_mentions(messages.mentions)
    outside = ~_belong_to(mentions, messages)
    chats, times = messages.chats[outside], messages.times[outside]
    people, actors = messages.people[outside], messages.actors[outside]
    is_staff = messages.is_staff[outside]
    size = len(chats)
    is_next = np.zeros(size, dtype=bool)
    is_next[1:] = (
        (chats[1:] == chats[:-1]) & (times[1:] - times[:-1] < SILENCE) & ~is_staff[:-1]
    )
    opening = np.flatnonzero(~is_staff & ~is_next)
    # The position of the first message of staff from each message on.
    positions = np.where(is_staff, np.arange(size), size)
    after = np.minimum.accumulate(positions[::-1])[::-1][opening]
    index = np.minimum(after, size - 1)
    is_answered = (
        (after < size)
        & (chats[index] == chats[opening])
        & (times[index] - times[opening] < SILENCE)
    )
    others = Conversations(
        chats[opening],
        people[opening],
        times[opening],
        np.where(is_answered, times[index], NEVER),
        np.where(is_answered, people[index], 0),
        np.where(is_answered, actors[index], 0),
        np.zeros(len(opening), dtype=bool),
    )
    return _join(others, mentions)


def _find_mentions(found: Mentions) -> Conversations:
    """A mention is answered by the first answer to the member, before they call again."""
    order = np.lexsort((found.times, found.people, found.groups))
    groups, people = found.groups[order], found.people[order]
    times, is_answer = found.times[order], found.is_answer[order]
    opening = np.flatnonzero(~is_answer)
    after = np.minimum(opening + 1, len(order) - 1)
    is_answered = (
        is_answer[after]
        & (groups[after] == groups[opening])
        & (people[after] == people[opening])
        & (times[after] - times[opening] < SILENCE)
    )
    return Conversations(
        groups[opening],
        people[opening],
        times[opening],
        np.where(is_answered, times[after], NEVER),
        np.zeros(len(opening), dtype=np.int64),
        np.where(is_answered, found.actors[order][after], 0),
        np.ones(len(opening), dtype=bool),
    )


def _belong_to(mentions: Conversations, messages: ChatMessages) -> Bools:
    """Which messages their members write while a mention of theirs waits there."""
    result = np.zeros(len(messages.chats), dtype=bool)
    near = np.flatnonzero(
        np.isin(messages.people, mentions.openers)
        & np.isin(messages.chats, mentions.chats)
        & ~messages.is_staff
    )
    count = len(mentions.chats)
    chats = np.concatenate([mentions.chats, messages.chats[near]])
    people = np.concatenate([mentions.openers, messages.people[near]])
    times = np.concatenate([mentions.opened, messages.times[near]])
    is_message = np.arange(len(chats)) >= count
    order = np.lexsort((is_message, times, people, chats))
    # The last mention before each of them, which may be of somebody else.
    places = np.where(is_message[order], -1, np.arange(len(order)))
    last = np.maximum.accumulate(places) if len(places) else places
    own = is_message[order] & (last >= 0)
    message, mention = order[own], order[last[own]]
    ends = np.minimum(mentions.answered, mentions.opened + SILENCE)
    inside = (
        (chats[message] == chats[mention])
        & (people[message] == people[mention])
        & (times[message] < ends[mention])
    )
    result[near[message[inside] - count]] = True
    return result


def _join(left: Conversations, right: Conversations) -> Conversations:
    names = [each.name for each in fields(Conversations)]
    columns = [
        np.concatenate([getattr(left, name), getattr(right, name)]) for name in names
    ]
    joined = Conversations(*columns)
    order = np.lexsort((joined.opened, joined.chats))
    return Conversations(*(column[order] for column in columns))


def as_of(found: Conversations, moment: int) -> Conversations:
    """The same as it was known at a microsecond: what comes later has not happened."""
    known = found.filter(found.opened <= moment)
    came = known.answered <= moment
    return Conversations(
        known.chats,
        known.openers,
        known.opened,
        np.where(came, known.answered, NEVER),
        np.where(came, known.answerers, 0),
        np.where(came, known.actors, 0),
        known.is_mention,
    )
