"""The rules of a game, as its settings have them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities.kind_contract import (
    InvalidSetting,
    NotBetter,
    SettingField,
    is_stricter,
)
from qunce.activities.games import answers, idioms
from qunce.activities.games.answers import Accepted
from qunce.activities.games.deciders import Chain, Mode, Question
from qunce.activities.games.models import MAX_ANSWER
from qunce.activities.prizes import choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

    from qunce.activities.activities.models import Activity

QUIZ, RIDDLE, GUESS, IDIOM_CHAIN = "quiz", "riddle", "guess", "idiom_chain"
KINDS = (QUIZ, RIDDLE, GUESS, IDIOM_CHAIN)
MAX_QUESTIONS, MAX_TEXT, MAX_POINTS, MAX_WINNERS = 50, 200, 10_000, 100
MAX_TRIES = 100
"""Answers of one person to one question that are stored, where there is no limit."""
MIN_SECONDS, MAX_SECONDS = 5, 7 * 24 * 3_600


class Pace(StrEnum):
    """When the questions are asked."""

    ALL = "all"
    BY_HAND = "by_hand"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as members read it, and how it is judged."""

    number: int
    text: str
    answer: str
    seconds: int | None
    question: Question


@dataclass(frozen=True)
class Rules:
    """The rules of one game; `kind` is the key of its kind."""

    kind: str
    settings: Mapping[str, Any]

    @property
    def is_chain(self) -> bool:
        return self.kind == IDIOM_CHAIN

    @cached_property
    def mode(self) -> Mode:
        return Mode(self.settings.get("mode", Mode.FIRST))

    @cached_property
    def pace(self) -> Pace:
        return Pace(self.settings.get("pace", Pace.AUTOMATIC))

    @property
    def pays(self) -> bool:
        return bool(self.settings.get("pays"))

    @property
    def winners(self) -> int:
        return int(self.settings["winners"]) if self.settings.get("prize") else 0

    @property
    def prize(self) -> str:
        return str(self.settings.get("prize") or "")

    @cached_property
    def tries(self) -> int | None:
        tries: int | None = self.settings.get("tries")
        return tries

    @cached_property
    def questions(self) -> tuple[Asked, ...]:
        rows = self.settings.get("questions", ())
        return tuple(self._read(number, row) for number, row in enumerate(rows, 1))

    def find(self, number: int) -> Asked | None:
        found = self.questions
        return found[number - 1] if 0 < number <= len(found) else None

    @property
    def chain(self) -> Chain:
        return Chain(
            points=self.settings["points"],
            by_sound=self.settings["homophones"],
            takes_turns=self.settings["turns"],
            any_word=self.settings["any_word"],
        )

    @property
    def start(self) -> str:
        return answers.normalise(self.settings["start"])

    def listens(self, asked: Asked) -> bool:
        """Whether a line of a chat without the keyword may be an answer to a question.

        Not where a wrong one would use up a try, but for choices, which are hardly said
        for anything else.
        """
        return bool(asked.question.choices) or asked.question.tries is None

    def _read(self, number: int, row: Mapping[str, Any]) -> Asked:
        right = (row["answer"], *answers.split(row.get("others", "")))
        options = answers.split(row.get("choices", ""))
        question = Question(
            accepted=Accepted.of(right, by_sound=bool(self.settings.get("by_sound"))),
            mode=self.mode,
            choices=options,
            points=row["points"],
            tries=1 if options else self.tries,
        )
        if self.kind == GUESS:
            number_of = answers.parse_number(row["answer"])
            question = replace(question, has_hints=True, number=number_of)
        return Asked(
            number=number,
            text=row["question"],
            answer=row["answer"],
            seconds=None if self.pace == Pace.ALL else row.get("seconds"),
            question=question,
        )


def of(activity: Activity) -> Rules:
    return Rules(kind=activity.kind, settings=activity.settings)


# Settings


POINTS = SettingField(
    name="points",
    label=pgettext_lazy("question", "Points"),
    type="number",
    default=10,
    most=MAX_POINTS,
)
SECONDS = SettingField(
    name="seconds",
    label=gettext_lazy("Time limit in seconds"),
    type="number",
    default=None,
    least=MIN_SECONDS,
    most=MAX_SECONDS,
    none_label=gettext_lazy("no limit"),
)


def question_rows(
    *,
    label: StrOrPromise,
    question: StrOrPromise,
    answer: StrOrPromise,
    has_choices: bool = False,
    has_others: bool = True,
) -> SettingField:
    """The setting `questions` of a kind."""
    columns = [
        SettingField(
            name="question", label=question, max_length=MAX_TEXT, is_required=True
        ),
        SettingField(
            name="answer", label=answer, max_length=MAX_ANSWER, is_required=True
        ),
    ]
    if has_others:
        columns.append(
            SettingField(
                name="others",
                label=gettext_lazy("Further right answers"),
                max_length=MAX_TEXT,
                help=gettext_lazy("Separated by slashes, such as: 北平 / Peking"),
            )
        )
    if has_choices:
        columns.append(
            SettingField(
                name="choices",
                label=gettext_lazy("Choices"),
                max_length=MAX_TEXT,
                help=gettext_lazy(
                    "Separated by slashes, the right answer among them. If empty, "
                    "members answer in their own words."
                ),
            )
        )
    columns += [POINTS, SECONDS]
    return SettingField(
        name="questions",
        label=label,
        type="rows",
        default=[],
        columns=tuple(columns),
        most_rows=MAX_QUESTIONS,
    )


