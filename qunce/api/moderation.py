"""Moderation: cases and their decisions, pasted messages, appeals, mass actions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.cases import cases, member_reports
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import (
    Appeal,
    Case,
    CaseState,
    MassAction,
    Mode,
    Rung,
)
from qunce.groups.moderation.staff_decisions import (
    appeals,
    case_decisions,
    mass_actions,
)
from qunce.members.message_texts import message_texts

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["moderation"])
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Minutes = Annotated[int, Field(ge=1, le=ladders.MAX_MINUTES)]
Reason = Annotated[str, Field(max_length=case_decisions.MAX_REASON)]


class CaseOut(schemas.OutputSchema):
    """`responsible_id` is the member whom the case is about; `editor_id` has edited it.

    `text` and `findings` are empty for staff who may not read messages. `verdict` is
    "right" or "wrong" once a person has settled the case.
    """

    number: int
    group_id: int
    source: str
    state: CaseState
    mode: Mode
    rung: Rung
    minutes: int | None
    rule: str
    account_id: int | None
    editor_id: int | None
    responsible_id: int | None
    is_forwarded: bool
    author_name: str
    text: str
    findings: list[dict[str, Any]]
    duplicates: int
    reports: int
    verdict: str
    reason: str
    happened_at: datetime
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str


class ConfirmationIn(schemas.InputSchema):
    """Without a `rung`, what the case proposes is done."""

    rung: Rung | None = None
    minutes: Minutes | None = None


class DismissalIn(schemas.InputSchema):
    reason: Reason = ""


class PastedIn(schemas.InputSchema):
    """`name` is of messages that have none in the text."""

    group_id: schemas.Id
    text: Annotated[str, Field(min_length=1, max_length=pasted_messages.MAX_PASTED)]
    name: Annotated[str, Field(max_length=pasted_messages.MAX_NAME)] = ""


class VerdictOut(schemas.OutputSchema):
    """`case_number` is null where no rule finds anything; `exemption` says whom rules
    do not concern, or "hidden" if the case is for staff who see the member."""

    name: str
    text: str
    case_number: int | None
    exemption: str


class VerdictListOut(schemas.OutputSchema):
    items: list[VerdictOut]


class AppealOut(schemas.OutputSchema):
    id: int
    case_number: int
    member_id: int
    text: str
    state: str
    answer: str
    opened_at: datetime
    answered_at: datetime | None


class AppealListOut(schemas.OutputSchema):
    """`median_seconds` is the median time to an answer of 90 days."""

    items: list[AppealOut]
    median_seconds: float | None


class AppealAnswerIn(schemas.InputSchema):
    """With `overturn`, the decision is undone."""

    overturn: bool
    answer: Annotated[str, Field(min_length=1, max_length=appeals.MAX_ANSWER)]


class MassActionIn(schemas.InputSchema):
    group_id: schemas.Id
    kind: Literal["mute", "kick", "ban"]
    member_ids: Annotated[
        list[schemas.Id], Field(min_length=1, max_length=mass_actions.MAX_ACCOUNTS)
    ]
    minutes: Minutes | None = None
    reason: Annotated[str, Field(min_length=1, max_length=mass_actions.MAX_REASON)]


class MassActionOut(schemas.OutputSchema):
    """`size` is the number of members, or of cases to undo."""

    id: int
    kind: str
    group_id: int | None
    size: int
    reason: str
    state: str
    created_at: datetime
    by: str
    answered_by: str


class MassActionListOut(schemas.OutputSchema):
    items: list[MassActionOut]


def _case(request: ApiRequest, case: Case) -> dict[str, Any]:
    names = (
        *("number", "group_id", "source", "state", "mode", "rung", "minutes"),
        *("account_id", "editor_id", "responsible_id", "is_forwarded", "author_name"),
        *("duplicates", "verdict", "reason", "happened_at", "opened_at", "decided_at"),
    )
    may_read = permissions.may(request.by, message_texts.READ)
    reports = member_reports.list_of(case, by=request.by, at=request.at)
    return {
        **{name: getattr(case, name) for name in names},
        "rule": case.rule.key if case.rule else "",
        "text": case.text if may_read else "",
        "findings": case.findings if may_read else [],
        "reports": len(reports),
        "decided_by": case.decided_by.name if case.decided_by else "",
    }


def _get(request: ApiRequest, number: int) -> Case:
    return cases.get(by=request.by, number=number, at=request.at)


@router.get("/moderation/cases", response=schemas.Page[CaseOut])
def list_cases(
    request: ApiRequest,
    state: CaseState | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the cases of groups and members that you see, the latest first."""
    rows = cases.list_visible(request.by, request.at)
    if state is not None:
        rows = rows.filter(state=state)
    if after is not None:
        (before,) = schemas.decode_cursor(after)
        rows = rows.filter(number__lt=before)
    found = list(rows.order_by("-number")[: limit + 1])
    more = len(found) > limit
    return {
        "items": [_case(request, case) for case in found[:limit]],
        "next": schemas.encode_cursor(found[limit - 1].number) if more else None,
    }


@router.get("/moderation/cases/{number}", response=CaseOut)
def get_case(request: ApiRequest, number: Number) -> dict[str, Any]:
    """Get a case with what the checks found."""
    return _case(request, _get(request, number))


@router.post("/moderation/cases/{number}/confirm", response=CaseOut)
def confirm(
    request: ApiRequest, number: Number, data: ConfirmationIn
) -> dict[str, Any]:
    """Agree with a case, and do what it proposes or `rung` instead."""
    case_decisions.confirm(
        case=_get(request, number),
        rung=data.rung,
        minutes=data.minutes,
        by=request.by,
        at=request.at,
    )
    return get_case(request, number)


