"""Answers as a table: a line per response, a column per question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import permissions
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys import results, surveys
from qunce.members.surveys.models import Survey, SurveyAnswer, SurveyResponse
from qunce.members.surveys.questions import Question
from qunce.members.surveys.survey_facts import VIEW_ANSWERS, SurveyExported

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_ROWS = 50_000


def table(*, survey: Survey, by: Staff, at: datetime) -> list[Sequence[object]]:
    """A heading, and a line for each response of a member whom `by` sees, the newest first.

    Of an anonymous survey, the lines name nobody, and their order is by their texts.
    """
    permissions.check_may(by, VIEW_ANSWERS)
    permissions.check_community(by, survey.community_id)
    questions = surveys.all_questions(survey)
    if survey.is_anonymous:
        found = results.compute(survey=survey, by=by, at=at)
        lines = [] if found.held else _anonymous_lines(survey, questions)
        heading: list[str] = [each.text for each in questions]
    else:
        lines = _lines(survey, questions, by, at)
        heading = [_("Number"), _("Member"), _("Round"), _("Answered at")]
        heading += [each.text for each in questions]
    fact = SurveyExported(survey=survey.public_id, rows=len(lines))
    facts.record(fact, community=survey.community, by=by, at=at)
    return [heading, *lines]


def _lines(
    survey: Survey, questions: Sequence[Question], by: Staff, at: datetime
) -> list[Sequence[object]]:
    rows = SurveyResponse.objects.filter(survey=survey, account__isnull=False)
    found = list(
        rows.order_by("-answered_at", "pk").values_list(
            "pk", "account_id", "round", "answered_at"
        )[:MAX_ROWS]
    )
    accounts = [account for _pk, account, _round, _at in found]
    people = account_queries.person_ids(accounts)
    seen = visibility.filter_visible(by=by, accounts=accounts, at=at)
    names = dict(Account.objects.filter(pk__in=seen).values_list("pk", "name"))
    answers = _by_response(survey, questions)
    zone = ZoneInfo(survey.community.timezone)
    lines: list[Sequence[object]] = []
    for pk, account, round_, answered_at in found:
        person = people[account]
        if person not in seen or answered_at is None:
            continue
        moment = answered_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        said = answers.get(pk, {})
        lines.append(
            [
                person,
                names.get(person, ""),
                round_,
                moment,
                *(said.get(each.key, "") for each in questions),
            ]
        )
    return lines


def _anonymous_lines(
    survey: Survey, questions: Sequence[Question]
) -> list[Sequence[object]]:
    found = _by_response(survey, questions).values()
    lines = [[said.get(each.key, "") for each in questions] for said in found]
    return [*sorted(lines)]


def _by_response(
    survey: Survey, questions: Sequence[Question]
) -> dict[int, dict[str, str]]:
    """Response id → question → the answer as people read it."""
    by_key = {each.key: each for each in questions}
    found: dict[int, dict[str, str]] = {}
    rows = SurveyAnswer.objects.filter(survey_id=survey.pk).order_by("option", "pk")
    names = ("response_id", "question", "option", "number", "text")
    for response, key, option, number, text in rows.values_list(*names).iterator():
        if key not in by_key:
            continue
        shown = survey_questions.format_stored(by_key[key], option, number, text)
        own = found.setdefault(response, {})
        own[key] = f"{own[key]}; {shown}" if key in own else shown
    return found
