"""Answers without a person, stored so that nothing stored joins them to who answered.

The ids of rows are random and times are not stored. What is left is the order in which a
database keeps rows, and the transaction that wrote them, which is that of the record that
a member has answered. So each submission takes up to MIXED earlier ones out and writes all
of them again, shuffled and with new ids: its transaction and its place are those of many.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from qunce.members.surveys.models import SurveyAnswer, SurveyResponse, new_id

MIXED = 20
_random = secrets.SystemRandom()


def store(response: SurveyResponse, answers: Sequence[SurveyAnswer]) -> None:
    """Store a response without account and time, mixed with earlier ones of its survey.

    Call it in the transaction that holds the survey, so that two mix one after the other.
    """
    response.account_id = response.person_id = response.answered_at = None
    response.by = None
    earlier = _choose(response)
    mixed = [response, *earlier]
    ids = [row.pk for row in earlier]
    old = list(SurveyAnswer.objects.filter(response_id__in=ids))
    SurveyAnswer.objects.filter(response_id__in=ids).delete()
    SurveyResponse.objects.filter(pk__in=ids).delete()
    new_ids = {row.pk: new_id() for row in mixed}
    rows = [*answers, *old]
    for answer in rows:
        answer.response_id = new_ids[answer.response_id]
        answer.pk = new_id()
    for row in mixed:
        row.pk = new_ids[row.pk]
    _random.shuffle(mixed)
    _random.shuffle(rows)
    SurveyResponse.objects.bulk_create(mixed)
    SurveyAnswer.objects.bulk_create(rows)


def _choose(response: SurveyResponse) -> list[SurveyResponse]:
    """Earlier responses to the survey at random: those after a random id, then the first."""
    rows = SurveyResponse.objects.filter(survey_id=response.survey_id).order_by("pk")
    found = list(rows.filter(pk__gte=new_id())[:MIXED])
    if len(found) < MIXED:
        known = {row.pk for row in found}
        more = rows.exclude(pk__in=known)[: MIXED - len(found)]
        found += list(more)
    return found
