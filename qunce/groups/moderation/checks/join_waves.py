"""Join waves: more people who join a group than sliding windows allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base, windows
from qunce.groups.moderation.checks.base import (
    Check,
    CompiledCheck,
    Judgement,
    Scope,
    State,
)
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import Option, Window, Windows
from qunce.groups.moderation.checks.subjects import Kind, Subject


class CompiledJoinWave(CompiledCheck):
    """Its state is {"joins": events with accounts as their keys, "since": …}.

    Of somebody who joins again and again the last join counts, so that a wave is one of
    different people.
    """

    scope = Scope.GROUP

    def __init__(self, check: JoinWaveCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._windows = windows.SlidingWindows(options["windows"])

    def judge(self, subject: Subject, state: State | None = None) -> Judgement:
        if subject.kind is not Kind.JOIN or subject.is_history or not self._windows:
            return base.NOTHING
        state = state or {}
        at = subject.milliseconds
        if at <= state.get("since", at - 1):
            return base.NOTHING
        account = subject.account
        own = [each[0] for each in state.get("joins", ()) if each[1] == account]
        others = [each for each in state.get("joins", ()) if each[1] != account]
        joins = self._windows.record(others, max([at, *own]), account)
        state = {**state, "joins": joins}
        exceeded = self._windows.find_exceeded(joins, at)
        if exceeded is None:
            return Judgement(state=state)
        window, accounts = exceeded
        evidence = Evidence(
            reason="wave",
            words={
                "count": len(accounts),
                "seconds": window.seconds,
                "most": window.at_most,
            },
        )
        return Judgement([self._check.finding(1, evidence)], state)

    def clear(self, state: State, account: str) -> State:
        """Without the join of a person; of nobody (""), without all of them."""
        joins = state.get("joins", [])
        if account:
            return {**state, "joins": [each for each in joins if each[1] != account]}
        return {"since": joins[-1][0]} if joins else state


@base.register
class JoinWaveCheck(Check):
    key = "join_waves"
    rank = 90
    label = gettext_lazy("Join waves")
    description = gettext_lazy(
        "Many different people who join within a short time, as in a raid."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        Windows(
            key="windows",
            label=gettext_lazy("People who join"),
            default=(Window(60, 15),),
        ),
    )
    reasons = {
        "wave": gettext_lazy(
            "%(count)s people joined within %(seconds)s seconds, %(most)s allowed."
        ),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledJoinWave:
        return CompiledJoinWave(self, options)
