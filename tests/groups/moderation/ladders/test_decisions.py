from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.ladders.decisions import (
    Decision,
    FiredRule,
    Step,
    decide,
    effective_mode,
    step_at,
)
from qunce.groups.moderation.models import Mode, Rung

MODES, RUNGS = list(Mode), list(Rung)


@st.composite
def ladder(draw: st.DrawFn) -> tuple[Step, ...]:
    strikes = sorted(draw(st.sets(st.integers(1, 6), min_size=1, max_size=4)))
    rungs = sorted(
        draw(st.lists(st.integers(0, 4), min_size=len(strikes), max_size=len(strikes)))
    )
    minutes = draw(st.sampled_from([None, 10, 60]))
    return tuple(
        Step(
            strikes=n,
            rung=RUNGS[rung],
            minutes=minutes if RUNGS[rung] == Rung.MUTE else None,
        )
        for n, rung in zip(strikes, rungs, strict=True)
    )


@st.composite
def fired_rules(draw: st.DrawFn) -> list[FiredRule]:
    ladders = draw(st.lists(ladder(), min_size=1, max_size=3))
    counts = [(draw(st.integers(0, 5)), draw(st.integers(0, 3))) for _ladder in ladders]
    fired = []
    for number in range(draw(st.integers(0, 5))):
        index = draw(st.integers(0, len(ladders) - 1))
        real, shadow = counts[index]
        fired.append(
            FiredRule(
                rule=number,
                mode=draw(st.sampled_from(MODES)),
                ladder=index,
                steps=ladders[index],
                strikes=real,
                shadow_strikes=shadow,
                only_model=draw(st.booleans()),
            )
        )
    return fired


def slow_step(rule: FiredRule, mode: Mode, only_message: bool) -> Step | None:
    """What a rule asks for: strike by strike up its ladder."""
    if only_message:
        return Step(strikes=1, rung=Rung.DELETE)
    count = rule.strikes + (rule.shadow_strikes if mode != Mode.ACT else 0) + 1
    here = None
    for strike in range(1, count + 1):
        for step in rule.steps:
            if step.strikes == strike:
                here = step
    return here


def slow_severity(step: Step) -> tuple[int, float]:
    length = float("inf") if step.minutes is None else float(step.minutes)
    return RUNGS.index(step.rung), length if step.rung == Rung.MUTE else 0.0


def slow_decide(
    fired: list[FiredRule], cap: Mode, only_message: bool
) -> dict[Mode, tuple[int, float]]:
    """Mode → the severity that is asked for, by trying every pair of mode and rule."""
    asked: dict[Mode, tuple[int, float]] = {}
    for mode, rule in itertools.product(MODES[1:], fired):
        limits = [MODES.index(rule.mode), MODES.index(cap)]
        if rule.only_model:
            limits.append(MODES.index(Mode.PROPOSE))
        if MODES[min(limits)] != mode:
            continue
        step = slow_step(rule, mode, only_message)
        if step is not None:
            asked[mode] = max(asked.get(mode, (-1, 0.0)), slow_severity(step))
    return asked


def severity_or_none(step: Step | None) -> tuple[int, float] | None:
    return None if step is None else slow_severity(step)


@given(fired_rules(), st.sampled_from(MODES), st.booleans())
def test_the_decision_is_the_highest_rung_of_each_mode(
    fired: list[FiredRule], cap: Mode, only_message: bool
) -> None:
    decision = decide(fired, cap=cap, only_message=only_message)
    asked = slow_decide(fired, cap, only_message)

    assert severity_or_none(decision.act) == asked.get(Mode.ACT)
    assert severity_or_none(decision.observed) == asked.get(Mode.OBSERVE)
    proposal = asked.get(Mode.PROPOSE)
    if proposal and Mode.ACT in asked and proposal <= asked[Mode.ACT]:
        proposal = None
    assert severity_or_none(decision.proposal) == proposal
    assert decision.mode == max(asked, key=MODES.index, default=Mode.OFF)


@given(fired_rules(), st.sampled_from(MODES), st.booleans())
def test_a_model_alone_never_acts(
    fired: list[FiredRule], cap: Mode, only_message: bool
) -> None:
    guesses = [rule for rule in fired if rule.only_model]

    decision = decide(guesses, cap=cap, only_message=only_message)

    assert decision.act is None
    assert not any(decision.ladders.values())


@given(fired_rules(), st.sampled_from(MODES))
def test_who_has_not_written_a_text_gets_no_strike(
    fired: list[FiredRule], cap: Mode
) -> None:
    decision = decide(fired, cap=cap, only_message=True)

    assert decision.ladders == {}
    steps = [decision.act, decision.proposal, decision.observed]
    assert {step.rung for step in steps if step} <= {Rung.DELETE}


def rule(mode: Mode, *steps: Step, **fields: int | bool) -> FiredRule:
    return FiredRule(rule=1, mode=mode, ladder=1, steps=steps, **fields)  # type: ignore[arg-type]


def decision_at(strikes: int) -> Decision:
    steps = (
        Step(strikes=1, rung=Rung.DELETE),
        Step(strikes=3, rung=Rung.MUTE, minutes=60),
        Step(strikes=5, rung=Rung.BAN),
    )
    fired = rule(Mode.ACT, *steps, strikes=strikes)
    return decide([fired], cap=Mode.ACT, only_message=False)


def test_the_third_strike_mutes_and_the_fifth_bans() -> None:
    rungs = [getattr(decision_at(n).act, "rung", None) for n in range(6)]

    assert rungs == ["delete", "delete", "mute", "mute", "ban", "ban"]


def test_strikes_of_cases_that_nobody_acted_on_count_for_proposals_only() -> None:
    steps = Step(strikes=1, rung=Rung.WARN), Step(strikes=3, rung=Rung.MUTE)
    acting = rule(Mode.ACT, *steps, shadow_strikes=2)
    proposing = rule(Mode.PROPOSE, *steps, shadow_strikes=2)

    assert getattr(
        decide([acting], cap=Mode.ACT, only_message=False).act, "rung", 0
    ) == (Rung.WARN)
    decision = decide([proposing], cap=Mode.ACT, only_message=False)
    assert getattr(decision.proposal, "rung", 0) == Rung.MUTE


def test_the_group_limits_what_a_rule_may_do() -> None:
    assert effective_mode(Mode.ACT, Mode.PROPOSE, only_model=False) == Mode.PROPOSE
    assert effective_mode(Mode.OBSERVE, Mode.ACT, only_model=False) == Mode.OBSERVE
    assert effective_mode(Mode.ACT, Mode.OFF, only_model=True) == Mode.OFF


def test_below_the_first_rung_nothing_follows() -> None:
    assert step_at((Step(strikes=2, rung=Rung.WARN),), 1) is None