PACES = (
    (Pace.ALL.value, gettext_lazy("all at once, until the end")),
    (Pace.BY_HAND.value, gettext_lazy("one after the other, opened by staff")),
    (Pace.AUTOMATIC.value, gettext_lazy("one after the other, automatically")),
)
MODES = (
    (Mode.ALL.value, gettext_lazy("everybody who is right in time")),
    (Mode.FIRST.value, gettext_lazy("the first who is right")),
    (Mode.SPEED.value, gettext_lazy("everybody, more points for the faster")),
)
PACE = SettingField(
    name="pace",
    label=gettext_lazy("The questions are asked"),
    type="choice",
    default=Pace.AUTOMATIC.value,
    choices=PACES[1:],
)
BY_SOUND = SettingField(
    name="by_sound",
    label=gettext_lazy("Take answers that sound right (pinyin)"),
    type="yes_no",
    default=False,
)
REWARDS = (
    SettingField(
        name="pays",
        label=gettext_lazy("The points of the game become points of the member"),
        type="yes_no",
        default=True,
        help=gettext_lazy("Paid a few minutes after the end, within the budget."),
    ),
    SettingField(
        name="prize",
        label=gettext_lazy("Prize of the best"),
        type="choice",
        default="",
        choices=choices.list_prizes,
        none_label=pgettext_lazy("prize", "none"),
    ),
    SettingField(
        name="winners",
        label=gettext_lazy("How many of the best get the prize"),
        type="number",
        default=1,
        least=1,
        most=MAX_WINNERS,
    ),
)


def check_settings(settings: dict[str, Any]) -> None:
    """Raise InvalidSetting for questions that nobody could answer."""
    for number, row in enumerate(settings["questions"], 1):
        _check_row(number, row)
    mode, pace = settings.get("mode"), settings.get("pace")
    if mode == Mode.SPEED:
        if pace == Pace.ALL:
            raise InvalidSetting(
                _("By speed needs questions that are asked one after the other.")
            )
        if any(row["seconds"] is None for row in settings["questions"]):
            raise InvalidSetting(_("By speed needs seconds for every question."))


def _check_row(number: int, row: Mapping[str, Any]) -> None:
    right = (row["answer"], *answers.split(row.get("others", "")))
    if not all(map(answers.normalise, right)):
        raise InvalidSetting(
            _("Question %(n)s: a right answer is empty.") % {"n": number}
        )
    options = answers.split(row.get("choices", ""))
    if not options:
        return
    keys = {answers.normalise(choice) for choice in options}
    if not 2 <= len(options) <= answers.MAX_CHOICES or len(keys) != len(options):
        raise InvalidSetting(
            _("Question %(n)s: give 2 to %(most)s different choices.")
            % {"n": number, "most": answers.MAX_CHOICES}
        )
    if not any(answers.normalise(text) in keys for text in right):
        raise InvalidSetting(
            _("Question %(n)s: the right answer is not among the choices.")
            % {"n": number}
        )


def check_chain(settings: dict[str, Any]) -> None:
    word = idioms.read(settings["start"])
    if settings["start"] and word is None:
        raise InvalidSetting(
            _("Start with an idiom of %(least)s to %(most)s characters.")
            % {"least": idioms.MIN_LENGTH, "most": idioms.MAX_LENGTH}
        )


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Questions can be added, and more answers count; nothing that members read is lost."""
    for name in ("mode", "pace", "prize", "winners", "start"):
        if before.get(name) != after.get(name):
            raise NotBetter(
                _(
                    "How it is played, the start and the prize stay as members read them."
                )
            )
    for name in ("pays", "by_sound", "homophones", "any_word"):
        if before.get(name) and not after.get(name):
            raise NotBetter(_("What counts now has to count until the end."))
    if not before.get("turns", True) and after.get("turns"):
        raise NotBetter(_("What counts now has to count until the end."))
    if is_stricter(before.get("tries"), after.get("tries")):
        raise NotBetter(_("The number of tries cannot decrease after publication."))
    if before.get("points", 0) > after.get("points", 0):
        raise NotBetter(_("Points cannot decrease after publication."))
    old, new = before.get("questions", []), after.get("questions", [])
    if len(new) < len(old):
        raise NotBetter(_("Questions can be added at the end, and none removed."))
    for was, now in zip(old, new, strict=False):
        _check_row_is_better(was, now)


def _check_row_is_better(was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if any(
        was.get(name) != now.get(name) for name in ("question", "answer", "choices")
    ):
        raise NotBetter(
            _("Questions, answers and choices stay as they were published.")
        )
    old, new = (set(answers.split(row.get("others", ""))) for row in (was, now))
    if not old <= new:
        raise NotBetter(_("Right answers can be added, but not removed."))
    if now["points"] < was["points"]:
        raise NotBetter(_("Points cannot decrease after publication."))
    if is_stricter(was["seconds"], now["seconds"]):
        raise NotBetter(_("The seconds of a question cannot decrease."))
