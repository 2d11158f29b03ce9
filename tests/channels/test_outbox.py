"""Sending by a process that may die at any moment (X1, design §4)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.channels import outbox
from qunce.channels.channel_contract import Capabilities, Message, Outcome, failed
from qunce.channels.testing import DELIVERED, FakeChannel, SimulatedCrash

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class MemoryQueue:
    """The smallest queue that follows the rules: states by key of the message."""

    idempotent: bool
    states: dict[str, str] = field(default_factory=dict)
    crashes_while_recording: bool = False

    def claim(self, *, limit: int, at: datetime) -> Sequence[Message]:
        for key, state in self.states.items():
            # There is one process at a time, so the one that had the lease is dead.
            if state == "leased":
                self.states[key] = "planned" if self.idempotent else "unknown"
        due = [key for key, state in self.states.items() if state == "planned"][:limit]
        self.states |= dict.fromkeys(due, "leased")
        return [Message(key=key, to=key, text="hello") for key in due]

    def record_outcomes(
        self, outcomes: Sequence[tuple[Message, Outcome]], *, at: datetime
    ) -> None:
        if self.crashes_while_recording:
            self.crashes_while_recording = False
            raise SimulatedCrash
        for message, outcome in outcomes:
            retry = outcome.retry_after is not None
            self.states[message.key] = "planned" if retry else outcome.status.value


def create_queue(count: int, *, idempotent: bool = True) -> MemoryQueue:
    return MemoryQueue(idempotent, {f"m{n}": "planned" for n in range(count)})


def run(
    queue: MemoryQueue, channel: FakeChannel, limit: int = 1_000, batch_size: int = 3
) -> outbox.RunStats:
    return outbox.deliver(
        queue=queue,
        channel=channel,
        clock=lambda: AT,
        limit=limit,
        batch_size=batch_size,
    )


def test_every_message_arrives_once() -> None:
    queue, channel = create_queue(10), FakeChannel()
    assert run(queue, channel).attempted == 10
    assert sorted(message.key for message in channel.delivered) == sorted(queue.states)
    assert sorted(channel.last_texts()) == sorted(queue.states)
    assert set(queue.states.values()) == {"delivered"}


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=4),
    st.booleans(),
)
def test_crash_loses_and_doubles_no_message(
    count: int, crashes: list[tuple[int, bool]], idempotent: bool
) -> None:
    """A crash comes after some messages, while sending or while recording outcomes."""
    capabilities = Capabilities(to_member=True, idempotent_sends=idempotent)
    queue = create_queue(count, idempotent=idempotent)
    channel = FakeChannel(capabilities=capabilities)
    for messages, while_recording in crashes:
        channel.crash_after(messages)
        queue.crashes_while_recording = while_recording
        with contextlib.suppress(SimulatedCrash):
            run(queue, channel)
    channel.crash_after(1_000)
    queue.crashes_while_recording = False
    run(queue, channel)
    keys = [message.key for message in channel.delivered]
    assert len(keys) == len(set(keys))
    if idempotent:
        assert set(keys) == set(queue.states)
        assert set(queue.states.values()) == {"delivered"}
    else:
        unknown = {key for key, state in queue.states.items() if state == "unknown"}
        assert set(queue.states) == set(keys) | unknown


def test_limit_per_minute_is_kept() -> None:
    queue = create_queue(10)
    channel = FakeChannel(capabilities=Capabilities(to_member=True, per_minute=4))
    assert run(queue, channel).attempted == 4
    assert len(channel.delivered) == 4


def test_channel_that_is_down_is_retried_by_the_next_run() -> None:
    queue, channel = create_queue(10), FakeChannel(is_down=True)
    stats = run(queue, channel)
    assert (stats.attempted, stats.down, stats.too_many_failures) == (3, True, False)
    assert set(queue.states.values()) == {"planned"}
    channel.is_down = False
    assert run(queue, channel).attempted == 10


def test_run_stops_after_too_many_failures() -> None:
    queue, channel = create_queue(100), FakeChannel()
    channel.script = {key: [failed("blocked")] for key in queue.states}
    stats = run(queue, channel, batch_size=10)
    assert stats.too_many_failures
    assert stats.attempted == 20


def test_temporary_failure_is_retried() -> None:
    queue, channel = create_queue(1), FakeChannel()
    channel.script = {"m0": [failed("busy", retry_after=HOUR), DELIVERED]}
    run(queue, channel)
    assert queue.states == {"m0": "delivered"}


def test_missing_outcomes_are_an_error() -> None:
    class SilentChannel(FakeChannel):
        def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
            return []

    with pytest.raises(ValueError, match="0 outcomes, 3 sent"):
        run(create_queue(3), SilentChannel())
