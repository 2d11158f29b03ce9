"""Questions of a survey: how they are written, when they are shown, which answers fit.

Pure functions over plain values. A question is asked only if its condition holds for an
answer to an earlier question, so that conditions form no circle. What was answered to a
question that is not shown (any more) is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import community_days, errors, names, text_validation
from qunce.members.attributes import parsing

MAX_QUESTIONS, MAX_OPTIONS = 50, 40
MAX_TEXT, MAX_OPTION, MAX_ANSWER = 300, 100, 2_000
MAX_NUMBER = 10**12
KEY = re.compile(r"[a-z0-9_]{1,20}")
PICTURE_ID = re.compile(r"[A-Za-z0-9_-]{22}")
FIRST = 1
"""The number of the first of the options that somebody chose, so that people are counted."""
Value = str | int | list[str]
Answers = Mapping[str, Value]


class Kind(models.TextChoices):
    SINGLE = "single", pgettext_lazy("question", "one of several")
    MULTIPLE = "multiple", pgettext_lazy("question", "any of several")
    NPS = "nps", pgettext_lazy("question", "0 to 10 (recommendation)")
    SCALE = "scale", pgettext_lazy("question", "1 to 5")
    NUMBER = "number", pgettext_lazy("question", "number")
    DATE = "date", pgettext_lazy("question", "date")
    TEXT = "text", pgettext_lazy("question", "text")
    PICTURE = "picture", pgettext_lazy("question", "picture")


CHOICES = (Kind.SINGLE, Kind.MULTIPLE)
SCALES: Mapping[str, tuple[int, int]] = {Kind.NPS: (0, 10), Kind.SCALE: (1, 5)}
NUMERIC = (*SCALES, Kind.NUMBER, Kind.DATE)
CONDITIONAL = (*CHOICES, *SCALES, Kind.NUMBER)
"""Kinds whose answers a condition can ask for."""


class Rule(models.TextChoices):
    """What holds when an answer differs from a value that staff set."""

    NEWEST = "newest", gettext_lazy("the answer, as it is newer")
    STAFF = "staff", gettext_lazy("the value of staff")
    ASK = "ask", gettext_lazy("a person decides")


class InvalidQuestions(errors.Invalid):
    """Questions cannot be stored or published like this; `question` is its number."""

    def __init__(self, text: str, question: int = 0) -> None:
        super().__init__(text)
        self.question = question


class InvalidAnswer(errors.Invalid):
    """An answer does not fit its question."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """`words` mean the same as its text where the answer is written in a chat."""

    key: str
    text: str
    tag: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One of these options, or a number from `least` to `most`, of an earlier question."""

    question: str
    options: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """`least` and `most` limit a number, or how many options may be chosen."""

    key: str
    kind: str
    text: str
    help: str = ""
    is_required: bool = True
    options: tuple[Option, ...] = ()
    least: int | None = None
    most: int | None = None
    when: Condition | None = None
    attribute: str = ""
    rule: str = Rule.NEWEST

    @property
    def limits(self) -> tuple[int | None, int | None]:
        return SCALES.get(self.kind, (self.least, self.most))

    @property
    def values(self) -> range:
        """The numbers of a scale."""
        least, most = SCALES[self.kind]
        return range(least, most + 1)

    def option(self, key: str) -> Option | None:
        return next((each for each in self.options if each.key == key), None)


# How they are written


def parse(rows: Any) -> tuple[Question, ...]:
    """The questions of a list of objects, as forms and programs write them.

    Raises InvalidQuestions, which names the question and what to change.
    """
    if not isinstance(rows, list):
        raise InvalidQuestions(_("Questions are a list."))
    if len(rows) > MAX_QUESTIONS:
        raise InvalidQuestions(
            _("A survey has at most %(most)s questions; these are %(n)s.")
            % {"most": MAX_QUESTIONS, "n": f"{len(rows):,}"}
        )
    found: list[Question] = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_parse_question(row, found, number))
        except InvalidQuestions as error:
            text = _("Question %(n)s: %(error)s") % {"n": number, "error": error}
            raise InvalidQuestions(text, number) from None
    return tuple(found)


