"""Repeats: the same text of one person again and again."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
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
from qunce.groups.moderation.checks.options import Number, Option, Window, Windows
from qunce.groups.moderation.checks.subjects import Kind, Subject
from qunce.groups.moderation.contents.normalisation import Normalised

MAX_TEXTS = 50
"""Texts of one person that are remembered, the last ones."""


def find_text_key(text: Normalised) -> str:
    """A hash of the letters and digits of a text, or of its signs if it has none."""
    plain = text.letters or "".join(text.digits.split())
    return blake2b(plain.encode(), digest_size=8).hexdigest()


class CompiledRepeats(CompiledCheck):
    """Its state is {"texts": {hash: events}, "since": …}."""

    scope = Scope.PERSON

    def __init__(self, check: RepeatCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._windows = windows.SlidingWindows(options["windows"])
        self._shortest: int = options["shortest"]

    def judge(self, subject: Subject, state: State | None = None) -> Judgement:
        state = state or {}
        at = subject.milliseconds
        if (
            not self._windows
            or subject.kind is not Kind.MESSAGE
            or subject.is_history
            or len(subject.normalised.digits) < self._shortest
            or at <= state.get("since", at - 1)
        ):
            return base.NOTHING
        key = find_text_key(subject.normalised)
        texts = dict(state.get("texts", ()))
        events = self._windows.record(texts.pop(key, ()), at, subject.key)
        texts[key] = events
        self._forget(texts, at)
        state = {**state, "texts": texts}
        exceeded = self._windows.find_exceeded(events, at)
        if exceeded is None:
            return Judgement(state=state)
        window, keys = exceeded
        evidence = Evidence(
            reason="repeat",
            start=0,
            end=len(subject.text),
            matched=subject.text,
            words={
                "count": len(keys),
                "seconds": window.seconds,
                "most": window.at_most,
            },
            messages=keys,
        )
        return Judgement([self._check.finding(1, evidence)], state)

    def _forget(self, texts: dict[str, list[windows.Event]], at: int) -> None:
        """Drop the texts that no window reaches; those sent last are at the end."""
        horizon = at - self._windows.longest
        while texts:
            key, events = next(iter(texts.items()))
            if len(texts) <= MAX_TEXTS and int(events[-1][0]) > horizon:
                break
            del texts[key]

    def clear(self, state: State, account: str) -> State:
        texts = state.get("texts")
        if not texts:
            return state
        return {"since": max(events[-1][0] for events in texts.values())}


@base.register
class RepeatCheck(Check):
    key = "repeats"
    rank = 70
    label = gettext_lazy("Repeats")
    description = gettext_lazy(
        "The same text of one person again, also spaced or disguised in another way."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        Windows(
            key="windows",
            label=gettext_lazy("The same text of one person"),
            default=(Window(600, 2),),
        ),
        Number(
            key="shortest",
            label=gettext_lazy("Shortest text that counts"),
            unit=gettext_lazy("characters"),
            default=6,
            least=1,
            most=1_000,
        ),
    )
    reasons = {
        "repeat": gettext_lazy(
            "The same text %(count)s times within %(seconds)s seconds, %(most)s allowed."
        ),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledRepeats:
        return CompiledRepeats(self, options)
