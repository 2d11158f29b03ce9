"""Outgoing messages: claim, send, record outcomes. A process may die between any two.

The messages are rows of the caller, behind `Queue`. A claimed message has a lease. If it
expires without an outcome, nobody knows whether the message was sent. A channel with
idempotent sends gets it again with the same key, so that it arrives once. For any other
channel the queue must record it as unknown and never claim it again (at most once).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from qunce.channels import channel_contract
from qunce.channels.channel_contract import Channel, Message, Outcome

log = logging.getLogger(__name__)

BATCH_SIZE = 200
MAX_SECONDS_PER_RUN = 30.0
"""Far less than a lease, which begins with the time of the run. Other channels wait."""
NO_LIMIT = 10**9
DOWN_RETRY_DELAY = timedelta(minutes=1)
"""How long to wait after a channel could not be reached."""
MIN_ATTEMPTS_TO_STOP, MAX_FAILURE_RATIO = 20, 0.5
"""A run stops if more than this share of at least so many messages failed for good."""


class Queue(Protocol):
    """The messages of one campaign to one channel."""

    def claim(self, *, limit: int, at: datetime) -> Sequence[Message]:
        """Lease up to `limit` messages that are due, in one transaction."""
        ...

    def record_outcomes(
        self, outcomes: Sequence[tuple[Message, Outcome]], *, at: datetime
    ) -> None:
        """Store the outcomes of claimed messages, in one transaction."""
        ...


@dataclass
class RunStats:
    """What a run did. `down` means that the channel could not be reached.

    A run that is `out_of_time` may have left messages that are due.
    """

    attempted: int = 0
    failed: int = 0
    down: bool = False
    out_of_time: bool = False

    @property
    def too_many_failures(self) -> bool:
        return (
            self.attempted >= MIN_ATTEMPTS_TO_STOP
            and self.failed > self.attempted * MAX_FAILURE_RATIO
        )


def deliver(
    *,
    queue: Queue,
    channel: Channel,
    clock: Callable[[], datetime],
    limit: int = NO_LIMIT,
    seconds: float = MAX_SECONDS_PER_RUN,
    batch_size: int = BATCH_SIZE,
) -> RunStats:
    """Send up to `limit` messages that are due, batch by batch, for about so many seconds.

    The outcomes of a batch are recorded before the next one is claimed.
    """
    per_minute = channel.capabilities.per_minute
    # The scheduler calls this once a minute, so the limit of a run is that of a minute.
    remaining = limit if per_minute is None else min(limit, per_minute)
    stats, end = RunStats(), time.monotonic() + seconds
    while remaining > 0 and not (stats.down or stats.too_many_failures):
        if time.monotonic() >= end:
            stats.out_of_time = True
            break
        messages = queue.claim(limit=min(batch_size, remaining), at=clock())
        if not messages:
            break
        try:
            outcomes = channel.send(messages, at=clock())
        except channel_contract.ChannelDown:
            log.warning("channel %s could not be reached", channel.name)
            stats.down = True
            outcome = channel_contract.failed(
                "channel_down", retry_after=DOWN_RETRY_DELAY
            )
            outcomes = [outcome] * len(messages)
        if len(outcomes) != len(messages):
            # Which outcome belongs to which message is unknown, as after a crash.
            raise ValueError(
                f"{channel.name}: {len(outcomes)} outcomes, {len(messages)} sent"
            )
        # A crash before this line leaves messages sent but not recorded; see the
        # module's docstring.
        queue.record_outcomes(list(zip(messages, outcomes, strict=True)), at=clock())
        stats.attempted += len(messages)
        # Temporary failures say nothing about the campaign and do not stop it.
        stats.failed += sum(outcome.is_permanent_failure for outcome in outcomes)
        remaining -= len(messages)
    return stats
