"""Results of a survey: n answered of m asked, and numbers per question.

A person is counted once per round, however many accounts they have: after a merge, the
newest answers of the person count. Staff with a scope get the numbers of their members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import db, permissions
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import parsing
from qunce.members.people import visibility
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys import respondents, surveys
from qunce.members.surveys.models import Survey, SurveyResponse
from qunce.members.surveys.questions import CHOICES, SCALES, Kind, Question
from qunce.members.surveys.survey_facts import VIEW, VIEW_ANSWERS
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

LEAST_ANONYMOUS = 5
"""Results of an anonymous survey are shown from so many answers on."""
Counts = Mapping[str, Counter[tuple[str, int | None]]]
"""Question → (option, number) → how many."""


@dataclass(frozen=True, kw_only=True)
class QuestionResult:
    """`lines` are label, count and share of those who answered; numbers may be None."""

    question: Question
    answered: int
    lines: Sequence[tuple[str, int, float]] = ()
    mean: float | None = None
    median: float | None = None
    nps: int | None = None
    least: str = ""
    most: str = ""


@dataclass(frozen=True, kw_only=True)
class Results:
    """`asked` are the members whom the survey is for now; `held` says why none is shown."""

    survey: Survey
    answered: int
    asked: int
    questions: Sequence[QuestionResult] = ()
    held: str = ""

    @property
    def share(self) -> float:
        return self.answered / self.asked if self.asked else 0.0


def compute(
    *,
    survey: Survey,
    by: Staff,
    at: datetime,
    round: str = "",  # noqa: A002
) -> Results:
    """The results that `by` may see, of one round or of all."""
    permissions.check_may(by, VIEW)
    permissions.check_community(by, survey.community_id)
    people = respondents.find_people(survey, at=at)
    if by.scope is not None:
        people = people & visibility.visible_people(by=by, at=at)
    if survey.is_anonymous:
        return _anonymous(survey, by, len(people), round)
    chosen = _Chosen.find(survey, by, at, round)
    return Results(
        survey=survey,
        answered=chosen.people,
        # Who has answered was asked, also if they have left since.
        asked=len(people | bitmaps.of(chosen.people_set)),
        questions=list(_by_question(survey, chosen.count())),
    )


def _anonymous(survey: Survey, by: Staff, asked: int, round: str) -> Results:  # noqa: A002
    rows = SurveyResponse.objects.filter(survey=survey)
    if round:
        rows = rows.filter(round=round)
    answered = rows.count()
    held = ""
    if by.scope is not None:
        held = _(
            "Answers without a person belong to no scope. Staff who see the whole"
            " community see them."
        )
    elif answered < LEAST_ANONYMOUS:
        held = _(
            "Results are shown from %(n)s answers on, as fewer would say who answered"
            " what."
        ) % {"n": LEAST_ANONYMOUS}
    counts: Counts = {} if held else _count(survey, round)
    return Results(
        survey=survey,
        answered=answered,
        asked=max(asked, answered),
        questions=[] if held else list(_by_question(survey, counts)),
        held=held,
    )


# Which responses count


@dataclass(frozen=True)
class _Chosen:
    """The responses that count: all of the survey but `left_out`, or only `ids`."""

    survey: Survey
    round: str
    people_set: set[int]
    left_out: Sequence[int] = ()
    ids: Sequence[int] | None = None

    @property
    def people(self) -> int:
        return len(self.people_set)

    @classmethod
    def find(cls, survey: Survey, by: Staff, at: datetime, round_: str) -> _Chosen:
        newest, left_out = list_counted(survey, round_)
        if by.scope is None:
            return cls(survey, round_, {person for person, _id in newest}, left_out)
        visible = visibility.visible_people(by=by, at=at)
        own = [(person, pk) for person, pk in newest if person in visible]
        people = {person for person, _pk in own}
        return cls(survey, round_, people, ids=[pk for _person, pk in own])

    def count(self) -> Counts:
        if self.ids is not None:
            return _count_of(self.survey, self.ids)
        counts = _count(self.survey, self.round)
        for key, removed in _count_of(self.survey, self.left_out).items():
            counts[key].subtract(removed)
        return counts


def list_counted(
    survey: Survey,
    round: str = "",  # noqa: A002
) -> tuple[list[tuple[int, int]], list[int]]:
    """(person, response id) of the responses that count, and the ids of the others.

    Others are those of merged people who have a newer one in the same round.
    """
    rows = db.rows(
        "SELECT r.id, COALESCE(a.person_id, r.account_id), r.round, r.answered_at"  # noqa: S608
        " FROM surveys_surveyresponse r"
        " LEFT JOIN sets_alias a ON a.account_id = r.account_id"
        " WHERE r.survey_id = %s AND r.account_id IS NOT NULL"
        + (" AND r.round = %s" if round else ""),
        [survey.pk, *([round] if round else [])],
    )
    newest: dict[tuple[int, str], tuple[int, int]] = {}
    left_out: list[int] = []
    for pk, person, own_round, answered_at in rows:
        key, candidate = (person, own_round), (answered_at, pk)
        other = newest.get(key)
        if other is None or candidate > other:
            newest[key] = candidate
            if other is not None:
                left_out.append(other[1])
        else:
            left_out.append(pk)
    return [(person, pk) for (person, _r), (_at, pk) in newest.items()], left_out


# Counting

SELECT = (
    "SELECT question, option, number, COUNT(*)"
    " FROM surveys_surveyanswer WHERE survey_id = %s"
)
GROUP = " GROUP BY question, option, number"


def _count(survey: Survey, round_: str) -> dict[str, Counter[tuple[str, int | None]]]:
    if not round_:
        return _collect(db.rows(SELECT + GROUP, [survey.pk]))
    condition = (
        " AND response_id IN (SELECT id FROM surveys_surveyresponse"
        " WHERE survey_id = %s AND round = %s)"
    )
    return _collect(db.rows(SELECT + condition + GROUP, [survey.pk, survey.pk, round_]))


def _count_of(
    survey: Survey, ids: Sequence[int]
) -> dict[str, Counter[tuple[str, int | None]]]:
    found: dict[str, Counter[tuple[str, int | None]]] = {}
    for chunk in account_queries.chunks(list(ids)):
        condition = f" AND response_id {db.among_ids(chunk)}"
        for key, counts in _collect(
            db.rows(SELECT + condition + GROUP, [survey.pk])
        ).items():
            found.setdefault(key, Counter()).update(counts)
    return found


def _collect(
    rows: Sequence[tuple[str, str, int | None, int]],
) -> dict[str, Counter[tuple[str, int | None]]]:
    found: dict[str, Counter[tuple[str, int | None]]] = {}
    for question, option, number, count in rows:
        found.setdefault(question, Counter())[option, number] += count
    return found


def _by_question(survey: Survey, counts: Counts) -> Iterator[QuestionResult]:
    for each in surveys.all_questions(survey):
        own = Counter({key: n for key, n in counts.get(each.key, {}).items() if n > 0})
        total = sum(own.values())
        if each.kind in CHOICES:
            yield _choice(each, own)
        elif each.kind in survey_questions.NUMERIC:
            yield _numeric(each, {n: c for (_o, n), c in own.items() if n is not None})
        else:
            yield QuestionResult(question=each, answered=total)


def _choice(
    question: Question, counts: Mapping[tuple[str, int | None], int]
) -> QuestionResult:
    chosen, answered = Counter[str](), 0
    for (option, number), count in counts.items():
        chosen[option] += count
        answered += count if number == survey_questions.FIRST else 0
    lines = [_line(each.text, chosen[each.key], answered) for each in question.options]
    return QuestionResult(question=question, answered=answered, lines=lines)


def _line(label: str, count: int, total: int) -> tuple[str, int, float]:
    return label, count, count / total if total else 0.0


def _numeric(question: Question, counts: Mapping[int, int]) -> QuestionResult:
    total = sum(counts.values())
    scale = parsing.SCALE if question.kind == Kind.NUMBER else 1
    ordered = sorted(counts)
    lines = []
    if question.kind in SCALES:
        lines = [_line(str(n), counts.get(n, 0), total) for n in question.values]
    if not total:
        return QuestionResult(question=question, answered=0, lines=lines)
    show = survey_questions.format_stored
    is_date = question.kind == Kind.DATE
    return QuestionResult(
        question=question,
        answered=total,
        lines=lines,
        mean=None
        if is_date
        else sum(n * count for n, count in counts.items()) / total / scale,
        median=None if is_date else median(counts) / scale,
        nps=nps(counts) if question.kind == Kind.NPS else None,
        least=show(question, "", ordered[0], ""),
        most=show(question, "", ordered[-1], ""),
    )


def median(counts: Mapping[int, int]) -> float:
    """The median of numbers, each with how often it occurs; the mean of the middle two."""
    total = sum(counts.values())
    low = _nth(counts, (total - 1) // 2)
    return (low + _nth(counts, total // 2)) / 2


def _nth(counts: Mapping[int, int], index: int) -> int:
    for number in sorted(counts):
        index -= counts[number]
        if index < 0:
            return number
    raise IndexError


def nps(counts: Mapping[int, int]) -> int:
    """Share of 9 and 10 minus share of 0 to 6, in percent, rounded half away from zero."""
    total = sum(counts.values())
    promoters = sum(count for n, count in counts.items() if n >= 9)
    detractors = sum(count for n, count in counts.items() if n <= 6)
    balance = 200 * (promoters - detractors)
    sign = -1 if balance < 0 else 1
    return sign * ((abs(balance) + total) // (2 * total))


# Single answers


def list_rounds(survey: Survey) -> list[str]:
    rows = SurveyResponse.objects.filter(survey=survey)
    return sorted(set(rows.values_list("round", flat=True).distinct()), reverse=True)


def list_texts(
    *, survey: Survey, question: str, by: Staff, at: datetime, limit: int = 200
) -> list[tuple[int | None, str]]:
    """(account, text) of the answers in words to a question, the newest first.

    Of an anonymous survey there is no account, and the order is by the text.
    """
    permissions.check_may(by, VIEW_ANSWERS)
    permissions.check_community(by, survey.community_id)
    if survey.is_anonymous:
        shown = compute(survey=survey, by=by, at=at)
        if shown.held:
            return []
        rows = db.rows(
            "SELECT text FROM surveys_surveyanswer"
            " WHERE survey_id = %s AND question = %s AND text <> ''"
            " ORDER BY text LIMIT %s",
            [survey.pk, question, limit],
        )
        return [(None, text) for (text,) in rows]
    rows = db.rows(
        "SELECT r.account_id, s.text FROM surveys_surveyanswer s"
        " JOIN surveys_surveyresponse r ON r.id = s.response_id"
        " WHERE s.survey_id = %s AND s.question = %s AND s.text <> ''"
        " ORDER BY r.answered_at DESC, r.id",
        [survey.pk, question],
    )
    if by.scope is not None:
        visible = visibility.visible_people(by=by, at=at)
        people = account_queries.person_ids(account for account, _text in rows)
        rows = [row for row in rows if people[row[0]] in visible]
    return [(account, text) for account, text in rows[:limit]]
