"""Sending with a process that may end at any moment (X1, design §4)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.channels import outbox
from qunce.channels.base import Capabilities, Message, Outcome, failed
from qunce.channels.testing import DELIVERED, SimulatedCrash, FakeChannel

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Rows:
    """The smallest queue that keeps to the rules: rows in a dictionary."""

    idempotent: bool
    state: dict[str, str] = field(default_factory=dict)
    dies_settling: bool = False

    def claim(self, *, most: int, at: datetime) -> Sequence[Message]:
        for key, state in self.state.items():
            if state == "leased":  # whoever held it is dead: one process at a time here
                self.state[key] = "planned" if self.idempotent else "unknown"
        due = [key for key, state in self.state.items() if state == "planned"][:most]
        self.state |= dict.fromkeys(due, "leased")
        return [Message(key=key, to=key, text="hello") for key in due]

    def settle(
        self, outcomes: Sequence[tuple[Message, Outcome]], *, at: datetime
    ) -> None:
        if self.dies_settling:
            self.dies_settling = False
            raise SimulatedCrash
        for message, outcome in outcomes:
            retry = outcome.retry_after is not None
            self.state[message.key] = "planned" if retry else outcome.became.value


def queue(count: int, *, idempotent: bool = True) -> Rows:
    return Rows(idempotent, {f"m{n}": "planned" for n in range(count)})


def run(rows: Rows, channel: FakeChannel, most: int = 1_000, batch: int = 3) -> outbox.RunStats:
    return outbox.deliver(
        queue=rows, channel=channel, clock=lambda: AT, most=most, batch=batch
    )


def test_everything_arrives_once() -> None:
    rows, channel = queue(10), FakeChannel()
    assert run(rows, channel).tried == 10
    assert sorted(channel.texts()) == sorted(rows.state)
    assert set(rows.state.values()) == {"delivered"}


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=4),
    st.booleans(),
)
def test_no_end_of_the_process_loses_or_doubles_a_message(
    count: int, ends: list[tuple[int, bool]], idempotent: bool
) -> None:
    can = Capabilities(to_member=True, idempotent_sends=idempotent)
    rows, channel = queue(count, idempotent=idempotent), FakeChannel(capabilities=can)
    for after, settling in ends:
        channel.die_after(after)
        rows.dies_settling = settling
        with contextlib.suppress(SimulatedCrash):
            run(rows, channel)
    channel.die_after(1_000)
    rows.dies_settling = False
    run(rows, channel)
    keys = [message.key for message in channel.arrived]
    assert len(keys) == len(set(keys))
    if idempotent:
        assert set(keys) == set(rows.state)
        assert set(rows.state.values()) == {"delivered"}
    else:
        lost = {key for key, state in rows.state.items() if state == "unknown"}
        assert set(rows.state) == set(keys) | lost


def test_no_more_than_the_channel_takes_in_a_minute() -> None:
    rows = queue(10)
    channel = FakeChannel(capabilities=Capabilities(to_member=True, per_minute=4))
    assert run(rows, channel).tried == 4
    assert len(channel.arrived) == 4


def test_a_channel_that_is_down_is_left_alone() -> None:
    rows, channel = queue(10), FakeChannel(is_down=True)
    tally = run(rows, channel)
    assert (tally.tried, tally.down, tally.stopped) == (3, True, False)
    assert set(rows.state.values()) == {"planned"}
    channel.is_down = False
    assert run(rows, channel).tried == 10


def test_a_run_stops_when_most_of_it_fails() -> None:
    rows, channel = queue(100), FakeChannel()
    channel.script = {key: [failed("blocked")] for key in rows.state}
    tally = run(rows, channel, batch=10)
    assert tally.stopped
    assert tally.tried == 20


def test_what_may_be_tried_again_is() -> None:
    rows, channel = queue(1), FakeChannel()
    channel.script = {"m0": [failed("busy", retry_after=HOUR), DELIVERED]}
    run(rows, channel)
    assert rows.state == {"m0": "delivered"}


def test_a_channel_that_answers_too_little_is_an_error() -> None:
    class Silent(FakeChannel):
        def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
            return []

    with pytest.raises(ValueError, match="0 outcomes, 3 sent"):
        run(queue(3), Silent())
