"""What pages of surveys show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.forms import BoundField
from django.utils.translation import gettext as _

from qunce.console import http, member_names
from qunce.console.surveys.forms import AnswersForm
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.personal_links import links, portal_settings
from qunce.members.surveys import effects, results, surveys
from qunce.members.surveys.models import (
    State,
    Survey,
    SurveyConflict,
    SurveyResponse,
)
from qunce.members.surveys.questions import Kind, Question
from qunce.members.surveys.results import QuestionResult, Results

TONES = {State.DRAFT: "", State.OPEN: "good", State.CLOSED: "warn"}
MAX_TEXTS = 50


@dataclass(frozen=True, kw_only=True)
class StateChip:
    label: str
    tone: str


def state(survey: Survey, at: datetime) -> StateChip:
    """The state; past its end, an open survey reads as closed."""
    found = State(survey.state)
    if found == State.OPEN and not surveys.is_open(survey, at):
        found = State.CLOSED
    return StateChip(label=str(found.label), tone=TONES[found])


def lines(rows: Sequence[Survey], at: datetime) -> list[tuple[Survey, StateChip, int]]:
    """Each survey with its state and how many responses it has."""
    found = SurveyResponse.objects.filter(survey__in=rows).values_list("survey_id")
    counts = dict(found.annotate(n=Count("pk")))
    return [(row, state(row, at), counts.get(row.pk, 0)) for row in rows]


def has_changes(survey: Survey) -> bool:
    """Whether the questions of the draft are not those that are asked."""
    version = surveys.current_version(survey)
    return version is None or version.questions != survey.draft


def address(survey: Survey) -> str:
    """The address of the public page, "" while members cannot open any."""
    if survey.published_at is None or not portal_settings.has_address():
        return ""
    return links.address(
        f"{links.PATH}{survey.community.key}/surveys/{survey.public_id}"
    )


@dataclass(frozen=True, kw_only=True)
class QuestionView:
    """A question with its numbers in words, and the newest texts with their members."""

    result: QuestionResult
    number: int
    numbers: str = ""
    texts: Sequence[tuple[int | None, str, str]] = ()


def questions(
    request: http.Request, survey: Survey, found: Results | None, *, may_view: bool
) -> list[QuestionView]:
    if found is None:
        return []
    return [
        QuestionView(
            result=each,
            number=number,
            numbers=_numbers(each),
            texts=_texts(request, survey, each.question) if may_view else (),
        )
        for number, each in enumerate(found.questions, start=1)
    ]


def _numbers(result: QuestionResult) -> str:
    """Mean, median and NPS of a question, in words."""
    parts = []
    if result.nps is not None:
        parts.append(_("NPS %(n)s") % {"n": f"{result.nps:+d}"})
    if result.mean is not None and result.median is not None:
        parts.append(_("mean %(n)s") % {"n": f"{result.mean:,.2f}"})
        parts.append(_("median %(n)s") % {"n": f"{result.median:,g}"})
    if result.least and result.question.kind in (Kind.NUMBER, Kind.DATE):
        parts.append(
            _("from %(least)s to %(most)s")
            % {"least": result.least, "most": result.most}
        )
    return " · ".join(parts)


def _texts(
    request: http.Request, survey: Survey, question: Question
) -> list[tuple[int | None, str, str]]:
    """(account, name, text) of the newest answers in words."""
    if question.kind != Kind.TEXT:
        return []
    rows = results.list_texts(
        survey=survey,
        question=question.key,
        by=request.staff,
        at=request.at,
        limit=MAX_TEXTS,
    )
    names = member_names.find(account for account, _text in rows)
    return [(account, names.get(account or 0, ""), text) for account, text in rows]


def preview(
    form: AnswersForm, found: Sequence[Question]
) -> list[tuple[int, BoundField, str]]:
    """The fields of questions, each with its number and its condition in words."""
    by_key = {each.key: each for each in found}
    return [
        (
            number,
            form[f"a_{each.key}"],
            _("Only after a certain answer to: %(text)s")
            % {"text": by_key[each.when.question].text}
            if each.when
            else "",
        )
        for number, each in enumerate(found, start=1)
    ]


def people_of(accounts: Iterable[int]) -> dict[int, int]:
    return account_queries.person_ids(accounts)


def pictures_of(row: SurveyResponse) -> list[str]:
    """The ids of the pictures of a response."""
    kinds = {each.key: each.kind for each in surveys.questions_of(row.version)}
    return [
        answer.text
        for answer in row.answers.order_by("pk")
        if kinds.get(answer.question) == Kind.PICTURE
    ]


def conflicts(request: http.Request) -> list[dict[str, Any]]:
    """Each waiting answer with its member, its attribute and the present value."""
    rows = effects.list_waiting(request.staff, at=request.at)
    names = member_names.find(row.account_id for row in rows)
    labels = Attribute.objects.in_bulk([row.attribute_id for row in rows])
    return [_conflict(row, names, labels) for row in rows]


def _conflict(
    row: SurveyConflict, names: dict[int, str], labels: dict[int, Attribute]
) -> dict[str, Any]:
    attribute = labels.get(row.attribute_id)
    accounts = account_queries.account_ids_of_person(row.account_id)
    current = attributes.values_of_person(accounts)
    value = current.get(attribute.name) if attribute else None
    return {
        "row": row,
        "name": names.get(row.account_id, ""),
        "label": attribute.label if attribute else "",
        "current": value.text if value else "",
    }
