"""A survey that the hidden member has answered, against a value that staff set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.members.surveys import responses, surveys
from qunce.members.surveys.models import SurveyConflict

if TYPE_CHECKING:
    from tests.two_communities.data import TwoCommunities


def add_surveys(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    survey = surveys.create(
        community=data.community,
        name="Homely survey",
        draft=[{"key": "s", "kind": "text", "text": "Homely question"}],
        by=by,
        at=at,
    )
    surveys.publish(survey=survey, by=by, at=at)
    done = responses.submit(
        survey=survey,
        account_id=data.ids["member"],
        answers={"s": "Homely answer"},
        source="portal",
        at=at,
    )
    assert done.response is not None
    conflict = SurveyConflict.objects.create(
        survey=survey,
        account_id=data.ids["member"],
        question="s",
        attribute_id=data.ids["attribute"],
        value="Homely answer",
        asked_at=at,
    )
    data.ids |= {
        "survey": survey.pk,
        "survey response": done.response.pk,
        "survey conflict": conflict.pk,
    }
