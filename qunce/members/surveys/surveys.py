"""Surveys: created as drafts, published as versions, closed and asked again.

Changed questions of a published survey are a draft until they are published, too, as a
new version. Answers keep the version to which they were given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import community_days, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.state_machine import StateMachine
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys.models import (
    MAX_INTRO,
    MAX_KEY,
    MAX_NAME,
    PUBLIC_ID_LENGTH,
    Layout,
    Repeat,
    State,
    Survey,
    SurveyVersion,
)
from qunce.members.surveys.questions import CHOICES, Kind, Question
from qunce.members.surveys.survey_facts import (
    MANAGE,
    VIEW,
    InvalidSurvey,
    SurveyAskedAgain,
    SurveyChanged,
    SurveyClosed,
    SurveyCreated,
    SurveyNotFound,
    SurveyPublished,
    SurveyReopened,
)
from qunce.members.tags import assignments, library
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_SURVEYS = 1_000
STATES = StateMachine(
    {
        "publish": (("draft", "open"), "open"),
        "close": (("open",), "closed"),
        "reopen": (("closed",), "open"),
    }
)
FITTING: dict[str, tuple[str, ...]] = {
    Kind.SINGLE: (AttributeType.CHOICE, AttributeType.TEXT, AttributeType.MULTI),
    Kind.MULTIPLE: (AttributeType.MULTI,),
    Kind.NPS: (AttributeType.NUMBER,),
    Kind.SCALE: (AttributeType.NUMBER,),
    Kind.NUMBER: (AttributeType.NUMBER,),
    Kind.DATE: (AttributeType.DATE,),
    Kind.TEXT: (AttributeType.TEXT,),
    Kind.PICTURE: (),
}
"""The types of attributes that a kind of question can fill."""


# Checks


def check_publishable(survey: Survey, by: Staff) -> tuple[Question, ...]:
    """The questions of the draft; raises InvalidSurvey if they cannot be asked."""
    found = survey_questions.parse(survey.draft)
    if not found:
        raise InvalidSurvey(_("Add a question first."), "questions")
    if survey.is_anonymous:
        _check_anonymous(survey, found)
    used_attributes = [each.attribute for each in found if each.attribute]
    if len(used_attributes) != len(set(used_attributes)):
        raise InvalidSurvey(
            _("Two questions fill the same attribute. Choose one of them."), "questions"
        )
    for number, each in enumerate(found, start=1):
        if each.attribute:
            permissions.check_may(by, attributes.EDIT)
            _check_attribute(survey, each, number)
        for option in each.options:
            if option.tag:
                permissions.check_may(by, assignments.APPLY)
                library.check_active(library.get(survey.community, option.tag))
    return found


def _check_anonymous(survey: Survey, found: Sequence[Question]) -> None:
    if survey.repeat == Repeat.DAY:
        raise InvalidSurvey(
            _(
                "An anonymous survey is answered once, or once a month, as the few answers"
                " of one day could be traced to members."
            ),
            "repeat",
        )
    for number, each in enumerate(found, start=1):
        fills = each.attribute or any(option.tag for option in each.options)
        if fills or each.kind == Kind.PICTURE:
            raise InvalidSurvey(
                _(
                    "Question %(n)s: an anonymous survey fills no attribute, gives no"
                    " tag and takes no picture, as these belong to a person."
                )
                % {"n": number},
                "questions",
            )


def _check_attribute(survey: Survey, question: Question, number: int) -> None:
    attribute = attributes.get(survey.community, question.attribute)
    problem = find_misfit(question, attribute)
    if problem:
        raise InvalidSurvey(
            _("Question %(n)s: %(error)s") % {"n": number, "error": problem},
            "questions",
        )


def find_misfit(question: Question, attribute: Attribute) -> str:
    """Why a question cannot fill an attribute, "" if it can."""
    if attribute.type not in FITTING[question.kind]:
        return _("It cannot fill “%(name)s”, whose type is %(type)s.") % {
            "name": attribute.label,
            "type": attribute.get_type_display(),
        }
    if question.kind in CHOICES and attribute.choices:
        for option in question.options:
            if option.text not in attribute.choices:
                return _("“%(value)s” is not a choice of “%(name)s”.") % {
                    "value": option.text,
                    "name": attribute.label,
                }
    return ""


def _clean(values: dict[str, Any], community: Community) -> dict[str, Any]:
    """The fields in their stored form; raises InvalidSurvey."""
    cleaned = dict(values)
    for name, most in (("name", MAX_NAME), ("keyword", MAX_KEY)):
        if name in cleaned:
            cleaned[name] = names.clean(str(cleaned[name] or ""))
            _check_length(cleaned[name], most, name)
    for name in ("intro", "thanks"):
        if name in cleaned:
            cleaned[name] = str(cleaned[name] or "").replace("\r\n", "\n").strip()
            _check_length(cleaned[name], MAX_INTRO, name)
    if "name" in cleaned and not cleaned["name"]:
        raise InvalidSurvey(_("Give the survey a name."), "name")
    if cleaned.get("repeat", Repeat.ONCE) not in Repeat.values:
        raise InvalidSurvey(_("Choose how often it may be answered."), "repeat")
    if cleaned.get("layout", Layout.ONE) not in Layout.values:
        raise InvalidSurvey(_("Choose how the questions are laid out."), "layout")
    if "draft" in cleaned:
        cleaned["draft"] = survey_questions.to_rows(
            survey_questions.parse(cleaned["draft"])
        )
    return cleaned


def _check_length(text: str, most: int, field: str) -> None:
    if len(text) > most or not text_validation.is_valid(text):
        raise InvalidSurvey(
            _("This has %(n)s characters; at most %(most)s are possible.")
            % {"n": f"{len(text):,}", "most": f"{most:,}"},
            field,
        )


def _check_keyword(community: Community, keyword: str, pk: int | None) -> None:
    if not keyword:
        return
    others = Survey.objects.filter(community=community, keyword__iexact=keyword)
    if others.exclude(pk=pk or 0).exclude(state=State.CLOSED).exists():
        raise InvalidSurvey(_("Another survey has this keyword."), "keyword")


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, by: Staff, at: datetime, **values: Any
) -> Survey:
    """Create a draft. `values` are those of `update`; raises InvalidSurvey."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    if Survey.objects.filter(community=community).count() >= MAX_SURVEYS:
        raise InvalidSurvey(
            _("There are %(n)s surveys already.") % {"n": f"{MAX_SURVEYS:,}"}
        )
    cleaned = _clean({"name": name, **values}, community)
    _check_rule(community, cleaned.get("rule"), by)
    _check_keyword(community, cleaned.get("keyword", ""), None)
    survey = Survey.objects.create(community=community, created_at=at, by=by, **cleaned)
    fact = SurveyCreated(survey=survey.public_id)
    facts.record(fact, community=community, by=by, at=at)
    return survey


