"""Conversations: what members write in a chat until staff write there. Everything is pure.

A conversation opens with a member's message after which staff may write: the first since
the last message of staff in that group or direct chat, or the first after a SILENCE. It
need not be a question, and need not be addressed to staff. The first message of staff
after it is the answer, if it comes within the length of a silence. What nobody answers
stays a conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.sets.chat_messages import ChatMessages

    Ints = NDArray[np.int64]

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

    `openers` are people. The answer came at `answered`, NEVER without one, from the
    person `answerers`, or by the mark of the staff member `actors`.
    """

    chats: Ints
    openers: Ints
    opened: Ints
    answered: Ints
    answerers: Ints
    actors: Ints

    def filter(self, mask: NDArray[np.bool_]) -> Conversations:
        return Conversations(
            self.chats[mask],
            self.openers[mask],
            self.opened[mask],
            self.answered[mask],
            self.answerers[mask],
            self.actors[mask],
        )


def find(messages: ChatMessages) -> Conversations:
    """The conversations of messages that are sorted by chat and time."""
    chats, times, is_staff = messages.chats, messages.times, messages.is_staff
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
    return Conversations(
        chats[opening],
        messages.people[opening],
        times[opening],
        np.where(is_answered, times[index], NEVER),
        np.where(is_answered, messages.people[index], 0),
        np.where(is_answered, messages.actors[index], 0),
    )


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
    )
