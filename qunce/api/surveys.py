"""Surveys: their questions, results and answers, and decisions about values of staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.members.surveys import (
    effects,
    exports,
    responses,
    results,
    surveys,
    typed_lines,
)
from qunce.members.surveys.models import (
    MAX_INTRO,
    MAX_KEY,
    MAX_NAME,
    MAX_ROUND,
    Layout,
    Repeat,
    Source,
    State,
    Survey,
    SurveyConflict,
    SurveyResponse,
)
from qunce.members.surveys.survey_facts import VIEW_ANSWERS

ResponseId = Annotated[int, Field(ge=1, lt=2**53)]
"""Ids of responses are at random, and larger than others."""
router = Router(auth=RequiresScope("surveys"), tags=["surveys"])
MEMBERS = RequiresScope("surveys", shows_members=True)
RepeatText = Annotated[
    Repeat, WithJsonSchema({"type": "string", "enum": Repeat.values})
]
LayoutText = Annotated[
    Layout, WithJsonSchema({"type": "string", "enum": Layout.values})
]
Questions = Annotated[
    list[dict[str, Any]],
    Field(
        max_length=50,
        description="Objects with kind and text, and options, when, least, most,"
        " attribute and rule where they fit.",
    ),
]


class SurveyUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are; `questions` are asked once published."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] | None = None
    intro: Annotated[str, Field(max_length=MAX_INTRO)] | None = None
    thanks: Annotated[str, Field(max_length=MAX_INTRO)] | None = None
    keyword: Annotated[str, Field(max_length=MAX_KEY)] | None = None
    is_anonymous: bool | None = None
    repeat: RepeatText | None = None
    layout: LayoutText | None = None
    rule: schemas.Rule | None = None
    closes_at: schemas.Timestamp | None = None
    questions: Questions | None = None


class SurveyIn(SurveyUpdateIn):
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class SurveyOut(schemas.OutputSchema):
    """`version` is that of the questions that are asked, 0 before it is published."""

    id: int
    public_id: str
    name: str
    intro: str
    thanks: str
    keyword: str
    state: str
    is_anonymous: bool
    repeat: str
    layout: str
    rule: Any
    round: int
    version: int
    questions: list[dict[str, Any]]
    created_at: datetime
    published_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None


class SurveyListOut(schemas.OutputSchema):
    items: list[SurveyOut]


class LineOut(schemas.OutputSchema):
    label: str
    count: int
    share: float


class QuestionResultOut(schemas.OutputSchema):
    key: str
    kind: str
    text: str
    answered: int
    lines: list[LineOut]
    mean: float | None
    median: float | None
    nps: int | None
    least: str
    most: str


class ResultsOut(schemas.OutputSchema):
    """`held` says why the results of an anonymous survey are not shown yet."""

    answered: int
    asked: int
    rounds: list[str]
    held: str
    questions: list[QuestionResultOut]


class TextOut(schemas.OutputSchema):
    member_id: int | None
    text: str


class TextsOut(schemas.OutputSchema):
    items: list[TextOut]


class AnswersOut(schemas.OutputSchema):
    """A table: the heading, and a line per response."""

    rows: list[list[Any]]


class AnswersIn(schemas.InputSchema):
    """`answers` by the key of the question: an option's key, a list of them, or a text."""

    member_id: schemas.Id
    answers: Annotated[dict[str, Any], Field(max_length=60)]


class SubmissionOut(schemas.OutputSchema):
    """`dropped` are texts of questions whose answers were left out."""

    response_id: int | None
    dropped: list[str]


class ResponseOut(schemas.OutputSchema):
    id: int
    survey_id: int
    member_id: int | None
    version: int
    round: str
    source: str
    answered_at: datetime | None
    answers: list[list[str]]


class LinesIn(schemas.InputSchema):
    lines: Annotated[str, Field(max_length=100_000)]


class TakenLineOut(schemas.OutputSchema):
    text: str
    answer: str
    is_taken: bool


class TakenLinesOut(schemas.OutputSchema):
    items: list[TakenLineOut]


class ConflictOut(schemas.OutputSchema):
    id: int
    survey_id: int
    member_id: int
    question: str
    attribute_id: int
    value: str
    state: str
    asked_at: datetime


class ConflictListOut(schemas.OutputSchema):
    items: list[ConflictOut]


class DecisionIn(schemas.InputSchema):
    """True takes the answer over, false keeps the value that staff set."""

    take: bool


