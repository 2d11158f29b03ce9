"""Answers of members: saved while they answer, submitted once, whichever way they come.

The page, the chat, programs and staff who type all call `submit`. Who it is and the time
come from the server. A repeated submission counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import permissions, revisions
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.surveys import anonymous, effects, judging, respondents, surveys
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys.models import (
    Source,
    Survey,
    SurveyAnswer,
    SurveyAnswered,
    SurveyDraft,
    SurveyPicture,
    SurveyResponse,
    SurveyVersion,
    new_id,
)
from qunce.members.surveys.questions import Answers, Kind, Question
from qunce.members.surveys.survey_facts import (
    MANAGE,
    VIEW_ANSWERS,
    AlreadyAnswered,
    InvalidAnswers,
    MayNotAnswer,
    NotOpen,
    SurveyAnsweredFact,
    SurveyAnswersDeleted,
    SurveyNotFound,
)

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

REVISION = "survey"
"""The kind of the revisions of surveys: raised when answers are stored or deleted."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """`dropped` are texts of questions whose answers were left out, as they do not apply."""

    survey: Survey
    response: SurveyResponse | None
    dropped: tuple[str, ...] = ()

    @property
    def dropped_text(self) -> str:
        """The word about dropped answers, "" if there are none."""
        if not self.dropped:
            return ""
        return ngettext(
            "Your answer to “%(names)s” was left out, as the question does not apply.",
            "Your answers to “%(names)s” were left out, as these do not apply.",
            len(self.dropped),
        ) % {"names": "”, “".join(self.dropped)}


# Checks


def check_may_answer(survey: Survey, account_id: int, *, at: datetime) -> list[int]:
    """All accounts of the person; raises NotOpen, MayNotAnswer or AlreadyAnswered."""
    account_queries.check_ids(survey.community, [account_id])
    if closed := respondents.closed_text(survey, at):
        raise NotOpen(closed)
    accounts = account_queries.account_ids_of_person(account_id)
    # First, so that somebody who has answered reads that, also if they could not now.
    if respondents.has_answered(survey, accounts, at=at):
        raise AlreadyAnswered(_("You have answered this survey. Thank you."))
    if refusal := respondents.judge(survey, account_id, at=at):
        raise MayNotAnswer(refusal)
    return accounts


def _check_pictures(survey: Survey, accounts: list[int], answers: Answers) -> None:
    """A picture belongs to the person who sent it, in this survey."""
    version = surveys.current_version(survey)
    kinds = (
        {each.key: each.kind for each in surveys.questions_of(version)}
        if version
        else {}
    )
    for key, value in answers.items():
        if kinds.get(key) == Kind.PICTURE:
            rows = SurveyPicture.objects.filter(
                survey=survey, account_id__in=accounts, public_id=value
            )
            if not rows.exists():
                raise InvalidAnswers(
                    _("Some answers need a change."), {key: _("Choose a picture.")}
                )


# Verbs


@transaction.atomic
def save_draft(
    *, survey: Survey, account_id: int, answers: Mapping[str, Any], at: datetime
) -> SurveyDraft:
    """Save what a member has answered, so that they go on later, on any device of theirs.

    Only answers that fit are stored. An anonymous survey saves nothing: NotOpen.
    """
    if survey.is_anonymous:
        raise NotOpen(_("An anonymous survey is answered in one go; nothing is saved."))
    accounts = check_may_answer(survey, account_id, at=at)
    version = _version(survey)
    judged = judging.judge(surveys.questions_of(version), answers)
    key: dict[str, Any] = {
        "survey": survey,
        "person_id": accounts[0],
        "round": surveys.round_of(survey, at),
    }
    defaults = {"account_id": account_id, "answers": judged.answers, "saved_at": at}
    return SurveyDraft.objects.update_or_create(**key, defaults=defaults)[0]


def find_draft(survey: Survey, account_id: int, *, at: datetime) -> dict[str, Any]:
    """The answers that a person has saved in this round, by any of their accounts."""
    accounts = account_queries.account_ids_of_person(account_id)
    rows = SurveyDraft.objects.filter(
        survey=survey,
        account_id__in=accounts,
        round=surveys.round_of(survey, at),
    )
    found = rows.order_by("-saved_at", "-pk").first()
    return dict(found.answers) if found else {}


def _version(survey: Survey) -> SurveyVersion:
    version = surveys.current_version(survey)
    if version is None:
        raise NotOpen(_("This survey has not started yet."))
    return version


def submit(
    *,
    survey: Survey,
    account_id: int,
    answers: Mapping[str, Any],
    source: str,
    at: datetime,
    by: Staff | None = None,
) -> Submission:
    """Store the answers of a member, once per round; returns what was stored.

    `by` are the staff who type or a program's; they need to see the member. Raises
    InvalidAnswers with a sentence per question, and what `check_may_answer` raises.
    """
    if by is not None:
        permissions.check_may(by, VIEW_ANSWERS)
        permissions.check_community(by, survey.community_id)
        visibility.check_visible(by=by, accounts=[account_id], at=at)
    try:
        return _submit(survey, account_id, answers, source, by, at)
    except IntegrityError:
        # Two at the same moment: the other one has stored its answers.
        accounts = account_queries.account_ids_of_person(account_id)
        if not respondents.has_answered(survey, accounts, at=at):
            raise
        raise AlreadyAnswered(_("You have answered this survey. Thank you.")) from None


@transaction.atomic
def submit_at_entry(
    *, survey: Survey, account_id: int, answers: Mapping[str, Any], at: datetime
) -> Submission | None:
    """Store what a newcomer answered before they were let in, whomever the survey is for.

    Returns None if the person has answered in this round. Raises NotOpen and
    InvalidAnswers.
    """
    revisions.bump(survey.community_id, REVISION, [survey.pk])
    survey.refresh_from_db()
    account_queries.check_ids(survey.community, [account_id])
    accounts = account_queries.account_ids_of_person(account_id)
    if respondents.has_answered(survey, accounts, at=at):
        return None
    if survey.is_anonymous or respondents.closed_text(survey, at):
        raise NotOpen(_("The survey of an entry gate is open, and not anonymous."))
    return _store(survey, account_id, accounts, answers, Source.CHAT, None, at)


@transaction.atomic
def _submit(
    survey: Survey,
    account_id: int,
    answers: Mapping[str, Any],
    source: str,
    by: Staff | None,
    at: datetime,
) -> Submission:
    # First: it is a lock on the survey, and the set of a rule is read after it.
    revisions.bump(survey.community_id, REVISION, [survey.pk])
    survey.refresh_from_db()
    accounts = check_may_answer(survey, account_id, at=at)
    return _store(survey, account_id, accounts, answers, source, by, at)


def _store(
    survey: Survey,
    account_id: int,
    accounts: list[int],
    answers: Mapping[str, Any],
    source: str,
    by: Staff | None,
    at: datetime,
) -> Submission:
    version = _version(survey)
    found = surveys.questions_of(version)
    judged = _judge(survey, accounts, found, answers)
    response = SurveyResponse(
        id=new_id(),
        survey=survey,
        version=version,
        account_id=account_id,
        person_id=accounts[0],
        round=surveys.round_of(survey, at),
        source=source,
        answered_at=at,
        by=by,
    )
    rows = _answer_rows(response, found, judged.answers)
    if survey.is_anonymous:
        SurveyAnswered.objects.create(
            survey=survey,
            account_id=account_id,
            person_id=accounts[0],
            round=response.round,
            day=survey.community.day(at),
        )
        # How they answered would tell single answers apart.
        response.source = Source.PORTAL
        anonymous.store(response, rows)
    else:
        response.save(force_insert=True)
        SurveyAnswer.objects.bulk_create(rows)
        effects.apply(
            survey=survey,
            questions=found,
            answers=judged.answers,
            account_id=account_id,
            by=by,
            at=at,
        )
    drafts = SurveyDraft.objects.filter(survey=survey, account_id__in=accounts)
    drafts.filter(round=response.round).delete()
    fact = SurveyAnsweredFact(survey=survey.public_id, account=account_id)
    facts.record(fact, community=survey.community, by=by, at=at)
    return Submission(
        survey=survey,
        response=None if survey.is_anonymous else response,
        dropped=tuple(judged.dropped),
    )


def _judge(
    survey: Survey,
    accounts: list[int],
    found: Sequence[Question],
    answers: Mapping[str, Any],
) -> judging.Judged:
    judged = judging.judge(found, answers)
    if judged.errors:
        raise InvalidAnswers(_("Some answers need a change."), judged.errors)
    _check_pictures(survey, accounts, judged.answers)
    return judged


def _answer_rows(
    response: SurveyResponse,
    found: Sequence[Question],
    answers: Mapping[str, survey_questions.Value],
) -> list[SurveyAnswer]:
    return [
        SurveyAnswer(
            id=new_id(),
            survey_id=response.survey_id,
            response_id=response.pk,
            question=each.key,
            **columns,
        )
        for each in found
        if each.key in answers
        for columns in survey_questions.to_columns(each, answers[each.key])
    ]


@transaction.atomic
def delete(*, pk: int, by: Staff, at: datetime) -> None:
    """Delete the answers of one response, which were typed wrongly or are a joke.

    The member may then answer again. What the answers have filled stays.
    """
    permissions.check_may(by, MANAGE)
    permissions.check_may(by, VIEW_ANSWERS)
    row = get(by=by, pk=pk, at=at)
    revisions.bump(by.community_id, REVISION, [row.survey_id])
    fact = SurveyAnswersDeleted(survey=row.survey.public_id, account=row.account_id)
    row.delete()
    facts.record(fact, community=by.community, by=by, at=at)


# Reads


def get(*, by: Staff, pk: int, at: datetime) -> SurveyResponse:
    """A response of a member whom `by` sees; one of an anonymous survey is of nobody."""
    permissions.check_may(by, VIEW_ANSWERS)
    rows = SurveyResponse.objects.select_related("survey__community", "version", "by")
    row = rows.filter(
        survey__community=by.community, account__isnull=False, pk=min(pk, 2**62)
    ).first()
    if row is None or row.account_id is None:
        raise SurveyNotFound(_("There are no such answers."))
    visibility.check_visible(by=by, accounts=[row.account_id], at=at)
    return row


def describe(response: SurveyResponse) -> list[tuple[str, str]]:
    """Question and answer as people read them, in the order of the version."""
    by_key: dict[str, list[SurveyAnswer]] = {}
    for row in response.answers.order_by("option", "pk"):
        by_key.setdefault(row.question, []).append(row)
    return [
        (
            each.text,
            "; ".join(
                survey_questions.format_stored(each, row.option, row.number, row.text)
                for row in by_key[each.key]
            ),
        )
        for each in surveys.questions_of(response.version)
        if each.key in by_key
    ]
