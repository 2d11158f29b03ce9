"""What members read in a game: questions, what an answer was, and who was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.games import answers
from qunce.activities.games.deciders import Mode, Outcome, Verdict
from qunce.activities.games.rules import Asked, Pace, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qunce.activities.activities.models import Activity


OPEN = pgettext_lazy("round", "open")
COPY_QUESTION = gettext_lazy("Copy the question")
COPY_RESULT = gettext_lazy("Copy the result")
COPY_STATE = gettext_lazy("Copy how far it is")
COPY_BEST = gettext_lazy("Copy the best")
COPY_WINNERS = gettext_lazy("Copy the winners")


def keyword_of(own: Rules) -> str:
    return kind_contract.get(own.kind).keyword


def ask(asked: Asked, own: Rules) -> str:
    """A question as it is posted, with its choices and how to answer it."""
    heading = _("Question %(n)s of %(all)s: %(text)s") % {
        "n": asked.number,
        "all": len(own.questions),
        "text": asked.text,
    }
    lines = [heading, *choice_lines(asked)]
    if asked.seconds is not None:
        lines.append(seconds_text(asked.seconds))
    if own.pace == Pace.ALL or not own.listens(asked):
        values = {"word": keyword_of(own)}
        lines.append(_("Write “%(word)s” and your answer.") % values)
    elif asked.question.choices:
        lines.append(_("Write the letter."))
    else:
        lines.append(_("Write your answer."))
    return "\n".join(lines)


def choice_lines(asked: Asked) -> list[str]:
    pairs = zip(answers.LETTERS.upper(), asked.question.choices, strict=False)
    return [f"{letter}. {choice}" for letter, choice in pairs]


def seconds_text(seconds: int) -> str:
    text = ngettext("Time: %(n)s second", "Time: %(n)s seconds", seconds)
    return text % {"n": f"{seconds:,}"}


def result(own: Rules, asked: Asked, counted: Sequence[tuple[str, int]]) -> str:
    """The result of a question for the groups: the answer, and who was right.

    `counted` are masked names with points, in the order in which they answered.
    """
    values = {"n": asked.number, "answer": asked.answer}
    lines = [_("Question %(n)s: the answer is “%(answer)s”.") % values]
    if not counted:
        lines.append(_("Nobody was right."))
    elif own.mode == Mode.FIRST:
        name, points = counted[0]
        lines.append(_("First: %(name)s (%(points)s)") % _named(name, points))
    else:
        text = ngettext(
            "%(n)s person was right.", "%(n)s people were right.", len(counted)
        )
        lines.append(text % {"n": f"{len(counted):,}"})
        name, points = counted[0]
        lines.append(_("Fastest: %(name)s (%(points)s)") % _named(name, points))
    return "\n".join(lines)


def _named(name: str, points: int) -> dict[str, str]:
    return {"name": name, "points": points_text(points)}


def points_text(points: int) -> str:
    text = ngettext("%(n)s point", "%(n)s points", points)
    return text % {"n": f"{points:,}"}


def ranking(name: str, rows: Sequence[tuple[int, str, int]]) -> str:
    """The best people of a game, for the groups: place, masked name, points."""
    lines = [_("The best of “%(name)s”:") % {"name": name}]
    lines += [
        _("%(place)s. %(name)s, %(points)s")
        % {"place": place, "name": who, "points": points_text(points)}
        for place, who, points in rows
    ]
    return "\n".join(lines)


def verdict(own: Rules, asked: Asked | None, found: Verdict, said: str) -> str:
    """What a member reads about their answer."""
    if found.outcome == Outcome.RIGHT and not own.is_chain:
        values = {"points": points_text(found.points)}
        if own.mode == Mode.FIRST:
            return _("Right, and you were the first: %(points)s.") % values
        return _("Right: %(points)s.") % values
    if found.outcome == Outcome.WRONG and asked is not None and asked.question.choices:
        return _("Not right.")
    return outcome(found.outcome, said)


def outcome(found: Outcome, said: str = "") -> str:
    """What an outcome says, apart from a right answer to a question."""
    word = answers.normalise(said)
    texts = {
        Outcome.RIGHT: _("“%(word)s” follows."),
        Outcome.BEATEN: _("Right, but somebody else was faster."),
        Outcome.WRONG: _("Not right. Try again."),
        Outcome.LOW: _("%(word)s is too low."),
        Outcome.HIGH: _("%(word)s is too high."),
        Outcome.ANSWERED: _("You have answered this question."),
        Outcome.NO_TRIES: _("You have no further try for this question."),
        Outcome.LATE: _("This question is over."),
        Outcome.IGNORED: _("This question is over."),
        Outcome.NOT_IDIOM: _(
            "“%(word)s” is not in the dictionary of idioms. Our staff can let it count."
        ),
        Outcome.WRONG_START: _("“%(word)s” does not follow."),
        Outcome.USED: _("“%(word)s” was said before."),
        Outcome.OWN_TURN: _("Let somebody else go on first."),
    }
    return texts[found] % {"word": word[:20]}


def outcome_label(found: str) -> str:
    """What an outcome is called where staff read it."""
    labels = {
        Outcome.RIGHT: pgettext("game answer", "right"),
        Outcome.BEATEN: pgettext("game answer", "right, not first"),
        Outcome.WRONG: pgettext("game answer", "wrong"),
        Outcome.LOW: pgettext("game answer", "too low"),
        Outcome.HIGH: pgettext("game answer", "too high"),
        Outcome.NOT_IDIOM: pgettext("game answer", "not in the dictionary"),
        Outcome.WRONG_START: pgettext("game answer", "does not follow"),
        Outcome.USED: pgettext("game answer", "said before"),
        Outcome.OWN_TURN: pgettext("game answer", "twice in a row"),
    }
    return labels.get(Outcome(found), found)


def chain_state(last: str) -> str:
    """Where a chain is, and what follows."""
    values = {"last": last, "next": last[-1]}
    return _("The chain is at “%(last)s”. Go on with “%(next)s”.") % values


def no_question() -> str:
    return _("No question is open at the moment.")


def wait() -> str:
    return _("You are in. The next question comes soon.")


def all_answered() -> str:
    return _("You have answered all questions.")


def rehearsal(activity: Activity, own: Rules) -> str:
    """What the first one who takes part would read."""
    if own.is_chain:
        return chain_state(own.start) if own.start else no_question()
    asked = own.find(1)
    return ask(asked, own) if asked is not None else no_question()
