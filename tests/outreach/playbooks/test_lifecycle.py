"""Pauses, stops, and changes of playbooks with runs in flight."""

from __future__ import annotations

import pytest

from qunce.core import errors, permissions
from qunce.core.state_machine import WrongState
from qunce.outreach.campaigns import approvals
from qunce.outreach.playbooks import (
    lifecycle,
    playbooks,
)
from qunce.outreach.playbooks.lifecycle import Choice, Pause
from qunce.outreach.playbooks.models import Playbook, Run, RunStep
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, MINUTE, Worker, send, wait


@pytest.mark.parametrize(("holds", "due"), [(True, 82), (False, 10)])
def test_a_pause_moves_due_times_or_lets_them_pass(
    worker: Worker, holds: bool, due: int
) -> None:
    worker.members("bob", "cat")
    playbook = worker.playbook(wait("w", 600), send("a", stale_hours=48), send("b"))
    worker.order("bob", AT)
    worker.tick(AT)
    pause = Pause(holds_waits=holds, keeps_entries=not holds)
    lifecycle.pause(playbook=playbook, pause=pause, by=worker.by, at=AT + HOUR)
    worker.order("cat", AT + 2 * HOUR)
    worker.run_until(AT + 73 * HOUR, AT + 2 * HOUR, every=12 * HOUR)
    assert worker.steps("bob") == []
    lifecycle.resume(playbook=playbook, by=worker.by, at=AT + 73 * HOUR)
    assert Run.objects.order_by("pk")[0].due_at == AT + due * HOUR
    worker.tick(AT + 73 * HOUR)
    assert worker.runs("cat") == ([] if holds else ["waiting"])
    worker.tick(AT + 82 * HOUR)
    # Two days after its time, the message is not sent any more.
    assert worker.steps("bob") == (
        ["a", "b"] if holds else ["a: too_late", "b: too_late"]
    )


def test_a_pause_ends_by_itself(worker: Worker) -> None:
    one, two = worker.playbook(wait("w", 1)), worker.playbook(wait("w", 1))
    for playbook, stops in ((one, False), (two, True)):
        pause = Pause(until=AT + DAY, then_stops=stops)
        lifecycle.pause(playbook=playbook, pause=pause, by=worker.by, at=AT)
    lifecycle.end_pauses(at=AT + DAY - MINUTE)
    assert set(Playbook.objects.values_list("state", flat=True)) == {"paused"}
    lifecycle.end_pauses(at=AT + DAY)
    states = Playbook.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["running", "stopped"]


@pytest.mark.both_databases
def test_stopping_ends_all_and_closing_lets_nobody_in(worker: Worker) -> None:
    worker.members("bob", "cat")
    playbook = worker.playbook(send("a"), wait("w", 60), send("b"))
    worker.order("bob", AT)
    worker.tick(AT)
    assert lifecycle.close(playbook=playbook, by=worker.by, at=AT + MINUTE) == 1
    worker.order("cat", AT + 2 * MINUTE)
    worker.tick(AT + 3 * MINUTE)
    assert (worker.runs("cat"), worker.runs("bob")) == ([], ["waiting"])
    stopped = lifecycle.stop(playbook=playbook, by=worker.by, at=AT + 4 * MINUTE)
    assert (stopped.runs, stopped.messages) == (1, 1)
    worker.tick(AT + DAY)
    assert worker.runs("bob") == ["stopped"]
    assert worker.texts("bob") == []
    with pytest.raises(WrongState):
        lifecycle.pause(playbook=playbook, pause=Pause(), by=worker.by, at=AT + DAY)


def change(playbook: Playbook, worker: Worker, *steps: object) -> None:
    playbook.refresh_from_db()
    definition = {**playbook.draft, "steps": list(steps)}
    at = AT + 3 * DAY
    playbooks.update(playbook=playbook, definition=definition, by=worker.by, at=at)