def _get(request: ApiRequest, survey_id: int) -> Survey:
    return surveys.get(by=request.by, pk=survey_id)


def _serialize(survey: Survey) -> dict[str, Any]:
    version = surveys.current_version(survey)
    names = (
        *("public_id", "name", "intro", "thanks", "keyword", "state", "is_anonymous"),
        *("repeat", "layout", "rule", "round", "created_at", "published_at"),
        *("closes_at", "closed_at"),
    )
    return {
        "id": survey.pk,
        **{name: getattr(survey, name) for name in names},
        "version": version.number if version else 0,
        "questions": survey.draft,
    }


def _fields(data: SurveyUpdateIn) -> dict[str, Any]:
    """What was given; null removes a rule and an end, and leaves everything else."""
    given = data.model_dump(exclude_unset=True, mode="python")
    if "questions" in given:
        given["draft"] = given.pop("questions")
    return {
        name: getattr(value, "value", value)
        for name, value in given.items()
        if value is not None or name in ("rule", "closes_at")
    }


def _conflict(row: SurveyConflict) -> dict[str, Any]:
    names = ("question", "attribute_id", "value", "state", "asked_at", "survey_id")
    return {
        "id": row.pk,
        "member_id": row.account_id,
        **{name: getattr(row, name) for name in names},
    }


def _response(row: SurveyResponse) -> dict[str, Any]:
    return {
        "id": row.pk,
        "survey_id": row.survey_id,
        "member_id": row.account_id,
        "version": row.version.number,
        "round": row.round,
        "source": row.source,
        "answered_at": row.answered_at,
        "answers": [list(pair) for pair in responses.describe(row)],
    }


@router.get("/surveys", response=SurveyListOut)
def list_(request: ApiRequest, state: str = "") -> dict[str, Any]:
    """List surveys, the newest first."""
    rows = surveys.list_all(request.by)
    if state in State.values:
        rows = rows.filter(state=state)
    return {"items": [_serialize(row) for row in rows[:1_000]]}


@router.post("/surveys", response={201: SurveyOut})
def create(request: ApiRequest, data: SurveyIn) -> Any:
    """Create a draft of a survey."""
    survey = surveys.create(
        community=request.community, by=request.by, at=request.at, **_fields(data)
    )
    return Status(201, _serialize(survey))


@router.get("/surveys/{survey_id}", response=SurveyOut)
def get(request: ApiRequest, survey_id: schemas.Id) -> dict[str, Any]:
    """Get a survey with the questions of its draft."""
    return _serialize(_get(request, survey_id))


@router.patch("/surveys/{survey_id}", response=SurveyOut)
def update(
    request: ApiRequest, survey_id: schemas.Id, data: SurveyUpdateIn
) -> dict[str, Any]:
    """Change a survey; changed questions are asked once they are published."""
    survey = _get(request, survey_id)
    surveys.update(survey=survey, by=request.by, at=request.at, **_fields(data))
    return get(request, survey_id)


@router.delete("/surveys/{survey_id}", response={204: None})
def delete(request: ApiRequest, survey_id: schemas.Id) -> Any:
    """Delete a survey that was never published."""
    surveys.delete_draft(survey=_get(request, survey_id), by=request.by)
    return Status(204, None)


@router.post("/surveys/{survey_id}/publish", response=SurveyOut)
def publish(request: ApiRequest, survey_id: schemas.Id) -> dict[str, Any]:
    """Ask the questions of the draft from now on."""
    survey = _get(request, survey_id)
    surveys.publish(survey=survey, by=request.by, at=request.at)
    return get(request, survey_id)


@router.post("/surveys/{survey_id}/close", response=SurveyOut)
def close(request: ApiRequest, survey_id: schemas.Id) -> dict[str, Any]:
    """Close a survey, so that it takes no answers."""
    surveys.close(survey=_get(request, survey_id), by=request.by, at=request.at)
    return get(request, survey_id)


@router.post("/surveys/{survey_id}/reopen", response=SurveyOut)
def reopen(request: ApiRequest, survey_id: schemas.Id) -> dict[str, Any]:
    """Take answers again."""
    surveys.reopen(survey=_get(request, survey_id), by=request.by, at=request.at)
    return get(request, survey_id)


@router.post("/surveys/{survey_id}/rounds", response=SurveyOut)
def ask_again(request: ApiRequest, survey_id: schemas.Id) -> dict[str, Any]:
    """Start another round, in which everybody may answer again."""
    surveys.ask_again(survey=_get(request, survey_id), by=request.by, at=request.at)
    return get(request, survey_id)


