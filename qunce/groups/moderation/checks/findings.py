"""Findings of checks, with the evidence that staff read.

A finding is stored as plain values, and worded in the language of its reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

UNSTORABLE = re.compile("[\\x00\ud800-\udfff]")
MAX_MATCHED = 200
"""Longest part of a text that is stored as evidence."""
MAX_MESSAGES = 50
"""Most earlier messages that are stored with a piece of evidence."""
MAX_EVIDENCE = 20
"""Most pieces of evidence of one finding."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What matched, and where.

    `place` is "text", "name", or "file:0" for the first file. `start` and `end` are
    positions in the original text, equal if the evidence is not a part of it. `reason`
    is the key of a sentence of the check, and `words` are the values in it. `messages`
    are the keys of earlier messages that belong to it, such as those of a flood.
    """

    reason: str
    place: str = "text"
    start: int = 0
    end: int = 0
    matched: str = ""
    words: Mapping[str, str | int] = field(default_factory=dict)
    messages: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "place": self.place,
            "start": self.start,
            "end": self.end,
            "matched": _storable(self.matched[:MAX_MATCHED]),
            "words": {
                name: _storable(word) if isinstance(word, str) else word
                for name, word in self.words.items()
            },
            "messages": list(self.messages[-MAX_MESSAGES:]),
        }


def _storable(text: str) -> str:
    """The text without what no database stores: NUL and halves of characters."""
    return UNSTORABLE.sub("\ufffd", text)


@dataclass(frozen=True, kw_only=True)
class _Finding:
    check: str
    score: float
    evidence: tuple[Evidence, ...]

    def to_json(self) -> dict[str, Any]:
        shown = [each.to_json() for each in self.evidence[:MAX_EVIDENCE]]
        return {"check": self.check, "score": self.score, "evidence": shown}


@dataclass(frozen=True, kw_only=True)
class HardFinding(_Finding):
    """A fact about the subject, on which a rule may act."""

    may_act: ClassVar[Literal[True]] = True


@dataclass(frozen=True, kw_only=True)
class AdvisoryFinding(_Finding):
    """The guess of a model. It may raise a case and is never a ground for an action.

    It is no HardFinding, so that what acts cannot be given one.
    """

    may_act: ClassVar[Literal[False]] = False


Finding = HardFinding | AdvisoryFinding


def list_hard(findings: Sequence[Finding]) -> list[HardFinding]:
    """Those on which a rule may act."""
    return [each for each in findings if isinstance(each, HardFinding)]
