"""Verdicts: what an experiment allows to say.

One metric is primary and decides. Guardrails (members who left, opted out, complained,
refunds) can veto a better arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from qunce.insight.experiments.sequential import Interval


class Verdict(StrEnum):
    BROKEN = "broken"
    """The sizes of the arms differ from the plan, so there is no verdict."""
    OPEN = "open"
    """No difference is shown yet."""
    BETTER = "better"
    WORSE = "worse"
    VETOED = "vetoed"
    """Better by its metric, and a guardrail shows harm."""


def decide(
    *, primary: Interval, guardrails: Mapping[str, Interval], is_broken: bool
) -> tuple[Verdict, list[str]]:
    """The verdict, and the guardrails that show harm (an increase is harm)."""
    if is_broken:
        return Verdict.BROKEN, []
    harmed = [name for name, interval in guardrails.items() if interval.low > 0]
    if primary.high < 0:
        return Verdict.WORSE, harmed
    if primary.low > 0:
        return (Verdict.VETOED if harmed else Verdict.BETTER), harmed
    return Verdict.OPEN, harmed
