"""A pause holds what is planned already; resuming plans it again (row 15)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.channels.testing import FakeChannel
from qunce.outreach.playbooks import held_messages, lifecycle
from qunce.outreach.playbooks.held_messages import Times
from qunce.outreach.playbooks.lifecycle import Pause
from qunce.outreach.playbooks.models import Run, RunStep
from qunce.outreach.sending import assisted_messages, channel_sending
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.outreach.sending.ledger import Message, State
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, MINUTE, Worker, send

hours = st.integers(0, 100)


@given(due=hours, late_by=hours, begin=hours, length=hours, holds=st.booleans())
def test_times_after_a_pause_are_what_a_clock_that_stands_still_shows(
    due: int, late_by: int, begin: int, length: int, holds: bool
) -> None:
    """The oracle counts the hours of a clock that stops while the playbook is paused."""
    end = begin + length
    times = Times(AT + due * HOUR, AT + (due + late_by) * HOUR)
    found = held_messages.times_after_pause(
        times,
        paused_at=AT + begin * HOUR,
        at=AT + end * HOUR,
        holds_waits=holds,
    )
    left_to_due, left_to_stale, clock = due - begin, due + late_by - begin, begin
    while clock < end:
        clock += 1
        if not holds:
            left_to_due, left_to_stale = left_to_due - 1, left_to_stale - 1
    assert found.due_at == AT + (end + left_to_due) * HOUR
    assert held_messages.is_stale(found, AT + end * HOUR) == (left_to_stale < 0)


def plan(worker: Worker) -> list[str]:
    """Messages of two runs, one of which has ended: due in six hours, stale in 48."""
    worker.members("bob", "cat")
    playbook = worker.playbook(send("a"))
    for key in ("bob", "cat"):
        worker.order(key, AT, key=key)
    worker.tick(AT)
    rows = Message.objects.filter(state=State.PLANNED)
    assert rows.update(due_at=(AT + 6 * HOUR)) == 2
    assert set(Run.objects.values_list("state", flat=True)) == {"ended"}
    return [playbook.key]


@pytest.mark.both_databases
@pytest.mark.parametrize(("holds", "days"), [(True, 3), (False, 1), (False, 3)])
def test_planned_messages_wait_for_the_end_of_the_pause(
    worker: Worker, fake: FakeChannel, holds: bool, days: int
) -> None:
    plan(worker)
    playbook = Run.objects.select_related("playbook")[0].playbook
    # One is being sent at this moment, and is not stopped.
    leased = Message.objects.order_by("pk")[0]
    Message.objects.filter(pk=leased.pk).update(lease="x")
    held = lifecycle.pause(
        playbook=playbook, pause=Pause(holds_waits=holds), by=worker.by, at=AT + HOUR
    )
    assert held == 1
    Message.objects.filter(pk=leased.pk).update(lease="")
    resumed_at = AT + HOUR + days * DAY
    channel_sending.send_due(at=resumed_at - MINUTE)
    assisted_messages.skip_stale(at=resumed_at - MINUTE)
    other = Message.objects.exclude(pk=leased.pk)
    row = other.get()
    assert (row.state, row.due_at, row.counted_at) == ("planned", None, None)
    released = lifecycle.resume(playbook=playbook, by=worker.by, at=resumed_at)
    row = other.get()
    if holds:
        assert row.due_at == AT + 6 * HOUR + days * DAY
        assert row.stale_at == AT + 48 * HOUR + days * DAY
    is_stale = not holds and days == 3
    assert (released.sent_on, released.skipped) == ((0, 1) if is_stale else (1, 0))
    assert worker.steps("cat") == (["a: stale"] if is_stale else ["a"])
    channel_sending.send_due(at=resumed_at + 6 * HOUR)
    assert (other.get().state == "delivered") == (not is_stale)
    assert not RunStep.objects.exclude(held_due_at=None).exists()


def test_stopping_cancels_what_ended_runs_have_planned(
    worker: Worker, fake: FakeChannel
) -> None:
    plan(worker)
    playbook = Run.objects.select_related("playbook")[0].playbook
    lifecycle.pause(playbook=playbook, pause=Pause(), by=worker.by, at=AT + HOUR)
    assert lifecycle.count(playbook).messages == 2
    stopped = lifecycle.stop(playbook=playbook, by=worker.by, at=AT + 2 * HOUR)
    assert (stopped.runs, stopped.messages) == (0, 2)
    channel_sending.send_due(at=AT + DAY)
    assert fake.delivered == []
    assert set(RunStep.objects.values_list("reason", flat=True)) == {"cancelled"}


@pytest.mark.both_databases
def test_stopping_cancels_what_a_dead_sender_has_claimed(
    worker: Worker, fake: FakeChannel
) -> None:
    plan(worker)
    Message.objects.update(due_at=AT)
    playbook = Run.objects.select_related("playbook")[0].playbook
    # It has one of the two messages, and ends before it has called the channel.
    assert len(ChannelQueue(worker.shop, fake).claim(limit=1, at=AT)) == 1
    lifecycle.stop(playbook=playbook, by=worker.by, at=AT + MINUTE)
    for minutes in (2, 6, 60):
        channel_sending.send_due(at=AT + minutes * MINUTE)
    assert fake.delivered == []
    states = Message.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["unknown", "cancelled"]


def test_a_held_message_obeys_the_contact_limit_when_it_is_released(
    worker: Worker,
) -> None:
    worker.members("bob")
    ad = {"purpose": "marketing", "over_limit": "skip"}
    one = worker.playbook(send("a", **ad), name="One")
    worker.order("bob", AT)
    worker.tick(AT)
    Message.objects.update(due_at=AT + 6 * HOUR)
    lifecycle.pause(playbook=one, pause=Pause(), by=worker.by, at=AT + HOUR)
    # Meanwhile others use both of the week's messages, as what is held takes no place.
    worker.playbook(send("b", **ad), send("c", **ad), name="Two", at=AT + HOUR)
    worker.order("bob", AT + 2 * HOUR, key="o2")
    worker.tick(AT + 2 * HOUR)
    assert worker.steps("bob")[1:] == ["b", "c"]
    resumed_at = AT + HOUR + timedelta(days=1)
    released = lifecycle.resume(playbook=one, by=worker.by, at=resumed_at)
    assert (released.sent_on, released.skipped) == (0, 1)
    assert worker.steps("bob")[0] == "a: over_contact_limit"