@router.post("/moderation/cases/{number}/dismiss", response=CaseOut)
def dismiss(request: ApiRequest, number: Number, data: DismissalIn) -> dict[str, Any]:
    """Disagree with a case on which nothing was done."""
    case_decisions.dismiss(
        case=_get(request, number), reason=data.reason, by=request.by, at=request.at
    )
    return get_case(request, number)


@router.post("/moderation/cases/{number}/reopen", response=CaseOut)
def reopen(request: ApiRequest, number: Number) -> dict[str, Any]:
    """Let a dismissed case wait for a decision again."""
    case_decisions.reopen(case=_get(request, number), by=request.by, at=request.at)
    return get_case(request, number)


@router.post("/moderation/cases/{number}/undo", response=CaseOut)
def undo(request: ApiRequest, number: Number, data: DismissalIn) -> dict[str, Any]:
    """Take back what was done. A deleted message does not come back."""
    case_decisions.undo(
        case=_get(request, number), reason=data.reason, by=request.by, at=request.at
    )
    return get_case(request, number)


@router.post("/moderation/cases/{number}/remove", response=CaseOut)
def remove(request: ApiRequest, number: Number) -> dict[str, Any]:
    """Remove who wrote it from the group, and blacklist them in every group."""
    pasted_messages.remove(case=_get(request, number), by=request.by, at=request.at)
    return get_case(request, number)


@router.post("/moderation/pasted-messages", response=VerdictListOut)
def judge(request: ApiRequest, data: PastedIn) -> dict[str, Any]:
    """Judge messages that no channel reports. What rules find waits as cases."""
    verdicts = pasted_messages.judge(
        group=group_visibility.get(by=request.by, pk=data.group_id),
        text=data.text,
        name=data.name,
        by=request.by,
        at=request.at,
    )
    return {
        "items": [
            {
                "name": each.pasted.name,
                "text": each.pasted.text,
                "case_number": each.case.number if each.case else None,
                "exemption": each.exemption,
            }
            for each in verdicts
        ]
    }


# Appeals


def _appeal(appeal: Appeal) -> dict[str, Any]:
    names = ("text", "state", "answer", "opened_at", "answered_at")
    return {
        "id": appeal.pk,
        "case_number": appeal.case.number,
        "member_id": appeal.account_id,
        **{name: getattr(appeal, name) for name in names},
    }


@router.get("/moderation/appeals", response=AppealListOut)
def list_appeals(
    request: ApiRequest,
    state: Annotated[Literal["open", "all"], Query()] = "open",
) -> dict[str, Any]:
    """List appeals, those that wait or the latest 200 of all."""
    if state == "open":
        rows = appeals.list_open(request.by, request.at)
    else:
        rows = list(
            appeals.list_visible(request.by, request.at).order_by("-opened_at")[:200]
        )
    median = appeals.median_answer_time(by=request.by, at=request.at)
    return {
        "items": [_appeal(row) for row in rows],
        "median_seconds": median.total_seconds() if median else None,
    }


@router.post("/moderation/appeals/{appeal_id}/answer", response=AppealOut)
def answer(
    request: ApiRequest, appeal_id: schemas.Id, data: AppealAnswerIn
) -> dict[str, Any]:
    """Answer an appeal of a case that somebody else decided."""
    appeals.answer(
        appeal=appeals.get(by=request.by, pk=appeal_id, at=request.at),
        overturn=data.overturn,
        answer=data.answer,
        by=request.by,
        at=request.at,
    )
    return _appeal(appeals.get(by=request.by, pk=appeal_id, at=request.at))


# Mass actions


def _mass_action(row: MassAction) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "group_id": row.group_id,
        "size": mass_actions.size_of(row),
        "reason": row.reason,
        "state": row.state,
        "created_at": row.created_at,
        "by": row.by.name if row.by else "",
        "answered_by": row.answered_by.name if row.answered_by else "",
    }


@router.get("/moderation/mass-actions", response=MassActionListOut)
def list_mass_actions(request: ApiRequest) -> dict[str, Any]:
    """List the latest 200 mass actions."""
    rows = mass_actions.list_visible(request.by, request.at)[:200]
    return {"items": [_mass_action(row) for row in rows]}


@router.post("/moderation/mass-actions", response={201: MassActionOut})
def request_mass_action(request: ApiRequest, data: MassActionIn) -> Any:
    """Ask for an action on many members. A second person approves it."""
    row = mass_actions.request(
        group=group_visibility.get(by=request.by, pk=data.group_id),
        kind=data.kind,
        accounts=data.member_ids,
        minutes=data.minutes,
        reason=data.reason,
        by=request.by,
        at=request.at,
    )
    return Status(201, _mass_action(row))


@router.post(
    "/moderation/mass-actions/{mass_action_id}/approve", response=MassActionOut
)
def approve(request: ApiRequest, mass_action_id: schemas.Id) -> dict[str, Any]:
    """Approve what somebody else asked for."""
    row = mass_actions.get(by=request.by, pk=mass_action_id, at=request.at)
    mass_actions.approve(mass_action=row, by=request.by, at=request.at)
    return _mass_action(row)


@router.post("/moderation/mass-actions/{mass_action_id}/refuse", response=MassActionOut)
def refuse(request: ApiRequest, mass_action_id: schemas.Id) -> dict[str, Any]:
    """Refuse a mass action. Nothing is done."""
    row = mass_actions.get(by=request.by, pk=mass_action_id, at=request.at)
    mass_actions.refuse(mass_action=row, by=request.by, at=request.at)
    return _mass_action(row)
