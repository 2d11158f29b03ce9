"""Results of a survey over 100,000 answers, beside reading each answer as others do.

The rival reads each answer of the table and counts it in Python, as LinkWeChat and MoChat
do for their forms.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from bench import measure, sessions
from bench.sessions import Session
from bench.sizes import AT
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.surveys import results, surveys
from qunce.members.surveys.models import (
    Source,
    Survey,
    SurveyAnswer,
    SurveyResponse,
    new_id,
)
from qunce.sets.bitmaps.aliases import Alias

ANSWERS, TINY, RUNS, BATCH = 100_000, 2_000, 20, 5_000
GOAL = 300.0
QUESTIONS: list[dict[str, Any]] = [
    {
        "key": "drink",
        "kind": "single",
        "text": "What do you drink?",
        "options": [{"key": key, "text": key} for key in ("tea", "coffee", "water")],
    },
    {"key": "score", "kind": "nps", "text": "Would you recommend us?"},
]
_numbers = itertools.count(1)


def survey_results(session: Session) -> None:
    """The page's numbers, of all people; every answer is a row."""
    by = staff_models.system(session.community)
    is_tiny = session.workspace.size.name == "tiny"
    survey, count = _answered(session, by, TINY if is_tiny else ANSWERS)
    compute = partial(results.compute, survey=survey, by=by, at=AT)
    ours = measure.repeat(compute, RUNS, warm=1)
    theirs = measure.repeat(partial(_count_each, survey), 3)
    counted = {each.question.key: each.answered for each in ours.answer.questions}
    sessions.check_equal("answers", ours=counted, rival=theirs.answer)
    session.record(
        measure.row(
            "survey-results",
            "the results of a survey of two questions",
            ours,
            goal=GOAL,
            rivals={"each answer read and counted": theirs.percentile(50)},
            note=f"{count:,} people answered; {measure.describe_cpu(ours)}",
        )
    )


def _answered(session: Session, by: Staff, most: int) -> tuple[Survey, int]:
    survey = surveys.create(
        community=session.community,
        name=f"bench {next(_numbers)}",
        draft=QUESTIONS,
        by=by,
        at=AT,
    )
    version = surveys.publish(survey=survey, by=by, at=AT)
    # One account of each person: the rival knows nothing of merged people.
    found = Account.objects.filter(community=session.community).order_by("pk")
    single = found.exclude(pk__in=Alias.objects.values("account_id"))
    accounts = list(single.values_list("pk", flat=True)[:most])
    rng = random.Random(7)  # noqa: S311 - not for secrets
    for start in range(0, len(accounts), BATCH):
        responses = [
            SurveyResponse(
                survey=survey,
                version=version,
                account_id=account,
                person_id=account,
                round="1",
                source=Source.PORTAL,
                answered_at=AT,
            )
            for account in accounts[start : start + BATCH]
        ]
        SurveyResponse.objects.bulk_create(responses, batch_size=500)
        answers = [row for each in responses for row in _rows(each, rng)]
        SurveyAnswer.objects.bulk_create(answers, batch_size=500)
    return survey, len(accounts)


def _rows(response: SurveyResponse, rng: random.Random) -> Iterator[SurveyAnswer]:
    common = {"survey_id": response.survey_id, "response_id": response.pk}
    drink = rng.choice(("tea", "tea", "coffee", "water"))
    yield SurveyAnswer(id=new_id(), question="drink", option=drink, number=1, **common)
    yield SurveyAnswer(
        id=new_id(), question="score", number=rng.randint(0, 10), **common
    )


def _count_each(survey: Survey) -> dict[str, int]:
    counted = Counter[str]()
    for answer in SurveyAnswer.objects.filter(survey_id=survey.pk).iterator():
        counted[answer.question] += 1
    return {each["key"]: counted[each["key"]] for each in QUESTIONS}
