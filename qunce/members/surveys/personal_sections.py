"""What surveys store about a person: in the export of their data, and how it is erased.

Answers to an anonymous survey are of nobody, so that they are neither exported nor erased;
that a person answered it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.core import community_days, personal_texts, revisions
from qunce.members.people import person_export
from qunce.members.surveys import responses
from qunce.members.surveys.models import (
    SurveyAnswer,
    SurveyAnswered,
    SurveyConflict,
    SurveyDraft,
    SurveyPicture,
    SurveyResponse,
)

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.personal_texts import ErasedPerson
    from qunce.members.people.person_export import Records


@person_export.register("survey_answers")
def _answers(community: Community, ids: Sequence[int]) -> Records:
    rows = SurveyResponse.objects.filter(
        survey__community=community, account_id__in=ids
    ).select_related("survey", "version")
    return [
        {
            "survey": row.survey.name,
            "version": row.version.number,
            "round": row.round,
            "source": row.source,
            "answered_at": row.answered_at,
            "answers": dict(responses.describe(row)),
        }
        for row in rows.order_by("answered_at", "pk")
    ]


@person_export.register("anonymous_surveys")
def _answered(community: Community, ids: Sequence[int]) -> Records:
    rows = SurveyAnswered.objects.filter(
        survey__community=community, account_id__in=ids
    )
    return [
        {
            "survey": row.survey.name,
            "round": row.round,
            "day": community_days.to_date(row.day),
        }
        for row in rows.select_related("survey").order_by("day", "pk")
    ]


@person_export.register("survey_drafts")
def _drafts(community: Community, ids: Sequence[int]) -> Records:
    rows = SurveyDraft.objects.filter(survey__community=community, account_id__in=ids)
    return list(
        rows.order_by("saved_at", "pk").values("survey__name", "answers", "saved_at")
    )


@person_export.register("survey_pictures")
def _pictures(community: Community, ids: Sequence[int]) -> Records:
    rows = SurveyPicture.objects.filter(survey__community=community, account_id__in=ids)
    return list(
        rows.order_by("at", "pk").values("survey__name", "public_id", "width", "at")
    )


@person_export.register("survey_conflicts")
def _conflicts(community: Community, ids: Sequence[int]) -> Records:
    rows = SurveyConflict.objects.filter(
        survey__community=community, account_id__in=ids
    )
    names = ("survey__name", "value", "state", "asked_at", "decided_at")
    return list(rows.order_by("asked_at", "pk").values(*names))


@personal_texts.register
def erase(person: ErasedPerson) -> None:
    """Delete the answers of an erased person, and their name from the texts of others."""
    ids = person.accounts
    own = SurveyResponse.objects.filter(account_id__in=ids)
    changed = set(own.values_list("survey_id", flat=True))
    answered = SurveyAnswered.objects.filter(account_id__in=ids)
    changed |= set(answered.values_list("survey_id", flat=True))
    if changed:
        revisions.bump(person.community_id, responses.REVISION, changed)
    SurveyAnswer.objects.filter(response__in=own).delete()
    own.delete()
    for model in (SurveyAnswered, SurveyDraft, SurveyConflict, SurveyPicture):
        model._default_manager.filter(account_id__in=ids).delete()
    for table, field in ((SurveyAnswer, "text"), (SurveyConflict, "value")):
        path = "response__survey" if table is SurveyAnswer else "survey"
        rows = table._default_manager.filter(
            personal_texts.contains_any(field, person),
            **{f"{path}__community": person.community_id},
        )
        for pk, text in list(rows.values_list("pk", field)):
            left = person.remove_from(text, is_sentence=True)
            table._default_manager.filter(pk=pk).update(**{field: left})
