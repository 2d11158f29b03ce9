"""Questions that only read: who is it, how many, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import acts, measure, rivals, rules, run
from bench.measure import BYTES, Row
from bench.run import Run
from bench.sizes import AT
from qunce.sets import audiences

FRESH = 5
"""Processes started for a first answer; fewer at the tiniest size."""
OTHERS = 24


def count(it: Run, rule: dict[str, Any]) -> int:
    return audiences.count(community=it.community, rule=rule, by=it.by, at=AT)


def state(it: Run) -> None:
    """Tags, attribute, group and layer, warm."""
    rule = rules.state(it.where.size)
    wire = rule.wire()
    repeats = it.where.size.repeats
    with measure.profiled(it.profile("state")):
        times = measure.repeat(lambda: count(it, wire), repeats, warm=3)
    found = rivals_of_state(it, rule, times.answer)
    in_memory = found.pop("pandas")
    it.tell(
        measure.row(
            "state",
            "tag, attribute, group, layer rule: count, warm",
            times,
            goal=5.0,
            ratio_goal=500.0,
            rivals=found,
            others={"pandas": in_memory},
            note=f"{times.answer:,} members",
        )
    )


def rivals_of_state(it: Run, rule: rules.State, ours: int) -> dict[str, float]:
    """Medians of each way, once they all say what we say, for other rules too."""
    engine = rivals.engine(it.where)
    frames = rivals.Frames(it.where)
    ways: dict[str, Callable[[rules.State], int]] = {
        "comma list": lambda r: number(engine.rows(rivals.comma_sql(r, engine.name))),
        "joins": lambda r: number(engine.rows(rivals.normal_sql(r, engine.name))),
        "pandas": frames.state,
    }
    for other in rules.states(it.where.size, 4):
        answers = {name: way(other) for name, way in ways.items()}
        run.agree(f"{other}", ours=count(it, other.wire()), **answers)
    medians = {}
    for name, way in ways.items():
        times = measure.repeat(lambda way=way: way(rule), 3)  # type: ignore[misc]
        run.agree("state", ours=ours, **{name.replace(" ", "_"): times.answer})
        medians[name] = times.percentile(50)
    return medians


def number(rows: list[tuple[Any, ...]]) -> int:
    return int(rows[0][0])


def state_others(it: Run) -> None:
    """Rules that share nothing but the sets they read, so no answer is a kept one."""
    wires = [rule.wire() for rule in rules.states(it.where.size, OTHERS)]
    times = in_turn(it, wires)
    question = f"the same, {OTHERS} different rules in turn"
    it.tell(measure.row("state-others", question, times, goal=5.0))


def in_turn(it: Run, wires: list[dict[str, Any]]) -> measure.Times:
    for wire in wires:
        count(it, wire)
    each: list[float] = []
    for _ in range(max(2, it.where.size.repeats // len(wires))):
        for wire in wires:
            each += measure.repeat(lambda wire=wire: count(it, wire), 1).each  # type: ignore[misc]
    return measure.Times(each)


def first(it: Run, key: str, question: str, wire: dict[str, Any], goal: float) -> None:
    starts = min(FRESH, it.where.size.repeats // 10)
    told = [run.told("first", json.dumps(wire)) for _ in range(starts)]
    run.agree(
        key,
        ours=count(it, wire),
        **{f"start_{i}": t["count"] for i, t in enumerate(told)},
    )
    times = measure.Times([one["ms"] for one in told])
    note = "from the process's first query; importing modules excluded"
    it.tell(measure.row(key, question, times, goal=goal, note=note))


def state_first(it: Run) -> None:
    wire = rules.state(it.where.size).wire()
    first(it, "state-first", "… first after start", wire, 200.0)


def behaviour(it: Run) -> None:
    rule = rules.BEHAVIOUR
    wire = rule.wire()
    with measure.profiled(it.profile("behaviour")):
        times = measure.repeat(lambda: count(it, wire), it.where.size.repeats, warm=3)
    found = rivals_of_behaviour(it, rule, times.answer)
    question = "behaviour rule (orders ≥ 2 in 30 d, messages ≥ 5 in 7 d, not sent in 3 d): warm"
    note = f"{times.answer:,} members"
    it.tell(
        measure.row("behaviour", question, times, goal=10.0, rivals=found, note=note)
    )


def rivals_of_behaviour(it: Run, rule: rules.Behaviour, ours: int) -> dict[str, float]:
    grouped = rivals.Grouped(it.where, it.world)
    counted = rivals.Counted(grouped, it.world)
    ways = {"DuckDB": grouped.behaviour, "pandas": counted.behaviour}
    for other in list(rules.behaviours())[::4]:
        answers = {name: way(other) for name, way in ways.items()}
        run.agree(f"{other}", ours=count(it, other.wire()), **answers)
    medians = {}
    for name, way in ways.items():
        times = measure.repeat(lambda way=way: way(rule), 3)  # type: ignore[misc]
        run.agree("behaviour", ours=ours, **{name: times.answer})
        medians[name] = times.percentile(50)
    return medians


def behaviour_others(it: Run) -> None:
    wires = [rule.wire() for rule in rules.behaviours()]
    times = in_turn(it, wires)
    question = f"the same, {len(wires)} different rules in turn"
    it.tell(measure.row("behaviour-others", question, times, goal=10.0))


def behaviour_first(it: Run) -> None:
    wire = rules.BEHAVIOUR.wire()
    first(it, "behaviour-first", "… first after start", wire, 100.0)


def behaviour_after_facts(it: Run) -> None:
    """A thousand new facts of the three kinds are derived, then it is asked again."""
    wire = rules.BEHAVIOUR.wire()
    derived, asked = [], []
    for _ in range(5):
        acts.record_thousand(it)
        derived += measure.repeat(acts.catch_up, 1).each
        asked += measure.repeat(lambda: count(it, wire), 1).each
    times = measure.Times(asked)
    note = f"deriving them took {np.median(derived):.0f} ms"
    question = "… right after 1,000 new facts"
    it.tell(measure.row("behaviour-after", question, times, goal=100.0, note=note))
    grouped = rivals.Grouped(it.where, it.world)
    theirs = grouped.behaviour(rules.BEHAVIOUR)
    run.agree("after new facts", ours=count(it, wire), theirs=theirs)


def why(it: Run) -> None:
    """Members inside and outside, both rules in one."""
    wire = {"all": [rules.state(it.where.size).wire(), rules.BEHAVIOUR.wire()]}
    loose = {"any": wire["all"]}
    inside = audiences.list_ids(community=it.community, rule=loose, by=it.by, at=AT)
    listed = set(inside)
    each: list[float] = []
    for account in whom(it, inside):
        times = measure.repeat(lambda account=account: explain(it, loose, account), 1)  # type: ignore[misc]
        run.agree(f"why {account}", holds=times.answer, listed=account in listed)
        each += times.each
    question = "why is this member in or out (both rules together)"
    it.tell(measure.row("why", question, measure.Times(each), goal=20.0))


def whom(it: Run, inside: list[int]) -> list[int]:
    rng = np.random.default_rng(9)
    heads = np.unique(it.world.head)
    count = it.where.size.repeats // 2
    some = rng.choice(heads, count).tolist()
    return [*some, *rng.choice(inside, min(count, len(inside)), replace=False).tolist()]


def explain(it: Run, rule: dict[str, Any], account: int) -> bool:
    return audiences.explain(
        community=it.community, rule=rule, by=it.by, at=AT, account=account
    ).holds


def memory(it: Run) -> None:
    """A process that derives and has answered every kind of question."""
    size = it.where.size
    asked = [rule.wire() for rule in (rules.state(size), *rules.states(size, OTHERS))]
    asked += [rule.wire() for rule in (rules.BEHAVIOUR, *rules.behaviours())]
    everyone = [{"tag": {"any": [f"tag-{n:03d}"]}} for n in range(1, size.tags + 1)]
    with run.beside("serve") as process:
        for wire in (*asked, *everyone):
            process.ask(ask="count", rule=wire)
        for account in range(1, 20):
            process.ask(ask="explain", rule=asked[0], account=account)
        held = process.ask(ask="memory")
    note = (
        f"most {megabytes(held['VmHWM'])}, without mapped files"
        f" {megabytes(held['RssAnon'])}; every tag's set asked for once"
    )
    question = "memory of a serving process that has answered all questions"
    it.tell(
        Row("memory", question, BYTES, held["VmRSS"], 1, goal=1.5 * 1024**3, note=note)
    )


def megabytes(size: float) -> str:
    return f"{size / 1024**2:.0f} MB"
