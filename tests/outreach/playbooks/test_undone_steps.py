"""Assisted steps that are not done: the run waits, goes on, or hands over (row 24)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.members.accounts import queries as account_queries
from qunce.members.people import notes
from qunce.members.people.notes import Note
from qunce.members.staff_in_charge import assignments
from qunce.outreach.playbooks import results
from qunce.outreach.playbooks.actions import Awaited
from qunce.outreach.playbooks.histories import History
from qunce.outreach.playbooks.models import Run, RunStep
from qunce.outreach.playbooks.work import Outcome
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks import plans
from tests.outreach.playbooks.worker import DAY, HOUR, Worker, send

HOURS = 6
NOTHING = History()


@given(
    do=st.sampled_from(["wait", "go_on", "hand_over"]),
    done_after=st.integers(0, 60),
    looks=st.lists(st.integers(1, 72), min_size=1, max_size=12, unique=True),
)
def test_an_untouched_task_leaves_the_run_as_the_oracle_says(
    do: str, done_after: int, looks: list[int]
) -> None:
    undone = {"do": do, "hours": HOURS, "staff": "dan"}
    definition = plans.define(
        plans.send("a", staff="ann", if_undone=undone), plans.send("b")
    )
    recorder = plans.Recorder([Outcome(message=1, awaited=True)])
    run = plans.advance(
        definition, plans.begin(definition), NOTHING, plans.START, recorder
    )
    for hour in sorted(looks):
        at = plans.START + timedelta(hours=hour)
        is_done = hour >= done_after
        if run is not None and run.awaited is not None:
            known = run.awaited
            run = dataclasses.replace(
                run, due_at=at, awaited=Awaited(is_done, known.is_late)
            )
            run = plans.advance(definition, run, NOTHING, at, recorder)
        # The oracle: what the answer to “do” says in words.
        goes_on = is_done or (do == "go_on" and hour >= HOURS)
        assert ("b" in recorder.steps) == goes_on
        if goes_on:
            break
    late = [hour for hour in sorted(looks) if hour >= HOURS and hour < done_after]
    assert recorder.late == (["a"] if late else [])


@pytest.fixture
def dan(worker: Worker) -> Any:
    return factories.staff(worker.shop, "operator", "dan", name="Dan")


def begin(worker: Worker, do: str, kind: str) -> None:
    worker.members("bob")
    undone = {
        "do": do,
        "hours": HOURS,
        **({"staff": "dan"} if do == "hand_over" else {}),
    }
    step: dict[str, Any] = {"id": "a", "staff": "ann", "if_undone": undone}
    if kind == "send":
        step |= {"kind": "send", "text": "Hello", "stale_hours": 96}
    else:
        step |= {"kind": "staff_task", "text": "Call"}
    worker.playbook(step, send("b"))
    worker.order("bob", AT)
    worker.tick(AT)
    assert worker.steps("bob") == ["a"]


def late_facts(worker: Worker) -> list[str]:
    found = factories.recorded_facts(worker.shop, "run.step_late")
    return [fact[1]["staff"] for fact in found]


@pytest.mark.parametrize("kind", ["send", "staff_task"])
@pytest.mark.parametrize("do", ["wait", "go_on", "hand_over"])
def test_staff_are_late_once_and_the_run_does_as_chosen(
    worker: Worker, dan: Any, do: str, kind: str
) -> None:
    begin(worker, do, kind)
    worker.run_until(AT + 2 * DAY, AT + HOUR, every=3 * HOUR)
    assert worker.steps("bob") == (["a", "b"] if do == "go_on" else ["a"])
    assert late_facts(worker) == ["Ann"]
    row = RunStep.objects.get(step="a")
    assert row.late_at == AT + 7 * HOUR
    assert (row.handed_over_at is not None) == (do == "hand_over")
    playbook = row.run.playbook
    assert results.count(playbook=playbook, by=worker.by).steps["a"].late == 1
    holder = dan if do == "hand_over" else worker.by
    done_at = AT + 50 * HOUR
    if kind == "send":
        message = Message.objects.get(staff__isnull=False)
        assert message.staff == holder
        assisted_messages.mark_sent(message=message, by=holder, at=done_at)
    else:
        note = Note.objects.get()
        assert note.staff == holder
        notes.complete(note=note, by=holder, at=done_at)
    worker.tick(done_at)
    assert worker.steps("bob") == ["a", "b"] and worker.runs("bob") == ["done"]
    assert len(late_facts(worker)) == 1


def test_what_is_done_in_time_goes_on_and_is_not_late(worker: Worker, dan: Any) -> None:
    begin(worker, "hand_over", "send")
    assisted_messages.mark_sent(
        message=Message.objects.get(), by=worker.by, at=AT + HOUR
    )
    worker.tick(AT + HOUR)
    assert worker.steps("bob") == ["a", "b"] and late_facts(worker) == []


def test_without_anybody_to_hand_over_to_it_stays_and_is_tried_again(
    worker: Worker,
) -> None:
    # Dan is not there yet when the time is over.
    worker.members("bob")
    undone = {"do": "hand_over", "hours": HOURS, "role": "in_charge"}
    step = {"id": "a", "kind": "staff_task", "text": "Call", "staff": "ann"}
    worker.playbook({**step, "if_undone": undone})
    worker.order("bob", AT)
    worker.run_until(AT + DAY, every=4 * HOUR)
    assert Note.objects.get().staff == worker.by
    dan = factories.staff(worker.shop, "operator", "dan", name="Dan")
    bob = account_queries.get(worker.shop, "bob").pk
    assignments.assign(
        community=worker.shop, accounts=[bob], staff=dan, by=worker.by, at=AT
    )
    worker.run_until(AT + 3 * DAY, AT + DAY, every=4 * HOUR)
    assert Note.objects.get().staff == dan
    assert late_facts(worker) == ["Ann"] and Run.objects.get().state == "waiting"


def test_an_exit_ends_a_run_that_waits_for_staff(worker: Worker) -> None:
    worker.members("bob")
    undone = {"do": "wait", "hours": HOURS}
    step = {"id": "a", "kind": "send", "text": "Hello", "staff": "ann"}
    worker.playbook({**step, "if_undone": undone}, exit=[{"fact": "order.refunded"}])
    worker.order("bob", AT)
    worker.tick(AT)
    factories.refund(worker.shop, "o1", at=AT + HOUR)
    worker.tick(AT + HOUR)
    assert worker.runs("bob") == ["exit"] and worker.texts("bob") == []
