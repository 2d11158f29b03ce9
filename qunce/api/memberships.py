"""Paid memberships: what can be bought, and terms that are entered by hand."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.activities.levels import memberships, schemes
from qunce.activities.levels.models import (
    MAX_NAME,
    MAX_TEXT,
    MembershipPlan,
    MembershipTerm,
)
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["levels"])
Months = Annotated[int, Field(ge=1, le=memberships.MAX_MONTHS)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class MembershipPlanUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] | None = None
    months: Months | None = None
    category: Annotated[str, Field(max_length=80)] | None = None
    level_key: str | None = None
    remind_days: Annotated[int, Field(ge=0, le=90)] | None = None


class MembershipPlanIn(MembershipPlanUpdateIn):
    """Orders with an item of `category` buy a term; "" leaves it to staff."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    key: Annotated[str, Field(max_length=50)] = ""


class MembershipPlanOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    months: int
    category: str
    level_key: str | None
    remind_days: int
    is_archived: bool


class MembershipPlanListOut(schemas.OutputSchema):
    items: list[MembershipPlanOut]


class MembershipTermIn(schemas.InputSchema):
    """The same `key` enters one term. Without `months`, the term of the membership."""

    plan_id: schemas.Id
    key: Annotated[str, Field(min_length=1, max_length=200)]
    months: Months | None = None
    reason: Text = ""


class MembershipTermOut(schemas.OutputSchema):
    id: int
    plan: str
    first_day: date
    last_day: date
    months: int
    source: str
    reason: str
    is_cancelled: bool


class MembershipCancelIn(schemas.InputSchema):
    reason: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


def _plan(plan: MembershipPlan) -> dict[str, Any]:
    names = ("key", "name", "months", "category", "remind_days")
    return {
        "id": plan.pk,
        **{name: getattr(plan, name) for name in names},
        "level_key": plan.level.key if plan.level else None,
        "is_archived": plan.archived_at is not None,
    }


def _term(term: MembershipTerm) -> dict[str, Any]:
    return {
        "id": term.pk,
        "plan": term.plan.key,
        "first_day": community_days.to_date(term.first_day),
        "last_day": community_days.to_date(term.last_day),
        "months": term.months,
        "source": term.source,
        "reason": term.reason,
        "is_cancelled": term.cancelled_at is not None,
    }


def _fields(request: ApiRequest, data: MembershipPlanUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True)
    fields = {k: v for k, v in given.items() if v is not None and k != "level_key"}
    if "level_key" in given:
        key = given["level_key"]
        fields["level"] = schemes.find_by_key(request.community, key) if key else None
    return fields


@router.get("/membership-plans", response=MembershipPlanListOut)
def list_plans(request: ApiRequest) -> dict[str, Any]:
    """List the memberships that can be bought."""
    return {"items": [_plan(row) for row in memberships.list_plans(request.by)]}


@router.post("/membership-plans", response={201: MembershipPlanOut})
def create_plan(request: ApiRequest, data: MembershipPlanIn) -> Any:
    """Create a membership that members can buy."""
    plan = memberships.create_plan(
        community=request.community,
        by=request.by,
        at=request.at,
        **_fields(request, data),
    )
    return Status(201, _plan(plan))


@router.patch("/membership-plans/{plan_id}", response=MembershipPlanOut)
def update_plan(
    request: ApiRequest, plan_id: schemas.Id, data: MembershipPlanUpdateIn
) -> dict[str, Any]:
    """Change a membership. Terms that were bought keep their months."""
    plan = memberships.get_plan(by=request.by, pk=plan_id)
    memberships.update_plan(
        plan=plan, by=request.by, at=request.at, **_fields(request, data)
    )
    return _plan(memberships.get_plan(by=request.by, pk=plan_id))


@router.delete("/membership-plans/{plan_id}", response={204: None})
def archive_plan(request: ApiRequest, plan_id: schemas.Id) -> Any:
    """Archive a membership. Members keep their terms."""
    plan = memberships.get_plan(by=request.by, pk=plan_id)
    memberships.archive_plan(plan=plan, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/members/{member_id}/memberships", response=MembershipTermOut)
def enter_term(
    request: ApiRequest, member_id: schemas.Id, data: MembershipTermIn
) -> dict[str, Any]:
    """Enter a term of a membership by hand, which extends what the member has."""
    term = memberships.enter(
        plan=memberships.get_plan(by=request.by, pk=data.plan_id),
        account_id=member_id,
        key=data.key,
        by=request.by,
        at=request.at,
        reason=data.reason,
        months=data.months,
    )
    return _term(term)


@router.post("/membership-terms/{term_id}/cancel", response=MembershipTermOut)
def cancel_term(
    request: ApiRequest, term_id: schemas.Id, data: MembershipCancelIn
) -> dict[str, Any]:
    """Cancel a term, with a reason. Terms after it move forward."""
    term = memberships.get_term(by=request.by, pk=term_id, at=request.at)
    memberships.cancel(term=term, by=request.by, at=request.at, reason=data.reason)
    return _term(memberships.get_term(by=request.by, pk=term_id, at=request.at))
