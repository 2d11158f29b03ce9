"""What was understood of a sentence: the rule, and a mark for each part of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["understood", "unknown", "ambiguous"]


@dataclass(frozen=True)
class Choice:
    """What could be meant; `text` says it in the place of the ambiguous words."""

    label: str
    text: str


@dataclass(frozen=True)
class Mark:
    """A part of the text from `start` to `end`; `note` says why it is not understood."""

    start: int
    end: int
    state: State
    choices: tuple[Choice, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Reading:
    """`rule` is None unless everything is understood. `notes` are what to look at."""

    text: str
    rule: Any
    marks: Sequence[Mark] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def is_complete(self) -> bool:
        return self.rule is not None


def with_understood(marks: Sequence[Mark], text: str) -> list[Mark]:
    """Marks for all of the text, in order and without overlaps."""
    result: list[Mark] = []
    at = 0
    for mark in sorted(marks, key=lambda each: (each.start, -each.end)):
        if mark.start < at:
            continue
        if text[at : mark.start].strip():
            result.append(Mark(at, mark.start, "understood"))
        result.append(mark)
        at = mark.end
    if text[at:].strip():
        result.append(Mark(at, len(text), "understood"))
    return result