def _check_rule(community: Community, rule: Any, by: Staff) -> None:
    if rule is not None:
        audiences.check(community=community, rule=rule, by=by)


@transaction.atomic
def update(*, survey: Survey, by: Staff, at: datetime, **values: Any) -> Survey:
    """Change fields: name, intro, thanks, keyword, repeat, layout, rule, closes_at,
    is_anonymous and draft, the questions that the next publication asks.

    What promises something to members who have answered stays as it was published.
    """
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, survey.community_id)
    cleaned = _clean(values, survey.community)
    is_published = survey.published_at is not None
    for name in ("is_anonymous", "repeat"):
        changes = name in cleaned and cleaned[name] != getattr(survey, name)
        if is_published and changes:
            raise InvalidSurvey(
                _("This was published to members and stays. Create another survey."),
                name,
            )
    _check_rule(survey.community, cleaned.get("rule"), by)
    _check_keyword(survey.community, cleaned.get("keyword", ""), survey.pk)
    for name, value in cleaned.items():
        setattr(survey, name, value)
    if cleaned:
        survey.save(update_fields=list(cleaned))
    fact = SurveyChanged(survey=survey.public_id)
    facts.record(fact, community=survey.community, by=by, at=at)
    return survey


@transaction.atomic
def publish(*, survey: Survey, by: Staff, at: datetime) -> SurveyVersion:
    """Ask the questions of the draft from now on; returns their version.

    Questions that have not changed make no new version.
    """
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, survey.community_id)
    Survey.objects.select_for_update().get(pk=survey.pk)
    survey.refresh_from_db()
    rows = survey_questions.to_rows(check_publishable(survey, by))
    STATES.check("publish", survey.state)
    current = current_version(survey)
    if current is not None and current.questions == rows:
        return current
    _check_kinds_kept(survey, rows)
    changes = {"published_at": survey.published_at or at}
    STATES.transition(survey, "publish", **changes)
    version = SurveyVersion.objects.create(
        survey=survey,
        number=current.number + 1 if current else 1,
        questions=rows,
        published_at=at,
        by=by,
    )
    fact = SurveyPublished(survey=survey.public_id, version=version.number)
    facts.record(fact, community=survey.community, by=by, at=at)
    return version


def _check_kinds_kept(survey: Survey, rows: Sequence[dict[str, Any]]) -> None:
    """A key stays one kind in all versions, so that its answers can be counted together."""
    kinds = {each.key: each.kind for each in all_questions(survey)}
    for number, row in enumerate(rows, start=1):
        if kinds.get(row["key"], row["kind"]) != row["kind"]:
            raise InvalidSurvey(
                _(
                    "Question %(n)s was of another kind before. Remove it and add a"
                    " new one, so that old answers stay readable."
                )
                % {"n": number},
                "questions",
            )


@transaction.atomic
def close(*, survey: Survey, by: Staff, at: datetime) -> None:
    """Close a survey; unfinished answers are kept until it is opened again."""
    _transition(survey, "close", by, closed_at=at)
    fact = SurveyClosed(survey=survey.public_id)
    facts.record(fact, community=survey.community, by=by, at=at)


