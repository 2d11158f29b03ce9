"""Sentences that are read as rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.rule_text import free_sentences, sentences
from qunce.members.rule_text import names as rule_names

router = Router(auth=RequiresScope("segments", action="read"), tags=["segments"])


class SentenceIn(schemas.InputSchema):
    """In Chinese or English, as the rule builder prints it or as people say it."""

    sentence: Annotated[str, Field(min_length=1, max_length=500)]


class SentenceChoiceOut(schemas.OutputSchema):
    """`text` says it in the place of the ambiguous words."""

    label: str
    text: str


class SentenceMarkOut(schemas.OutputSchema):
    """A part of the sentence, as positions of its characters.

    `state` is `understood`, `unknown` or `ambiguous`; `note` says what is missing.
    """

    start: int
    end: int
    state: Literal["understood", "unknown", "ambiguous"]
    note: str
    choices: list[SentenceChoiceOut]


class SentenceOut(schemas.OutputSchema):
    """`rule` is null unless all of the sentence is understood; `text` is the rule in the
    words of the rule builder. `notes` are what to look at before it is saved."""

    rule: dict[str, Any] | None
    text: str
    marks: list[SentenceMarkOut]
    notes: list[str]


@router.post("/rules/read", response=SentenceOut)
def read_sentence(request: ApiRequest, data: SentenceIn) -> dict[str, Any]:
    """Read a sentence as a rule. Nothing is guessed, and nothing is saved."""
    reading = free_sentences.read(by=request.by, text=data.sentence, at=request.at)
    text = ""
    if reading.rule is not None:
        names = rule_names.find(request.community, reading.rule)
        text = sentences.to_text(reading.rule, names)
    return {
        "rule": reading.rule,
        "text": text,
        "marks": [
            {
                "start": mark.start,
                "end": mark.end,
                "state": mark.state,
                "note": mark.note,
                "choices": [{"label": c.label, "text": c.text} for c in mark.choices],
            }
            for mark in reading.marks
        ],
        "notes": list(reading.notes),
    }
