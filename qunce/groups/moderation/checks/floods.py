"""Floods: more messages of one person than sliding windows allow."""

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


class CompiledFlood(CompiledCheck):
    """Its state is {"events": …, "since": the time up to which nothing counts}."""

    scope = Scope.PERSON

    def __init__(self, check: FloodCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._windows = windows.SlidingWindows(options["windows"])

    def judge(self, subject: Subject, state: State | None = None) -> Judgement:
        state = state or {}
        at = subject.milliseconds
        if (
            not self._windows
            or subject.kind is not Kind.MESSAGE
            or subject.is_history
            or at <= state.get("since", at - 1)
        ):
            return base.NOTHING
        events = self._windows.record(state.get("events", ()), at, subject.key)
        exceeded = self._windows.find_exceeded(events, at)
        state = {**state, "events": events}
        if exceeded is None:
            return Judgement(state=state)
        window, keys = exceeded
        evidence = Evidence(
            reason="flood",
            words={
                "count": len(keys),
                "seconds": window.seconds,
                "most": window.at_most,
            },
            messages=keys,
        )
        score = min(1.0, len(keys) / (2 * window.at_most))
        return Judgement([self._check.finding(score, evidence)], state)

    def clear(self, state: State, account: str) -> State:
        events = state.get("events")
        return {"since": events[-1][0]} if events else state


@base.register
class FloodCheck(Check):
    key = "floods"
    rank = 60
    label = gettext_lazy("Floods")
    description = gettext_lazy(
        "Too many messages of one person in a short time. Edits and history do not "
        "count, and after a penalty the count starts again."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        Windows(
            key="windows",
            label=gettext_lazy("Messages of one person"),
            default=(Window(10, 8), Window(60, 15)),
        ),
    )
    reasons = {
        "flood": gettext_lazy(
            "%(count)s messages within %(seconds)s seconds, %(most)s allowed."
        ),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledFlood:
        return CompiledFlood(self, options)
