"""Findings: what left its weekly rhythm, and what staff decided about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight.findings import actions, daily, decisions, models, sentences
from qunce.insight.findings.finding import Finding
from qunce.insight.findings.models import FindingDecision

router = Router(auth=RequiresScope("metrics"), tags=["findings"])
Cell = Annotated[
    str,
    Field(
        min_length=1,
        max_length=models.MAX_CELL,
        description="The `cell` of an open finding, such as `group:leaves:up:fruit-3`.",
    ),
]
Action = Annotated[
    str, WithJsonSchema({"type": "string", "enum": list(actions.ACTIONS)})
]


class PartOut(schemas.OutputSchema):
    key: str
    label: str
    expected: int
    observed: int
    contribution: int


class CauseOut(schemas.OutputSchema):
    """`leading` + `opposite` + `others` + `remainder` is the difference.

    `others` are further parts, `remainder` is what is in no part, or in several.
    """

    dimension: str
    label: str
    leading: list[PartOut]
    opposite: list[PartOut]
    others: int
    remainder: int


class LeftOutOut(schemas.OutputSchema):
    day: date
    reason: str


class EffectOut(schemas.OutputSchema):
    """Numbers after earlier actions of the kind, in per cent of what was usual."""

    cases: int
    lowest: int
    highest: int


class FindingOut(schemas.OutputSchema):
    """`observed` and `expected` are of the days `since` to `until`, means if `is_daily`.

    `rule` selects the people behind it. Money is in the smallest unit of `currency`.
    """

    cell: str
    text: str
    metric: str
    level: str
    direction: str
    group_key: str | None
    group_name: str | None
    since: date
    until: date
    days: int
    observed: int
    expected: int
    difference: int
    is_daily: bool
    p_value: float
    currency: str | None
    money: int | None
    cause: CauseOut | None
    left_out: list[LeftOutOut]
    rule: dict[str, Any] | None
    people: int
    is_of_community: bool
    action: str
    effect: EffectOut | None

    @staticmethod
    def resolve_text(finding: Finding) -> str:
        return sentences.headline(finding)

    @staticmethod
    def resolve_group_key(finding: Finding) -> str | None:
        return finding.group or None

    @staticmethod
    def resolve_group_name(finding: Finding) -> str | None:
        return finding.group_name or None

    @staticmethod
    def resolve_currency(finding: Finding) -> str | None:
        return finding.currency or None


class FindingsOut(schemas.OutputSchema):
    """`asked` numbers were looked at; of `not_enough` of them there is nothing to say."""

    until: date
    computed_at: datetime
    asked: int
    not_enough: int
    small_groups: list[str]
    findings: list[FindingOut]


class OutcomeOut(schemas.OutputSchema):
    """The same metric since the action. `verdict` is `usual`, `still` or `reversed`."""

    since: date
    until: date
    days: int
    observed: int
    expected: int
    verdict: str


class FindingDecisionOut(schemas.OutputSchema):
    """`decided` is `dismissed` or `acted`; the same finding is away until `until`."""

    id: int
    decided: str
    state: str
    day: date
    until: date
    reason: str
    action: str
    by: str
    finding: FindingOut
    outcome: OutcomeOut | None


class FindingDismissIn(schemas.InputSchema):
    cell: Cell
    reason: Annotated[str, Field(min_length=1, max_length=models.MAX_REASON)]


class FindingActIn(schemas.InputSchema):
    """Without `action` it is the one that the finding suggests."""

    cell: Cell
    action: Action = ""


def _serialize(decision: FindingDecision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "decided": decision.decided,
        "state": decision.state,
        "day": decision.day,
        "until": decisions.last_day_away(decision),
        "reason": decision.reason,
        "action": decision.action,
        "by": decision.by.login,
        "finding": decisions.finding_of(decision),
        "outcome": decisions.outcome_of(decision),
    }


@router.get("/findings", response=FindingsOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List the open findings of today, at most three."""
    found = daily.load(by=request.by, at=request.at)
    return {
        "until": found.all.until,
        "computed_at": found.computed_at,
        "asked": found.all.asked,
        "not_enough": found.all.not_enough,
        "small_groups": list(found.all.small_groups),
        "findings": list(found.open),
    }


@router.get("/findings/decisions", response=schemas.Page[FindingDecisionOut])
def list_decisions(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List dismissed findings and those acted on, by id."""
    rows = decisions.list_visible(request.by).order_by("pk")
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    return {"items": [_serialize(row) for row in page], "next": more}


@router.post("/findings/dismiss", response={201: FindingDecisionOut})
def dismiss(request: ApiRequest, data: FindingDismissIn) -> Any:
    """Dismiss an open finding; it does not come back for 14 days."""
    row = decisions.dismiss(
        community=request.community,
        cell=data.cell,
        reason=data.reason,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(row))


@router.post("/findings/act", response={201: FindingDecisionOut})
def act(request: ApiRequest, data: FindingActIn) -> Any:
    """Record that somebody acts on an open finding."""
    row = decisions.act(
        community=request.community,
        cell=data.cell,
        action=data.action,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(row))


@router.post("/findings/decisions/{decision_id}/withdraw", response=FindingDecisionOut)
def withdraw(request: ApiRequest, decision_id: schemas.Id) -> dict[str, Any]:
    """Undo a decision about a finding."""
    row = decisions.get(by=request.by, pk=decision_id)
    decisions.withdraw(decision=row, by=request.by, at=request.at)
    return _serialize(row)