@router.get("/surveys/{survey_id}/results", response=ResultsOut)
def get_results(
    request: ApiRequest,
    survey_id: schemas.Id,
    round: Annotated[str, Field(max_length=MAX_ROUND)] = "",  # noqa: A002
) -> dict[str, Any]:
    """Get how many answered of how many asked, and the numbers of each question."""
    survey = _get(request, survey_id)
    found = results.compute(survey=survey, by=request.by, at=request.at, round=round)
    names = ("answered", "mean", "median", "nps", "least", "most")
    return {
        "answered": found.answered,
        "asked": found.asked,
        "rounds": results.list_rounds(survey),
        "held": found.held,
        "questions": [
            {
                "key": each.question.key,
                "kind": str(each.question.kind),
                "text": each.question.text,
                "lines": [
                    {"label": label, "count": count, "share": share}
                    for label, count, share in each.lines
                ],
                **{name: getattr(each, name) for name in names},
            }
            for each in found.questions
        ],
    }


@router.get("/surveys/{survey_id}/texts", response=TextsOut, auth=MEMBERS)
def list_texts(
    request: ApiRequest,
    survey_id: schemas.Id,
    question: Annotated[str, Field(max_length=MAX_KEY)],
) -> dict[str, Any]:
    """List the newest answers in words to a question."""
    rows = results.list_texts(
        survey=_get(request, survey_id),
        question=question,
        by=request.by,
        at=request.at,
    )
    return {"items": [{"member_id": pk, "text": text} for pk, text in rows]}


@router.get("/surveys/{survey_id}/answers", response=AnswersOut, auth=MEMBERS)
def list_answers(request: ApiRequest, survey_id: schemas.Id) -> dict[str, Any]:
    """List all answers as a table, which is recorded as an export."""
    rows = exports.table(survey=_get(request, survey_id), by=request.by, at=request.at)
    return {"rows": [list(row) for row in rows]}


@router.post(
    "/surveys/{survey_id}/answers", response={201: SubmissionOut}, auth=MEMBERS
)
def submit(request: ApiRequest, survey_id: schemas.Id, data: AnswersIn) -> Any:
    """Store the answers of a member, once per round."""
    done = responses.submit(
        survey=_get(request, survey_id),
        account_id=data.member_id,
        answers=data.answers,
        source=Source.API,
        by=request.by,
        at=request.at,
    )
    pk = done.response.pk if done.response else None
    return Status(201, {"response_id": pk, "dropped": list(done.dropped)})


@router.post("/surveys/{survey_id}/answers/lines", response=TakenLinesOut, auth=MEMBERS)
def take_lines(
    request: ApiRequest, survey_id: schemas.Id, data: LinesIn
) -> dict[str, Any]:
    """Take lines of a member and an answer, for a survey of one question."""
    lines = typed_lines.take(
        survey=_get(request, survey_id),
        text=data.lines,
        by=request.by,
        at=request.at,
    )
    names = ("text", "answer", "is_taken")
    return {"items": [{name: getattr(line, name) for name in names} for line in lines]}


@router.get("/survey-responses/{response_id}", response=ResponseOut, auth=MEMBERS)
def get_response(request: ApiRequest, response_id: ResponseId) -> dict[str, Any]:
    """Get the answers of one response."""
    return _response(responses.get(by=request.by, pk=response_id, at=request.at))


@router.delete("/survey-responses/{response_id}", response={204: None}, auth=MEMBERS)
def delete_response(request: ApiRequest, response_id: ResponseId) -> Any:
    """Delete the answers of one response; the member may answer again."""
    responses.delete(pk=response_id, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/survey-conflicts", response=ConflictListOut, auth=MEMBERS)
def list_conflicts(request: ApiRequest) -> dict[str, Any]:
    """List answers against values of staff, which wait for a decision."""
    permissions.check_may(request.by, VIEW_ANSWERS)
    rows = effects.list_waiting(request.by, at=request.at)
    return {"items": [_conflict(row) for row in rows]}


@router.post(
    "/survey-conflicts/{conflict_id}/decision", response=ConflictOut, auth=MEMBERS
)
def decide(
    request: ApiRequest, conflict_id: schemas.Id, data: DecisionIn
) -> dict[str, Any]:
    """Take an answer over, or keep the value that staff set."""
    row = effects.decide(pk=conflict_id, take=data.take, by=request.by, at=request.at)
    return _conflict(row)