@transaction.atomic
def reopen(*, survey: Survey, by: Staff, at: datetime) -> None:
    """Take answers again. An end that has passed is removed."""
    _check_keyword(survey.community, survey.keyword, survey.pk)
    changes: dict[str, Any] = {"closed_at": None}
    if survey.closes_at is not None and survey.closes_at <= at:
        changes["closes_at"] = None
    _transition(survey, "reopen", by, **changes)
    fact = SurveyReopened(survey=survey.public_id)
    facts.record(fact, community=survey.community, by=by, at=at)


def _transition(survey: Survey, name: str, by: Staff, **changes: Any) -> None:
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, survey.community_id)
    STATES.transition(survey, name, **changes)


@transaction.atomic
def ask_again(*, survey: Survey, by: Staff, at: datetime) -> int:
    """Start another round, in which everybody may answer again; returns its number."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, survey.community_id)
    number = survey.round + 1
    rows = Survey.objects.filter(pk=survey.pk, round=survey.round, state=State.OPEN)
    if not rows.update(round=number):
        raise InvalidSurvey(_("Only an open survey can be asked again. Open it first."))
    survey.round = number
    fact = SurveyAskedAgain(survey=survey.public_id, round=number)
    facts.record(fact, community=survey.community, by=by, at=at)
    return number


def delete_draft(*, survey: Survey, by: Staff) -> None:
    """Delete a survey that was never published."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, survey.community_id)
    rows = Survey.objects.filter(pk=survey.pk, published_at__isnull=True)
    if not rows.delete()[0]:
        raise InvalidSurvey(_("It has been published. Close it instead."))


# Reads


def get(*, by: Staff, pk: int) -> Survey:
    """A survey of the community; raises SurveyNotFound."""
    permissions.check_may(by, VIEW)
    found = Survey.objects.select_related("community", "by").filter(
        community=by.community, pk=pk
    )
    if pk > 2**62 or (survey := found.first()) is None:
        raise SurveyNotFound(_("There is no such survey."))
    return survey


def get_by_key(*, by: Staff, key: str) -> Survey:
    """A survey by its public id; raises SurveyNotFound."""
    permissions.check_may(by, VIEW)
    survey = _find(by.community, key)
    if survey is None:
        raise SurveyNotFound(_("There is no survey “%(key)s”.") % {"key": key[:40]})
    return survey


def find_public(community: Community, public_id: str) -> Survey | None:
    """A survey that was published, None for any other id."""
    survey = _find(community, public_id)
    return survey if survey is not None and survey.published_at is not None else None


def _find(community: Community, public_id: str) -> Survey | None:
    if len(public_id) > PUBLIC_ID_LENGTH or not public_id.isascii():
        return None
    rows = Survey.objects.select_related("community", "by")
    return rows.filter(community=community, public_id=public_id).first()


def list_all(by: Staff) -> models.QuerySet[Survey]:
    permissions.check_may(by, VIEW)
    rows = Survey.objects.filter(community=by.community).select_related("by")
    return rows.order_by("-created_at", "-pk")


def list_open(community: Community, at: datetime) -> list[Survey]:
    rows = Survey.objects.filter(community=community, state=State.OPEN)
    return [row for row in rows.order_by("-published_at", "-pk") if is_open(row, at)]


def is_open(survey: Survey, at: datetime) -> bool:
    """The time counts as well as the state."""
    is_over = survey.closes_at is not None and survey.closes_at <= at
    return survey.state == State.OPEN and not is_over


def current_version(survey: Survey) -> SurveyVersion | None:
    return survey.versions.order_by("-number").first()


def questions_of(version: SurveyVersion) -> tuple[Question, ...]:
    return survey_questions.parse(version.questions)


def all_questions(survey: Survey) -> list[Question]:
    """The questions of all versions, each with its newest text, in the newest order.

    Options that only earlier versions had come after those of the newest.
    """
    found: dict[str, Question] = {}
    for version in survey.versions.order_by("-number"):
        for each in questions_of(version):
            if each.key not in found:
                found[each.key] = each
                continue
            known = {option.key for option in found[each.key].options}
            more = tuple(option for option in each.options if option.key not in known)
            if more:
                found[each.key] = _with_options(found[each.key], more)
    return list(found.values())


def _with_options(question: Question, more: tuple[Any, ...]) -> Question:
    return dataclasses.replace(question, options=(*question.options, *more))


def round_of(survey: Survey, at: datetime) -> str:
    """What may be answered once: a round, or a month or a day of it."""
    local = survey.community.day(at)
    text = str(survey.round)
    if survey.repeat == Repeat.ONCE:
        return text
    day = community_days.to_date(local)
    suffix = day.isoformat() if survey.repeat == Repeat.DAY else f"{day:%Y-%m}"
    return f"{text}/{suffix}"


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of surveys that can still be answered."""
    rows = Survey.objects.filter(community=community, rule__isnull=False)
    return [
        stored_rules.StoredRule(_("survey"), row.name, row.rule)
        for row in rows.exclude(state=State.CLOSED).order_by("pk")
    ]
