"""The questions of a gate as those of a survey, so that answers have one way. Pure.

A gate's question is a dict of `text`, `attribute` (the name of the one that the answer
fills, or "") and `answers`, each with `words` and a `tag` key or "". A question without
answers takes any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qunce.groups import chat_words
from qunce.members.surveys import judging
from qunce.members.surveys.questions import (
    CHOICES,
    InvalidAnswer,
    Kind,
    Option,
    Question,
    Value,
    list_shown,
)

KINDS: Mapping[str, str] = {"number": Kind.NUMBER, "date": Kind.DATE}
"""The kind of a question without answers, by the type of its attribute; others are texts."""
SEPARATOR = re.compile(r"[\s,，、;；]+")
Attributes = Mapping[str, tuple[str, Sequence[str]]]
"""Name → type and choices of the attributes that questions fill."""


def to_survey(
    questions: Iterable[Mapping[str, Any]],
    attributes: Attributes,
    known: Sequence[Question] = (),
) -> list[dict[str, Any]]:
    """The rows of a survey; questions and options with a text of `known` keep its key."""
    rows: list[dict[str, Any]] = []
    by_text = {(each.text, each.kind): each for each in known}
    used = {each.key for each in known}
    for given in questions:
        row = _to_row(given, attributes)
        before = by_text.get((row["text"], row["kind"]))
        taken = {each["key"] for each in rows}
        if before is not None and before.key not in taken:
            row["key"] = before.key
            _keep_options(row, before)
        else:
            row["key"] = next(
                key
                for key in (f"q{n}" for n in range(1, 2_000))
                if key not in used and key not in taken
            )
        rows.append(row)
    return rows


def _to_row(given: Mapping[str, Any], attributes: Attributes) -> dict[str, Any]:
    attribute = given.get("attribute") or ""
    kind_of_value, choices = attributes.get(attribute, ("", ()))
    answers = given.get("answers") or [{"words": [choice]} for choice in choices]
    row: dict[str, Any] = {"text": given["text"], "attribute": attribute}
    if not answers:
        return row | {"kind": str(KINDS.get(kind_of_value, Kind.TEXT))}
    options: dict[str, dict[str, Any]] = {}
    for answer in answers:
        first, *others = answer["words"]
        # Of two answers with the same first word, the first one was always found.
        option = {"text": first, "words": others, "tag": answer.get("tag") or ""}
        options.setdefault(first, option)
    return row | {"kind": str(Kind.SINGLE), "options": list(options.values())}


def _keep_options(row: dict[str, Any], before: Question) -> None:
    keys = {option.text: option.key for option in before.options}
    used = set(keys.values())
    for option in row.get("options", ()):
        key = keys.get(option["text"])
        if key is None:
            key = next(str(n) for n in range(1, 2_000) if str(n) not in used)
        option["key"] = key
        used.add(key)


def to_gate(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """The questions that are asked, as a gate writes them."""
    return [
        {
            "text": each.text,
            "attribute": each.attribute,
            "answers": [
                {"words": [option.text, *option.words], "tag": option.tag}
                for option in each.options
            ],
        }
        for each in list_asked(questions)
    ]


def list_asked(questions: Iterable[Question]) -> tuple[Question, ...]:
    """What a newcomer must answer: a chat takes no picture, and what is optional can wait."""
    return tuple(
        each for each in questions if each.is_required and each.kind != Kind.PICTURE
    )


# Answers


def read(question: Question, text: str, *, by_number: bool) -> Value | None:
    """What a text answers, None if it does not. Words of an option may be in a sentence.

    Options are answered `by_number`, too, where newcomers see them in a list.
    """
    folded = chat_words.fold(text)
    if not folded:
        return None
    if question.kind in CHOICES:
        found = _find_options(question, text, folded, by_number=by_number)
        given: Any = found if question.kind == Kind.MULTIPLE else found[:1]
    else:
        given = text.strip()
    try:
        return judging.parse_answer(question, given)
    except InvalidAnswer:
        return None


def _find_options(
    question: Question, text: str, folded: str, *, by_number: bool
) -> list[str]:
    """The option with that text or number; otherwise those whose words are said."""
    exact = text.strip().casefold()
    for each in question.options:
        if exact in {word.casefold() for word in _words(each)}:
            return [each.key]
    numbers = SEPARATOR.split(exact)
    by_place = {str(n): each.key for n, each in enumerate(question.options, start=1)}
    if by_number and all(number in by_place for number in numbers):
        return [by_place[number] for number in dict.fromkeys(numbers)]
    return [
        each.key
        for each in question.options
        if any(chat_words.is_said(word, folded) for word in _words(each))
    ]


def _words(option: Option) -> tuple[str, ...]:
    return (option.text, *option.words)


def shown_keys(
    questions: Sequence[Question], answers: Mapping[str, Value]
) -> frozenset[str]:
    """The keys of questions whose conditions hold for what was answered before."""
    return frozenset(each.key for each in list_shown(questions, answers))
