"""The decision about a message: which rules count, and which rung of a ladder follows.

It is pure: the caller brings the rules that found something and the strikes of the
member, and writes down what was decided.

    decision = decide(fired, cap=Mode.ACT, only_message=False)
    decision.act, decision.proposal    # Step or None
    decision.mode, decision.rule       # of the strongest rule
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qunce.groups.moderation.models import Mode, Rung

POWER = {mode: power for power, mode in enumerate(Mode)}
SEVERITY = {rung: severity for severity, rung in enumerate(Rung)}


@dataclass(frozen=True, kw_only=True)
class Step:
    """From `strikes` on, a member gets `rung`, for `minutes` if that is a mute."""

    strikes: int
    rung: Rung
    minutes: int | None = None

    @property
    def severity(self) -> tuple[int, int]:
        """A mute without an end is the longest."""
        length = 2**31 if self.minutes is None else self.minutes
        return SEVERITY[self.rung], length if self.rung == Rung.MUTE else 0


@dataclass(frozen=True, kw_only=True)
class FiredRule:
    """A rule that found something in a message and whose conditions hold.

    `steps` are those of its ladder; `strikes` and `shadow_strikes` are what the member has
    on that ladder. `only_model` says that nothing but a learned model found something.
    """

    rule: int
    mode: Mode
    ladder: int
    steps: tuple[Step, ...]
    strikes: int = 0
    shadow_strikes: int = 0
    only_model: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do now, and what a person is asked about because it goes further.

    `rule` is the one that led to the strongest of it. `ladders` says per ladder whether
    the strike is a real one.
    """

    mode: Mode
    rule: int | None = None
    act: Step | None = None
    proposal: Step | None = None
    observed: Step | None = None
    ladders: Mapping[int, bool]

    @property
    def step(self) -> Step | None:
        return self.act or self.proposal or self.observed


NOTHING = Decision(mode=Mode.OFF, ladders={})


def effective_mode(mode: Mode, cap: Mode, *, only_model: bool) -> Mode:
    """The mode of a rule in a group whose rules may do at most `cap`.

    A model alone never acts.
    """
    modes = [mode, cap, *([Mode.PROPOSE] if only_model else [])]
    return min(modes, key=POWER.__getitem__)


def step_at(steps: Sequence[Step], strikes: int) -> Step | None:
    """The highest step that this number of strikes reaches."""
    reached = [step for step in steps if step.strikes <= strikes]
    return max(reached, key=lambda step: step.strikes, default=None)


def decide(fired: Sequence[FiredRule], *, cap: Mode, only_message: bool) -> Decision:
    """What follows from the rules that fired; only the highest rung of each mode does.

    `only_message` is for who has not written the text, as who forwards one: the message
    may be deleted, and there is no strike.
    """
    best: dict[Mode, tuple[Step, int]] = {}
    ladders: dict[int, bool] = {}
    for each in fired:
        mode = effective_mode(each.mode, cap, only_model=each.only_model)
        if mode == Mode.OFF:
            continue
        is_real = mode == Mode.ACT
        ladders[each.ladder] = ladders.get(each.ladder, False) or is_real
        counted = each.strikes + (0 if is_real else each.shadow_strikes)
        step = step_at(each.steps, counted + 1)
        if only_message:
            step = Step(strikes=1, rung=Rung.DELETE)
        if step and (mode not in best or step.severity > best[mode][0].severity):
            best[mode] = step, each.rule
    if not best:
        return NOTHING
    return _combine(best, {} if only_message else ladders)


def _combine(
    best: Mapping[Mode, tuple[Step, int]], ladders: Mapping[int, bool]
) -> Decision:
    act = best.get(Mode.ACT)
    proposal = best.get(Mode.PROPOSE)
    if act and proposal and proposal[0].severity <= act[0].severity:
        proposal = None
    observed = best.get(Mode.OBSERVE)
    strongest = max(best, key=POWER.__getitem__)
    return Decision(
        mode=strongest,
        rule=best[strongest][1],
        act=act and act[0],
        proposal=proposal and proposal[0],
        observed=observed and observed[0],
        ladders=ladders,
    )