def test_a_shorter_wait_sends_nothing_at_once_unless_confirmed(worker: Worker) -> None:
    keys = [f"m{n}" for n in range(12)]
    worker.members(*keys)
    playbook = worker.playbook(wait("w", 7 * 1440), send("a"))
    for key in keys:
        worker.order(key, AT, key=key)
    worker.tick(AT)
    change(playbook, worker, wait("w", 1440), send("a"))
    at = AT + 3 * DAY
    stale = lifecycle.publish(playbook=playbook, in_flight="move", by=worker.by, at=at)
    assert stale == len(keys)
    worker.tick(at)
    assert RunStep.objects.count() == 0
    settled = lifecycle.settle_stale(
        playbook=playbook, choice="go_on", by=worker.by, at=at
    )
    assert settled == len(keys)
    worker.tick(at)
    assert worker.steps("m0") == ["a"]


@pytest.mark.parametrize(
    ("in_flight", "steps", "runs"),
    [("stay", ["a"], "done"), ("move", ["b"], "done"), ("end", [], "version")],
)
def test_runs_under_way_stay_move_or_end(
    worker: Worker, in_flight: str, steps: list[str], runs: str
) -> None:
    worker.members("bob")
    playbook = worker.playbook(wait("w", 7 * 1440), send("a"))
    worker.order("bob", AT)
    worker.tick(AT)
    change(playbook, worker, wait("w", 8 * 1440), send("b"))
    at = AT + 3 * DAY
    lifecycle.publish(playbook=playbook, in_flight=in_flight, by=worker.by, at=at)
    worker.tick(AT + 7 * DAY)
    worker.tick(AT + 8 * DAY)
    assert (worker.steps("bob"), worker.runs("bob")) == (steps, [runs])


def test_a_draft_with_problems_cannot_be_switched_on(worker: Worker) -> None:
    playbook = worker.playbook(send("a", text="Hello {nmae}"), on=False)
    with pytest.raises(playbooks.InvalidPlaybook, match="no variable"):
        lifecycle.switch_on(playbook=playbook, choice=Choice(), by=worker.by, at=AT)
    playbooks.delete(playbook=playbook, by=worker.by, at=AT)
    running = worker.playbook(send("a"))
    with pytest.raises(errors.Refused):
        playbooks.delete(playbook=running, by=worker.by, at=AT)


def test_where_campaigns_need_an_approval_playbooks_are_no_way_around_it(
    worker: Worker,
) -> None:
    by = worker.by
    approvals.set_from_size(community=worker.shop, from_size=1, by=by, at=AT)
    operator = factories.staff(worker.shop, "operator", "wang", name="Wang")
    playbook = worker.playbook(send("a", purpose="marketing"), on=False)
    with pytest.raises(approvals.ApprovalNeeded):
        lifecycle.switch_on(playbook=playbook, choice=Choice(), by=operator, at=AT)
    lifecycle.switch_on(playbook=playbook, choice=Choice(), by=by, at=AT)
    definition = {
        **playbook.draft,
        "steps": [send("a", text="Buy now", purpose="marketing")],
    }
    playbooks.update(playbook=playbook, definition=definition, by=operator, at=AT)
    with pytest.raises(approvals.ApprovalNeeded):
        lifecycle.publish(playbook=playbook, in_flight="move", by=operator, at=AT)


def test_staff_who_may_not_send_service_messages_switch_on_no_playbook_that_does(
    worker: Worker,
) -> None:
    operator = factories.staff(worker.shop, "operator", "wang")
    service = worker.playbook(send("a"), on=False)
    news = worker.playbook(send("a", purpose="marketing"), on=False, name="News")
    with pytest.raises(permissions.NotAllowed):
        lifecycle.switch_on(playbook=service, choice=Choice(), by=operator, at=AT)
    lifecycle.switch_on(playbook=news, choice=Choice(), by=operator, at=AT)


def test_copy_is_a_draft_with_a_name_of_its_own(worker: Worker) -> None:
    playbook = worker.playbook(send("a"))
    copy = playbooks.duplicate(playbook=playbook, by=worker.by, at=AT)
    assert (copy.name, copy.state) == ("Copy of First days", "draft")
    assert copy.draft == playbook.draft
