"""The way out: claim, send, settle; a process may end between any two of these.

The rows are the caller's, behind `Queue`. What was claimed is held by a lease; when that
runs out without an outcome, nobody knows whether the message went out. A channel whose
sends are idempotent gets it again under the same key, so it goes out once all the same;
for any other the queue must settle it as unknown and never claim it again: at most once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from qunce.channels import base
from qunce.channels.base import Channel, Message, Outcome

log = logging.getLogger(__name__)

BATCH = 200
DOWN_FOR = timedelta(minutes=1)
"""How long to leave a channel alone that could not be reached."""
FEWEST_TRIED, MOST_FAILED = 20, 0.5
"""From so many messages on, such a share of permanent failures stops the run."""


class Queue(Protocol):
    """Rows of one campaign on one channel."""

    def claim(self, *, most: int, at: datetime) -> Sequence[Message]:
        """Lease up to `most` messages that are due, in one transaction."""
        ...

    def settle(
        self, outcomes: Sequence[tuple[Message, Outcome]], *, at: datetime
    ) -> None:
        """Write what became of claimed messages, in one transaction."""
        ...


@dataclass
class Tally:
    """What a run did. `stopped` says that too much failed to go on by itself."""

    tried: int = 0
    failed: int = 0
    down: bool = False

    @property
    def stopped(self) -> bool:
        return self.tried >= FEWEST_TRIED and self.failed > self.tried * MOST_FAILED


def deliver(
    *,
    queue: Queue,
    channel: Channel,
    clock: Callable[[], datetime],
    most: int,
    batch: int = BATCH,
) -> Tally:
    """Send up to `most` messages; each batch is settled before the next is claimed."""
    tally, room = Tally(), _room(channel, most)
    while room > 0 and not (tally.down or tally.stopped):
        messages = queue.claim(most=min(batch, room), at=clock())
        if not messages:
            break
        outcomes = _send(channel, messages, tally, clock())
        queue.settle(list(zip(messages, outcomes, strict=True)), at=clock())
        tally.tried += len(messages)
        tally.failed += sum(outcome.is_permanent for outcome in outcomes)
        room -= len(messages)
    return tally


def _room(channel: Channel, most: int) -> int:
    limit = channel.capabilities.per_minute
    return most if limit is None else min(most, limit)


def _send(
    channel: Channel, messages: Sequence[Message], tally: Tally, at: datetime
) -> list[Outcome]:
    try:
        outcomes = channel.send(messages, at=at)
    except base.ChannelDown:
        log.warning("channel %s could not be reached", channel.name)
        tally.down = True
        down = base.failed("channel_down", retry_after=DOWN_FOR)
        return [down] * len(messages)
    if len(outcomes) != len(messages):
        raise ValueError(
            f"{channel.name}: {len(outcomes)} outcomes, {len(messages)} sent"
        )
    return outcomes
