"""What visitors do in surveys. Each verb checks the rung of the visitor itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.members.personal_links import purposes
from qunce.members.surveys import pictures, responses, surveys
from qunce.members.surveys.models import Source, Survey
from qunce.members.surveys.responses import Submission
from qunce.members.surveys.survey_facts import SurveyNotFound
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def get(visitor: Visitor, public_id: str) -> Survey:
    """The published survey; an unknown or foreign one raises SurveyNotFound."""
    survey = surveys.find_public(visitor.community, public_id)
    if survey is None:
        raise SurveyNotFound(_("There is no such survey."))
    return survey


def purpose_of(survey: Survey) -> str:
    return purposes.of(purposes.SURVEY, survey.public_id)


def _purpose_for(visitor: Visitor, survey: Survey) -> str:
    """The purpose of a link for this survey, or of one for the community's page.

    Messages have links for that page, which lists the surveys for a member.
    """
    own = purpose_of(survey)
    home = purposes.of(purposes.HOME)
    return home if own not in visitor.links and home in visitor.links else own


def account_of(visitor: Visitor, survey: Survey) -> int | None:
    return visitor.account_for(_purpose_for(visitor, survey))


def require(visitor: Visitor, survey: Survey) -> int:
    return rungs.require(visitor, Rung.LINK, purpose=_purpose_for(visitor, survey))


def save(
    *, visitor: Visitor, survey: Survey, answers: Mapping[str, Any], at: datetime
) -> None:
    """Save what was answered, so that the visitor goes on later."""
    account = require(visitor, survey)
    responses.save_draft(survey=survey, account_id=account, answers=answers, at=at)


def submit(
    *, visitor: Visitor, survey: Survey, answers: Mapping[str, Any], at: datetime
) -> Submission:
    account = require(visitor, survey)
    return responses.submit(
        survey=survey,
        account_id=account,
        answers=answers,
        source=Source.PORTAL,
        at=at,
    )


def add_picture(
    *, visitor: Visitor, survey: Survey, content: bytes, at: datetime
) -> str:
    """Store a picture; returns its id, which is the answer."""
    account = require(visitor, survey)
    return pictures.add(
        survey=survey, account_id=account, content=content, at=at
    ).public_id