def _parse_question(row: Any, earlier: Sequence[Question], number: int) -> Question:
    if not isinstance(row, dict):
        raise InvalidQuestions(_("Write an object with kind and text."))
    kind = row.get("kind", "")
    if kind not in Kind.values:
        raise InvalidQuestions(
            _("The kind is one of: %(all)s.") % {"all": ", ".join(Kind.values)}
        )
    key = row.get("key")
    key = _unused(earlier, number) if key in (None, "") else key
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise InvalidQuestions(_("A key has 1 to 20 of a–z, 0–9 and _."))
    if any(each.key == key for each in earlier):
        raise InvalidQuestions(
            _("Another question has the key %(key)s.") % {"key": key}
        )
    options = _parse_options(row.get("options"), kind)
    least, most = _parse_limits(row, kind, len(options))
    rule = row.get("rule")
    rule = Rule.NEWEST if rule in (None, "") else rule
    if rule not in Rule.values:
        raise InvalidQuestions(
            _("The rule is one of: %(all)s.") % {"all": ", ".join(Rule.values)}
        )
    is_required = row.get("is_required", True)
    return Question(
        key=key,
        kind=kind,
        text=_text(row.get("text"), MAX_TEXT, _("The question"), needed=True),
        help=_text(row.get("help"), MAX_TEXT, _("The note")),
        is_required=bool(is_required),
        options=options,
        least=least,
        most=most,
        when=_parse_condition(row.get("when"), earlier),
        attribute=_text(row.get("attribute"), 80, _("The attribute")),
        rule=rule,
    )


def _unused(earlier: Sequence[Question], number: int) -> str:
    used = {each.key for each in earlier}
    return next(
        key
        for key in (f"q{n}" for n in range(number, number + MAX_QUESTIONS + 1))
        if key not in used
    )


def _text(value: Any, most: int, label: str, *, needed: bool = False) -> str:
    text = names.clean(value) if isinstance(value, str) else ""
    if value not in (None, "") and not isinstance(value, str):
        raise InvalidQuestions(_("%(label)s is a text.") % {"label": label})
    if needed and not text:
        raise InvalidQuestions(_("%(label)s has no text.") % {"label": label})
    if len(text) > most or not text_validation.is_valid(text):
        raise InvalidQuestions(
            _("%(label)s has at most %(most)s characters.")
            % {"label": label, "most": most}
        )
    return text


def _parse_options(rows: Any, kind: str) -> tuple[Option, ...]:
    if kind not in CHOICES:
        return ()
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_OPTIONS:
        raise InvalidQuestions(_("Give 1 to %(most)s options.") % {"most": MAX_OPTIONS})
    found: list[Option] = []
    for row in rows:
        if isinstance(row, str):
            row = {"text": row}
        if not isinstance(row, dict):
            raise InvalidQuestions(_("An option is a text."))
        text = _text(row.get("text"), MAX_OPTION, _("An option"), needed=True)
        key = row.get("key")
        key = _unused_option(rows, found) if key in (None, "") else key
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise InvalidQuestions(_("A key has 1 to 20 of a–z, 0–9 and _."))
        if any(text == each.text or key == each.key for each in found):
            raise InvalidQuestions(_("Two options are “%(text)s”.") % {"text": text})
        found.append(
            Option(
                key=key,
                text=text,
                tag=_text(row.get("tag"), 100, _("The tag")),
                words=_parse_words(row.get("words")),
            )
        )
    return tuple(found)


def _parse_words(value: Any) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    if not isinstance(value, list) or len(value) > MAX_OPTIONS:
        raise InvalidQuestions(
            _("The words of an option are a list of at most %(most)s texts.")
            % {"most": MAX_OPTIONS}
        )
    words = (_text(each, MAX_OPTION, _("A word"), needed=True) for each in value)
    return tuple(dict.fromkeys(words))


def _unused_option(rows: Sequence[Any], found: Sequence[Option]) -> str:
    keys = (row.get("key") for row in rows if isinstance(row, dict))
    used = {key for key in keys if isinstance(key, str)}
    used |= {each.key for each in found}
    return next(str(n) for n in range(1, 2 * MAX_OPTIONS + 2) if str(n) not in used)


def _parse_limits(
    row: Mapping[str, Any], kind: str, options: int
) -> tuple[int | None, int | None]:
    if kind not in (Kind.NUMBER, Kind.MULTIPLE):
        return None, None
    least, most = _limit(row.get("least")), _limit(row.get("most"))
    if least is not None and most is not None and least > most:
        raise InvalidQuestions(
            _("The least, %(least)s, is more than the most, %(most)s.")
            % {"least": f"{least:,}", "most": f"{most:,}"}
        )
    if kind == Kind.MULTIPLE and not (0 <= (least or 0) <= options >= (most or 0) >= 0):
        raise InvalidQuestions(
            _("There are %(n)s options to choose from.") % {"n": options}
        )
    return least, most


def _limit(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,13}", value.strip(), re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_NUMBER:
        raise InvalidQuestions(_("A limit is a whole number, or empty."))
    return value


