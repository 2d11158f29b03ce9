"""The decider alone: exits, conditions, waits, delays, limits and late steps."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.playbooks.actions import End, Ending, RunPosition, Skipping
from qunce.outreach.playbooks.histories import Event, History
from qunce.outreach.playbooks.work import Outcome
from tests.outreach.playbooks.plans import (
    HOUR,
    MINUTE,
    START,
    Recorder,
    advance,
    begin,
    define,
    send,
    wait,
)

ORDER = "order.paid"
EXIT = [{"fact": ORDER}]
NOTHING = History()


def run_to_end(
    run: RunPosition | None, definition: Any, facts: History, **options: Any
) -> Recorder:
    """Advance at each due time, as a worker does that is never late."""
    recorder = Recorder(**options)
    while run is not None:
        run = advance(definition, run, facts, run.due_at, recorder)
    return recorder


# Exits


def test_no_step_is_done_after_the_exit_is_recorded() -> None:
    definition = define(send("a"), wait("b", 60), send("c"), exit=EXIT)
    run = begin(definition)
    due = START + HOUR
    dice = random.Random(6)  # noqa: S311 - for reproducible moments
    for _round in range(10_000):
        # The order, the worker and the due time are within two seconds.
        order = due + timedelta(milliseconds=dice.randint(-1_000, 1_000))
        worker = due + timedelta(milliseconds=dice.randint(0, 2_000))
        recorder = Recorder()
        at_wait = advance(definition, run, NOTHING, START, recorder)
        assert at_wait is not None
        known = [Event(ORDER, order)] if order <= worker else []
        advance(definition, at_wait, History(known), worker, recorder)
        assert recorder.steps == (["a"] if known else ["a", "c"])
        if known:
            assert recorder.ended == [End(Ending.EXIT, order)]


def test_the_fact_that_starts_a_run_does_not_end_it() -> None:
    definition = define(send("a"), exit=EXIT)
    recorder = run_to_end(begin(definition), definition, History([Event(ORDER, START)]))
    assert recorder.steps == ["a"]
    other = {"fact": ORDER, "where": {"shop": "b"}}
    definition = define(wait("a", 60), send("b"), exit=[other])
    for shop, steps in (("a", ["b"]), ("b", [])):
        facts = History([Event(ORDER, START + MINUTE, {"shop": shop})])
        assert run_to_end(begin(definition), definition, facts).steps == steps


# Conditions


@pytest.mark.parametrize("checked", ["entry", "step", "both"])
def test_a_lost_tag_skips_steps_only_where_it_is_asked_before_each(
    checked: str,
) -> None:
    rule = {"tag": "vip"}
    definition = define(
        send("a"),
        wait("b", 60),
        send("c"),
        conditions=[{"rule": rule, "checked": checked}],
    )
    recorder = Recorder()
    with_tag = History(holds=lambda asked: asked == rule)
    run = advance(definition, begin(definition), with_tag, START, recorder)
    assert run is not None
    without = History(holds=lambda asked: False)
    advance(definition, run, without, run.due_at, recorder)
    is_asked = checked != "entry"
    assert recorder.steps == (["a"] if is_asked else ["a", "c"])
    assert recorder.skipped == ([("c", Skipping.CONDITION)] if is_asked else [])
    assert recorder.ended[0].reason == Ending.DONE


# Waiting for a fact


def until(step: str, hours: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": step,
        "kind": "wait_until",
        "until": {"fact": ORDER},
        "timeout": {"minutes": hours * 60},
        "then": [send("bought")],
        "otherwise": [send("remind")],
        **fields,
    }


MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("moment", "earlier_days", "expected"),
    [
        (START - MILLISECOND, 0, "remind"),
        (START + MILLISECOND, 0, "bought"),
        (START + 2 * HOUR, 0, "bought"),
        (START + 2 * HOUR + MILLISECOND, 0, "remind"),
        (START - HOUR, 1, "bought"),
        (START - 25 * HOUR, 1, "remind"),
    ],
)
def test_a_fact_counts_from_the_beginning_of_the_wait_to_its_very_end(
    moment: datetime, earlier_days: int, expected: str
) -> None:
    definition = define(until("w", 2, earlier_days=earlier_days))
    facts = History([Event(ORDER, moment)])
    recorder = run_to_end(begin(definition), definition, facts)
    assert recorder.steps == [expected]


@given(
    st.lists(st.integers(0, 400), max_size=4),
    st.integers(1, 5),
    st.lists(st.integers(0, 500), max_size=6),
)
def test_waits_take_the_way_that_an_oracle_predicts(
    orders: list[int], hours: int, looks: list[int]
) -> None:
    """Whenever the worker looks, the way depends on the facts only."""
    definition = define(until("w", hours))
    facts = History([Event(ORDER, START + n * MINUTE) for n in sorted(orders)])
    recorder, run = Recorder(), begin(definition)
    deadline = START + hours * HOUR
    current: RunPosition | None = run
    for minute in [*sorted(looks), 600]:
        at = START + minute * MINUTE
        known = [event for event in facts.events if event.at <= at]
        if current is not None:
            # A fact wakes the run, as the reaction to it does.
            woken = RunPosition(
                current.step, START, current.since, min(current.due_at, at), run.zone
            )
            current = advance(definition, woken, History(known), at, recorder)
    in_time = [n for n in orders if START < START + n * MINUTE <= deadline]
    assert recorder.steps == (["bought"] if in_time else ["remind"])


# Branches


def test_branches_ask_rules_facts_clicks_and_replies() -> None:
    def chosen(question: dict[str, Any], facts: History) -> list[str]:
        yes, no = [send("yes")], [send("no")]
        branch = {"id": "q", "kind": "branch", "if": question}
        definition = define(
            send("a"), wait("b", 60), {**branch, "then": yes, "otherwise": no}
        )
        return run_to_end(begin(definition), definition, facts).steps[1:]

    later = START + MINUTE
    click = Event("send.clicked", later, {"message": 7})
    other_click = Event("send.clicked", later, {"message": 8})
    assert chosen({"clicked": "a"}, History([click])) == ["yes"]
    assert chosen({"clicked": "a"}, History([other_click])) == ["no"]
    reply = Event("message.posted", later)
    assert chosen({"replied": "a"}, History([reply])) == ["yes"]
    assert chosen({"replied": "a"}, History([Event("message.posted", START)])) == ["no"]
    order = Event(ORDER, later, {"amount": 5})
    wanted = {"fact": ORDER, "where": {"amount": "5"}}
    assert chosen(wanted, History([order])) == ["yes"]
    assert chosen({**wanted, "where": {"amount": "6"}}, History([order])) == ["no"]
    assert chosen({**wanted, "since": "a"}, History([order])) == ["yes"]
    assert chosen({"rule": {"x": 1}}, History(holds=lambda rule: rule == {"x": 1})) == [
        "yes"
    ]
    assert chosen({"rule": {"x": 1}}, History(holds=lambda rule: False)) == ["no"]


def test_ways_of_a_branch_meet_again_end_or_continue_elsewhere() -> None:
    def steps(then: list[dict[str, Any]], *, holds: bool) -> list[str]:
        branch = {"id": "q", "kind": "branch", "if": {"rule": {}}, "then": then}
        definition = define(branch, send("b"), send("c"))
        facts = History(holds=lambda rule: holds)
        return run_to_end(begin(definition), definition, facts).steps

    assert steps([send("a")], holds=True) == ["a", "b", "c"]
    assert steps([send("a")], holds=False) == ["b", "c"]
    assert steps([send("a"), {"id": "e", "kind": "end"}], holds=True) == ["a"]
    jump = {"id": "j", "kind": "continue_at", "step": "c"}
    assert steps([send("a"), jump], holds=True) == ["a", "c"]


# Contact limit


@pytest.mark.parametrize("choice", ["hold", "skip", "end"])
def test_over_the_limit_a_step_is_skipped_or_ends_the_run(choice: str) -> None:
    definition = define(send("a", over_limit=choice), wait("b", 60), send("c"))
    full = Outcome(over_limit=True)
    recorder = run_to_end(begin(definition), definition, NOTHING, outcomes=[full])
    assert recorder.skipped == [("a", Skipping.OVER_LIMIT)]
    if choice == "end":
        assert recorder.steps == [] and recorder.ended[0].reason == Ending.OVER_LIMIT
    else:
        assert recorder.done == [("c", START + HOUR)]


def test_a_run_goes_on_from_when_a_held_message_goes_out() -> None:
    definition = define(send("a"), wait("b", 60), send("c"))
    held = Outcome(later_at=START + 10 * HOUR)
    recorder = run_to_end(begin(definition), definition, NOTHING, outcomes=[held])
    assert recorder.done == [("a", START), ("c", START + 11 * HOUR)]


def test_a_step_whose_thing_is_gone_is_tried_until_it_is_stale() -> None:
    definition = define(send("a", stale_hours=1), send("b"))
    gone = [Outcome(held="no_coupon")] * 5
    recorder = run_to_end(begin(definition), definition, NOTHING, outcomes=gone)
    assert recorder.skipped == [("a", Skipping.STALE)]
    assert recorder.steps == ["b"]


# Late and early steps


def test_steps_held_up_by_an_outage_are_not_sent_in_a_burst() -> None:
    definition = define(
        send("a"), wait("b", 60), send("c", stale_hours=5), wait("d", 60), send("e")
    )
    recorder = Recorder()
    run = advance(definition, begin(definition), NOTHING, START, recorder)
    back = START + 5 * HOUR
    run = advance(definition, run, NOTHING, back, recorder)  # type: ignore[arg-type]
    assert recorder.steps == ["a", "c"]
    # The next hour counts from now, since the step was much too late.
    assert run is not None and run.due_at == back + HOUR
    # Six hours are more than the step allows.
    recorder = Recorder()
    run = advance(definition, begin(definition), NOTHING, START, recorder)
    assert run is not None
    run = advance(definition, run, NOTHING, back + 2 * HOUR, recorder)
    assert recorder.skipped == [("c", Skipping.STALE)]
    assert recorder.steps == ["a"]


def test_small_delays_of_the_worker_do_not_add_up() -> None:
    definition = define(*(wait(f"w{n}", 60) for n in range(20)), send("z"))
    run: RunPosition | None = begin(definition)
    recorder = Recorder()
    while run is not None:
        run = advance(definition, run, NOTHING, run.due_at + 9 * MINUTE, recorder)
    assert recorder.done == [("z", START + 20 * HOUR + 9 * MINUTE)]


def test_a_run_that_began_in_the_past_does_only_what_is_still_ahead() -> None:
    definition = define(
        send("a"),
        wait("b", 60),
        send("c"),
        wait("d", 600),
        send("e"),
        wait("f", 1),
        send("g"),
    )
    now = START + 3 * HOUR
    run: RunPosition | None = begin(definition, silent_until=now)
    recorder = Recorder()
    assert run is not None
    run = advance(definition, run, NOTHING, now, recorder)
    assert recorder.steps == []
    assert recorder.skipped == [("a", Skipping.PAST), ("c", Skipping.PAST)]
    assert run is not None and run.due_at == START + 11 * HOUR
    while run is not None:
        run = advance(definition, run, NOTHING, run.due_at, recorder)
    assert recorder.steps == ["e", "g"]


def test_acts_move_to_the_next_allowed_day_at_the_same_time() -> None:
    # Friday, 6 March 2026, at 18:00 in Shanghai.
    friday = datetime(2026, 3, 6, 10, tzinfo=UTC)
    definition = define(send("a"), only="working", **{"except": ["2026-03-09"]})
    saturday = begin(definition, friday + 24 * HOUR)
    recorder = run_to_end(saturday, definition, NOTHING)
    assert recorder.done == [("a", datetime(2026, 3, 10, 10, tzinfo=UTC))]
    assert date(2026, 3, 9) in definition.days.except_for
