"""Which answers fit their questions: hidden ones are dropped, wrong ones have a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import community_days, text_validation
from qunce.members.attributes import parsing
from qunce.members.surveys.questions import (
    MAX_ANSWER,
    MAX_NUMBER,
    PICTURE_ID,
    SCALES,
    InvalidAnswer,
    Kind,
    Question,
    Value,
    list_shown,
)


@dataclass(frozen=True)
class Judged:
    """Answers that fit, the errors of the others by key, and texts of dropped questions."""

    answers: dict[str, Value] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)


def judge(questions: Sequence[Question], given: Mapping[str, Any]) -> Judged:
    """Judge what was given, question by question; a hidden one's answer is dropped."""
    judged = Judged()
    shown: list[Question] = []
    for each in questions:
        candidates = list_shown((*shown, each), judged.answers)
        value = given.get(each.key)
        if each not in candidates:
            if not _is_empty(value):
                judged.dropped.append(each.text)
            # Kept among the shown ones, so that a later condition finds it unanswered.
            shown.append(each)
            continue
        shown.append(each)
        try:
            answer = parse_answer(each, value)
        except InvalidAnswer as error:
            judged.errors[each.key] = str(error)
        else:
            if answer is not None:
                judged.answers[each.key] = answer
    return judged


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [])


def parse_answer(question: Question, value: Any) -> Value | None:
    """The answer in its normal form, None for none; raises InvalidAnswer."""
    if isinstance(value, str):
        value = value.strip()
    if _is_empty(value):
        if question.is_required:
            raise InvalidAnswer(_("Please answer this question."))
        return None
    return PARSERS[question.kind](question, value)


def _parse_single(question: Question, value: Any) -> Value:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str) or question.option(value) is None:
        raise InvalidAnswer(_("Choose one of the options."))
    return value


def _parse_multiple(question: Question, value: Any) -> Value:
    chosen = value if isinstance(value, list) else [value]
    known = [each.key for each in question.options]
    if not all(isinstance(each, str) and each in known for each in chosen):
        raise InvalidAnswer(_("Choose from the options."))
    count, (least, most) = len(set(chosen)), question.limits
    if least is not None and count < least:
        raise InvalidAnswer(_("Choose at least %(n)s.") % {"n": least})
    if most is not None and count > most:
        raise InvalidAnswer(_("Choose at most %(n)s.") % {"n": most})
    return [key for key in known if key in chosen]


def _parse_scale(question: Question, value: Any) -> Value:
    least, most = SCALES[question.kind]
    text = str(value)
    is_number = re.fullmatch(r"\d{1,2}", text, re.ASCII) and not isinstance(value, bool)
    if not is_number or not least <= int(text) <= most:
        raise InvalidAnswer(
            _("Choose a number from %(least)s to %(most)s.")
            % {"least": least, "most": most}
        )
    return int(text)


def _parse_number(question: Question, value: Any) -> Value:
    if isinstance(value, list | dict | bool) or len(str(value)) > 40:
        raise InvalidAnswer(_("Write a number."))
    try:
        scaled = parsing.parse_number(str(value))
    except parsing.InvalidValue as error:
        raise InvalidAnswer(str(error)) from None
    least, most = question.limits
    if abs(scaled) > MAX_NUMBER * parsing.SCALE:
        raise InvalidAnswer(_("Write a number."))
    if least is not None and scaled < least * parsing.SCALE:
        raise InvalidAnswer(
            _("Write a number of at least %(n)s.") % {"n": f"{least:,}"}
        )
    if most is not None and scaled > most * parsing.SCALE:
        raise InvalidAnswer(_("Write a number of at most %(n)s.") % {"n": f"{most:,}"})
    return parsing.format_decimal(scaled)


def _parse_date(question: Question, value: Any) -> Value:
    try:
        day = parsing.parse_date(str(value)[:40])
    except parsing.InvalidValue:
        raise InvalidAnswer(_("Write a date like 2026-03-05.")) from None
    return community_days.to_date(day).isoformat()


def _parse_text(question: Question, value: Any) -> Value:
    if not isinstance(value, str) or not text_validation.is_valid(value):
        raise InvalidAnswer(_("This contains characters that cannot be stored."))
    text = value.replace("\r\n", "\n").strip()
    if len(text) > MAX_ANSWER:
        raise InvalidAnswer(
            _("Write at most %(most)s characters; these are %(n)s.")
            % {"most": f"{MAX_ANSWER:,}", "n": f"{len(text):,}"}
        )
    return text


def _parse_picture(question: Question, value: Any) -> Value:
    if not isinstance(value, str) or not PICTURE_ID.fullmatch(value):
        raise InvalidAnswer(_("Choose a picture."))
    return value


PARSERS: Mapping[str, Callable[[Question, Any], Value]] = {
    Kind.SINGLE: _parse_single,
    Kind.MULTIPLE: _parse_multiple,
    Kind.NPS: _parse_scale,
    Kind.SCALE: _parse_scale,
    Kind.NUMBER: _parse_number,
    Kind.DATE: _parse_date,
    Kind.TEXT: _parse_text,
    Kind.PICTURE: _parse_picture,
}