def _parse_condition(row: Any, earlier: Sequence[Question]) -> Condition | None:
    if row in (None, "", {}):
        return None
    if not isinstance(row, dict):
        raise InvalidQuestions(_("A condition names an earlier question."))
    asked = next((each for each in earlier if each.key == row.get("question")), None)
    if asked is None:
        raise InvalidQuestions(
            _("Its condition asks for a question that does not stand before it.")
        )
    if asked.kind not in CONDITIONAL:
        raise InvalidQuestions(
            _("“%(text)s” has no options and no number to ask for.")
            % {"text": asked.text}
        )
    if asked.kind in CHOICES:
        options = row.get("options") or []
        known = {each.key for each in asked.options}
        is_list = isinstance(options, list) and all(
            isinstance(each, str) and each in known for each in options
        )
        if not is_list or not options:
            raise InvalidQuestions(
                _("Choose options of “%(text)s” for the condition.")
                % {"text": asked.text}
            )
        return Condition(question=asked.key, options=tuple(dict.fromkeys(options)))
    least, most = _limit(row.get("least")), _limit(row.get("most"))
    if (least is None and most is None) or (
        least is not None and most is not None and least > most
    ):
        raise InvalidQuestions(
            _("Say from which number to which one “%(text)s” has to be answered.")
            % {"text": asked.text}
        )
    return Condition(question=asked.key, least=least, most=most)


def to_rows(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """What `parse` reads, with every key."""
    return [_to_row(each) for each in questions]


def _to_row(question: Question) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": question.key,
        "kind": str(question.kind),
        "text": question.text,
        "is_required": question.is_required,
    }
    if question.help:
        row["help"] = question.help
    if question.options:
        row["options"] = [
            {
                "key": each.key,
                "text": each.text,
                **({"tag": each.tag} if each.tag else {}),
                **({"words": list(each.words)} if each.words else {}),
            }
            for each in question.options
        ]
    for name in ("least", "most"):
        if getattr(question, name) is not None:
            row[name] = getattr(question, name)
    if (when := question.when) is not None:
        row["when"] = {"question": when.question}
        if when.options:
            row["when"]["options"] = list(when.options)
        for name in ("least", "most"):
            if getattr(when, name) is not None:
                row["when"][name] = getattr(when, name)
    if question.attribute:
        row["attribute"], row["rule"] = question.attribute, str(question.rule)
    return row


# Which are shown


def list_shown(questions: Sequence[Question], answers: Answers) -> list[Question]:
    """The questions whose conditions hold for these answers, in their order."""
    shown: list[Question] = []
    keys: set[str] = set()
    by_key = {each.key: each for each in questions}
    for each in questions:
        when = each.when
        if when is None or (
            when.question in keys
            and _holds(when, by_key[when.question], answers.get(when.question))
        ):
            shown.append(each)
            keys.add(each.key)
    return shown


def _holds(when: Condition, asked: Question, answer: Value | None) -> bool:
    if answer is None:
        return False
    if when.options:
        chosen = answer if isinstance(answer, list) else [answer]
        return any(each in when.options for each in chosen)
    number: float = int(answer) if isinstance(answer, int) else 0
    if isinstance(answer, str):
        number = parsing.parse_number(answer) / parsing.SCALE
    least, most = when.least, when.most
    return (least is None or number >= least) and (most is None or number <= most)


# How they are stored and read


def to_columns(question: Question, value: Value) -> Iterator[dict[str, Any]]:
    """The columns option, number and text of the rows of one answer."""
    if question.kind in CHOICES:
        for index, key in enumerate(value if isinstance(value, list) else [value]):
            yield {"option": key, "number": 0 if index else FIRST}
    elif question.kind in SCALES:
        yield {"number": value}
    elif question.kind == Kind.NUMBER:
        yield {"number": parsing.parse_number(str(value))}
    elif question.kind == Kind.DATE:
        yield {"number": parsing.parse_date(str(value))}
    else:
        yield {"text": value}


def format_stored(
    question: Question, option: str, number: int | None, text: str
) -> str:
    """One stored row of an answer as people read it."""
    if question.kind in CHOICES:
        found = question.option(option)
        return found.text if found else option
    if number is None:
        return text
    if question.kind == Kind.NUMBER:
        return parsing.format_decimal(number)
    if question.kind == Kind.DATE:
        return community_days.to_date(number).isoformat()
    return str(number)


def format_answer(question: Question, value: Value) -> str:
    """An answer as people read it, options by their texts."""
    rows = to_columns(question, value)
    return "; ".join(
        format_stored(
            question, row.get("option", ""), row.get("number"), row.get("text", "")
        )
        for row in rows
    )
