"""Questions that only read, such as counts and explanations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import measure, operations, rivals, rules, sessions
from bench.measure import BYTES, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.sets import audiences

MAX_STARTS = 5
"""Processes started for a first answer; fewer at the size tiny."""
OTHER_RULES = 24


def count(session: Session, rule: dict[str, Any]) -> int:
    return audiences.count(community=session.community, rule=rule, by=session.by, at=AT)


def state(session: Session) -> None:
    """Count a rule of tags, an attribute, groups and layers with warm caches."""
    rule = rules.state(session.workspace.size)
    wire = rule.wire()
    repeats = session.workspace.size.repeats
    with measure.profiled(session.profile("state")):
        times = measure.repeat(lambda: count(session, wire), repeats, warm=3)
    medians = rivals_of_state(session, rule, times.answer)
    in_memory = medians.pop("pandas")
    session.record(
        measure.row(
            "state",
            "tag, attribute, group, layer rule: count, warm",
            times,
            goal=5.0,
            ratio_goal=500.0,
            rivals=medians,
            others={"pandas": in_memory},
            note=f"{times.answer:,} members",
        )
    )


def rivals_of_state(session: Session, rule: rules.State, ours: int) -> dict[str, float]:
    """The median of each rival, after all gave our answers for this and other rules."""
    engine = rivals.engine(session.workspace)
    frames = rivals.Frames(session.workspace)
    functions: dict[str, Callable[[rules.State], int]] = {
        "comma list": lambda r: first_number(
            engine.rows(rivals.comma_sql(r, engine.name))
        ),
        "joins": lambda r: first_number(engine.rows(rivals.normal_sql(r, engine.name))),
        "pandas": frames.state,
    }
    for other in rules.states(session.workspace.size, 4):
        answers = {name: function(other) for name, function in functions.items()}
        sessions.check_equal(f"{other}", ours=count(session, other.wire()), **answers)
    medians = {}
    for name, function in functions.items():
        times = measure.repeat(lambda function=function: function(rule), 3)  # type: ignore[misc]
        sessions.check_equal(
            "state", ours=ours, **{name.replace(" ", "_"): times.answer}
        )
        medians[name] = times.percentile(50)
    return medians


def first_number(rows: list[tuple[Any, ...]]) -> int:
    return int(rows[0][0])


def state_others(session: Session) -> None:
    """Count rules that share only the sets they read, so that no answer is cached."""
    wires = [rule.wire() for rule in rules.states(session.workspace.size, OTHER_RULES)]
    times = measure_in_turn(session, wires)
    question = f"the same, {OTHER_RULES} different rules in turn"
    session.record(measure.row("state-others", question, times, goal=5.0))


def measure_in_turn(session: Session, wires: list[dict[str, Any]]) -> measure.Times:
    for wire in wires:
        count(session, wire)
    each: list[float] = []
    for _ in range(max(2, session.workspace.size.repeats // len(wires))):
        for wire in wires:
            each += measure.repeat(lambda wire=wire: count(session, wire), 1).each  # type: ignore[misc]
    return measure.Times(each)


def measure_first(
    session: Session, key: str, question: str, wire: dict[str, Any], goal: float
) -> None:
    starts = min(MAX_STARTS, session.workspace.size.repeats // 10)
    answers = [sessions.run_child("first", json.dumps(wire)) for _ in range(starts)]
    sessions.check_equal(
        key,
        ours=count(session, wire),
        **{f"start_{i}": t["count"] for i, t in enumerate(answers)},
    )
    times = measure.Times([answer["ms"] for answer in answers])
    note = "from the process's first query; importing modules excluded"
    session.record(measure.row(key, question, times, goal=goal, note=note))


def state_first(session: Session) -> None:
    wire = rules.state(session.workspace.size).wire()
    question = "tag, attribute, group, layer rule: first after start"
    measure_first(session, "state-first", question, wire, 200.0)


def behaviour(session: Session) -> None:
    rule = rules.BEHAVIOUR
    wire = rule.wire()
    with measure.profiled(session.profile("behaviour")):
        times = measure.repeat(
            lambda: count(session, wire), session.workspace.size.repeats, warm=3
        )
    medians = rivals_of_behaviour(session, rule, times.answer)
    question = "behaviour rule (orders ≥ 2 in 30 d, messages ≥ 5 in 7 d, not sent in 3 d): warm"
    note = f"{times.answer:,} members"
    session.record(
        measure.row("behaviour", question, times, goal=10.0, rivals=medians, note=note)
    )


def rivals_of_behaviour(
    session: Session, rule: rules.Behaviour, ours: int
) -> dict[str, float]:
    grouped = rivals.Grouped(session.workspace, session.world)
    counted = rivals.Counted(grouped, session.world)
    functions = {"DuckDB": grouped.behaviour, "pandas": counted.behaviour}
    for other in list(rules.behaviours())[::4]:
        answers = {name: function(other) for name, function in functions.items()}
        sessions.check_equal(f"{other}", ours=count(session, other.wire()), **answers)
    medians = {}
    for name, function in functions.items():
        times = measure.repeat(lambda function=function: function(rule), 3)  # type: ignore[misc]
        sessions.check_equal("behaviour", ours=ours, **{name: times.answer})
        medians[name] = times.percentile(50)
    return medians


def behaviour_others(session: Session) -> None:
    wires = [rule.wire() for rule in rules.behaviours()]
    times = measure_in_turn(session, wires)
    question = f"the same, {len(wires)} different rules in turn"
    session.record(measure.row("behaviour-others", question, times, goal=10.0))


def behaviour_first(session: Session) -> None:
    wire = rules.BEHAVIOUR.wire()
    question = "behaviour rule: first after start"
    measure_first(session, "behaviour-first", question, wire, 100.0)


def behaviour_after_facts(session: Session) -> None:
    """Derive a thousand new facts of the three kinds, then ask again."""
    wire = rules.BEHAVIOUR.wire()
    derive_times, count_times = [], []
    for _ in range(5):
        operations.record_thousand_facts(session)
        derive_times += measure.repeat(operations.catch_up, 1).each
        count_times += measure.repeat(lambda: count(session, wire), 1).each
    times = measure.Times(count_times)
    note = f"deriving them took {np.median(derive_times):.0f} ms"
    question = "… right after 1,000 new facts"
    session.record(
        measure.row("behaviour-after", question, times, goal=100.0, note=note)
    )
    grouped = rivals.Grouped(session.workspace, session.world)
    theirs = grouped.behaviour(rules.BEHAVIOUR)
    sessions.check_equal("after new facts", ours=count(session, wire), theirs=theirs)


def why(session: Session) -> None:
    """Explain members inside and outside both rules in one."""
    wire = {"all": [rules.state(session.workspace.size).wire(), rules.BEHAVIOUR.wire()]}
    loose = {"any": wire["all"]}
    inside = audiences.list_ids(
        community=session.community, rule=loose, by=session.by, at=AT
    )
    listed = set(inside)
    each: list[float] = []
    for account in choose_accounts(session, inside):
        times = measure.repeat(
            lambda account=account: explain(session, loose, account), 1
        )  # type: ignore[misc]
        sessions.check_equal(
            f"why {account}", holds=times.answer, listed=account in listed
        )
        each += times.each
    question = "why is this member in or out (both rules together)"
    session.record(measure.row("why", question, measure.Times(each), goal=20.0))


def choose_accounts(session: Session, inside: list[int]) -> list[int]:
    rng = np.random.default_rng(9)
    person_ids = np.unique(session.world.person_ids)
    count = session.workspace.size.repeats // 2
    sample = rng.choice(person_ids, count).tolist()
    return [
        *sample,
        *rng.choice(inside, min(count, len(inside)), replace=False).tolist(),
    ]


def explain(session: Session, rule: dict[str, Any], account: int) -> bool:
    return audiences.explain(
        community=session.community, rule=rule, by=session.by, at=AT, account=account
    ).holds


def memory(session: Session) -> None:
    """The memory of a serving process that has answered every kind of question."""
    size = session.workspace.size
    state_rules = (rules.state(size), *rules.states(size, OTHER_RULES))
    wires = [rule.wire() for rule in state_rules]
    wires += [rule.wire() for rule in (rules.BEHAVIOUR, *rules.behaviours())]
    tags = [{"tag": {"any": [f"tag-{n:03d}"]}} for n in range(1, size.tags + 1)]
    with sessions.start_child("serve") as process:
        for wire in (*wires, *tags):
            process.ask(ask="count", rule=wire)
        for account in range(1, 20):
            process.ask(ask="explain", rule=wires[0], account=account)
        sizes = process.ask(ask="memory")
    note = (
        f"peak {format_megabytes(sizes['VmHWM'])}, without mapped files"
        f" {format_megabytes(sizes['RssAnon'])}; every tag counted once"
    )
    question = "memory of a serving process that has answered all questions"
    session.record(
        Row("memory", question, BYTES, sizes["VmRSS"], 1, goal=1.5 * 1024**3, note=note)
    )


def format_megabytes(size: float) -> str:
    return f"{size / 1024**2:.0f} MB"
