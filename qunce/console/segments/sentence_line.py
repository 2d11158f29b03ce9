"""What the line above the rule builder shows of a sentence that is being written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.members.rule_text import free_sentences, sentences
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text.free_text.reading import Choice, Reading

if TYPE_CHECKING:
    from qunce.console.segments.builder_choices import Choices
    from qunce.sets.rules.phrasing import Pieces


@dataclass(frozen=True)
class MarkedText:
    """A part of the sentence. `space` is what stands before it."""

    space: str
    text: str
    start: int
    state: str
    note: str
    choices: Sequence[Choice]


@dataclass(frozen=True)
class SentenceLine:
    """`meaning` is the rule as Qunce prints it, if all of the sentence is understood."""

    reading: Reading
    marks: Sequence[MarkedText] = ()
    meaning: Pieces = ()
    error: str = ""

    @property
    def notes(self) -> Sequence[MarkedText]:
        return [mark for mark in self.marks if mark.note]


def read(text: str, choices: Choices) -> SentenceLine | None:
    """None for no sentence."""
    if not text.strip():
        return None
    try:
        reading = free_sentences.read(by=choices.by, text=text, at=choices.at)
    except errors.Invalid as error:
        return SentenceLine(Reading(text, None), error=str(error))
    meaning: Pieces = ()
    if reading.rule is not None:
        names = rule_names.find(choices.community, reading.rule)
        meaning = sentences.describe(reading.rule, names)
    return SentenceLine(reading, list_marks(reading), meaning)


def list_marks(reading: Reading) -> list[MarkedText]:
    marks, at = [], 0
    for mark in reading.marks:
        text = reading.text[mark.start : mark.end]
        space = reading.text[at : mark.start]
        marks.append(
            MarkedText(space, text, mark.start, mark.state, mark.note, mark.choices)
        )
        at = mark.end
    return marks


def choose(text: str, argument: str, choices: Choices) -> str:
    """The sentence with one of the choices in the place of the ambiguous words."""
    start, _colon, number = argument.partition(":")
    line = read(text, choices)
    for mark in line.marks if line else ():
        if str(mark.start) == start and number.isdecimal():
            for choice in mark.choices[int(number[:3]) : int(number[:3]) + 1]:
                before, after = text[: mark.start], text[mark.start + len(mark.text) :]
                return (
                    f"{before.rstrip()} {choice.text.strip()} {after.lstrip()}".strip()
                )
    return text
