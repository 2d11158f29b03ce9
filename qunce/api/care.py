"""Care: rules for birthdays and other occasions, what comes, results and the budget."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff as staff_store
from qunce.members.people import people, visibility
from qunce.outreach.care import budgets, forecast, results, rules
from qunce.outreach.care.models import CareOccasion, CareRule
from qunce.outreach.content import message_templates, templates

router = Router(auth=RequiresScope("campaigns"), tags=["care"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(max_length=templates.MAX_LENGTH)]
MinuteOfDay = Annotated[int, Field(ge=0, le=1439)]
Amount = Annotated[int, Field(ge=0, le=rules.MAX_AMOUNT)]
Occasion = Annotated[
    dict[str, Any],
    Field(
        description=(
            "One of `{on: birthday, attributes}`, `{on: joined | first_order, unit:"
            " years | months | days, numbers}`, `{on: festival, days: {festivals, dates,"
            " offset}}` and `{on: surprise, members, month_day}`."
        )
    ),
]
Action = Literal["message", "task"]
Purpose = Literal["marketing", "service"]
Priority = Literal[0, 10, 20, 30]


class CareRuleFields(schemas.InputSchema):
    """`minute` is after midnight, by the clock of the community or of each member.

    `staff_id` does it for members without staff in charge. `amount` is the cost per member
    in the smallest unit of the currency. A `rule` of null is everyone.
    """

    rule: schemas.Rule | None = None
    minute: MinuteOfDay = 540
    member_clock: bool = False
    late_hours: Annotated[int, Field(ge=1, le=rules.MAX_LATE_HOURS)] = 12
    action: Action = "message"
    text: Text = ""
    material_version_ids: Annotated[list[schemas.Id], Field(max_length=20)] = []
    template_version_id: schemas.Id | None = None
    channel: Annotated[str, Field(max_length=30)] = "assisted"
    staff_id: schemas.Id | None = None
    prefers_in_charge: bool = True
    purpose: Purpose = "marketing"
    priority: Priority = 20
    amount: Amount = 0


class CareRuleIn(CareRuleFields):
    name: Name
    occasion: Occasion


class CareRuleUpdateIn(CareRuleFields):
    """Fields that are missing stay as they are."""

    name: Name | None = None
    occasion: Occasion | None = None


class CareRuleOut(schemas.OutputSchema):
    id: int
    name: str
    occasion: dict[str, Any]
    rule: dict[str, Any] | None
    minute: int
    member_clock: bool
    late_hours: int
    action: str
    text: str
    material_version_ids: list[int]
    template_version_id: int | None
    channel: str
    staff_id: int | None
    prefers_in_charge: bool
    purpose: str
    priority: int
    amount: int
    is_on: bool
    started_at: datetime | None
    archived_at: datetime | None


class CareRuleListOut(schemas.OutputSchema):
    items: list[CareRuleOut]


class ComingOut(schemas.OutputSchema):
    """`lunar` of the `count` members have the occasion by the lunar calendar."""

    day: date
    rule_id: int
    name: str
    count: int
    lunar: int


class ComingListOut(schemas.OutputSchema):
    items: list[ComingOut]


class NextOccasionOut(schemas.OutputSchema):
    rule_id: int
    name: str
    day: date


class NextOccasionListOut(schemas.OutputSchema):
    items: list[NextOccasionOut]


class CareResultsOut(schemas.OutputSchema):
    """`messages` by state, `outcomes` of staff tasks, `skipped` by reason.

    `late` members were not handled in time. `spent` is what is reserved in all.
    """

    planned: int
    released: int
    late: int
    spent: int
    messages: dict[str, int]
    outcomes: dict[str, int]
    skipped: dict[str, int]


class OccasionOut(schemas.OutputSchema):
    """An occasion of a member, null once they are erased. `amount` is reserved."""

    id: int
    member_id: int | None
    day: date
    key: str
    state: str
    reason: str
    amount: int
    seed: str


class CareBudgetIn(schemas.InputSchema):
    """`amount` is per month, in the smallest unit of the community's currency."""

    amount: Annotated[int, Field(ge=0, le=budgets.MAX_AMOUNT)]


class CareBudgetOut(schemas.OutputSchema):
    """`amount` is null if no budget is set, which allows no spending."""

    month: str
    currency: str
    amount: int | None
    spent: int
    left: int


def _serialize(rule: CareRule) -> dict[str, Any]:
    names = set(CareRuleOut.model_fields) - {"material_version_ids", "rule"}
    values = {name: getattr(rule, name) for name in names}
    materials = rule.materials
    return {**values, "rule": rule.audience, "material_version_ids": materials}


def _given(
    request: ApiRequest, data: CareRuleFields, *, partly: bool
) -> dict[str, Any]:
    """The arguments of the verbs, from the fields that were sent."""
    sent = data.model_dump(exclude_unset=partly)
    for name in ("name", "occasion"):
        if sent.get(name, "") is None:
            del sent[name]
    if "material_version_ids" in sent:
        sent["materials"] = sent.pop("material_version_ids")
    if "rule" in sent:
        sent["audience"] = sent.pop("rule")
    if "staff_id" in sent:
        pk = sent.pop("staff_id")
        sent["staff"] = pk and staff_store.get(by=request.by, pk=pk)
    if "template_version_id" in sent:
        pk = sent.pop("template_version_id")
        sent["template_version"] = pk and message_templates.get_version(
            request.community, pk
        )
    return sent


@router.get("/care/rules", response=CareRuleListOut)
def list_(request: ApiRequest, archived: bool = False) -> dict[str, Any]:
    """List care rules, those that are on first."""
    rows = rules.list_all(request.by, archived=archived)
    return {"items": [_serialize(rule) for rule in rows]}


@router.post("/care/rules", response={201: CareRuleOut})
def create(request: ApiRequest, data: CareRuleIn) -> Any:
    """Create a care rule. It is off."""
    fields = _given(request, data, partly=False)
    rule = rules.create(
        community=request.community, by=request.by, at=request.at, **fields
    )
    return Status(201, _serialize(rule))


@router.get("/care/rules/{care_rule_id}", response=CareRuleOut)
def get(request: ApiRequest, care_rule_id: schemas.Id) -> dict[str, Any]:
    """Get a care rule."""
    return _serialize(rules.get(by=request.by, pk=care_rule_id))


@router.patch("/care/rules/{care_rule_id}", response=CareRuleOut)
def update(
    request: ApiRequest, care_rule_id: schemas.Id, data: CareRuleUpdateIn
) -> dict[str, Any]:
    """Change a care rule from its next occasion on."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    fields = _given(request, data, partly=True)
    rules.update(rule=rule, by=request.by, at=request.at, **fields)
    return get(request, care_rule_id)


@router.post("/care/rules/{care_rule_id}/start", response=CareRuleOut)
def start(request: ApiRequest, care_rule_id: schemas.Id) -> dict[str, Any]:
    """Switch a care rule on. Earlier occasions are not made up for."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    rules.start(rule=rule, by=request.by, at=request.at)
    return get(request, care_rule_id)


@router.post("/care/rules/{care_rule_id}/stop", response=CareRuleOut)
def stop(request: ApiRequest, care_rule_id: schemas.Id) -> dict[str, Any]:
    """Switch a care rule off. What is planned already stays."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    rules.stop(rule=rule, by=request.by, at=request.at)
    return get(request, care_rule_id)


@router.post("/care/rules/{care_rule_id}/archive", response=CareRuleOut)
def archive(request: ApiRequest, care_rule_id: schemas.Id) -> dict[str, Any]:
    """Archive a care rule that is off."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    rules.archive(rule=rule, by=request.by, at=request.at)
    return get(request, care_rule_id)


@router.delete("/care/rules/{care_rule_id}/archive", response=CareRuleOut)
def restore(request: ApiRequest, care_rule_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived care rule. It is off."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    rules.restore(rule=rule, by=request.by, at=request.at)
    return get(request, care_rule_id)


@router.get("/care/rules/{care_rule_id}/results", response=CareResultsOut)
def get_results(request: ApiRequest, care_rule_id: schemas.Id) -> dict[str, Any]:
    """Count what became of the occasions of a rule."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    found = results.count(rule=rule, by=request.by)
    return {name: getattr(found, name) for name in CareResultsOut.model_fields}


@router.get("/care/rules/{care_rule_id}/occasions", response=schemas.Page[OccasionOut])
def list_occasions(
    request: ApiRequest,
    care_rule_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the occasions of a rule that were handled, by id."""
    rule = rules.get(by=request.by, pk=care_rule_id)
    query = results.list_occasions(by=request.by, rule=rule, at=request.at)
    page, more = schemas.paginate_rows(
        query.select_related("day"), after=after, limit=limit
    )
    return {"items": [_serialize_occasion(row) for row in page], "next": more}


def _serialize_occasion(row: CareOccasion) -> dict[str, Any]:
    names = ("key", "state", "reason", "amount")
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "day": row.day.day,
        "seed": row.day.seed,
        **{name: getattr(row, name) for name in names},
    }


@router.post("/care/occasions/{care_occasion_id}/release", response=OccasionOut)
def release(request: ApiRequest, care_occasion_id: schemas.Id) -> dict[str, Any]:
    """Record that a gift was not given, so that its amount can be spent again."""
    occasion = budgets.get_occasion(by=request.by, pk=care_occasion_id)
    budgets.release(occasion=occasion, by=request.by, at=request.at)
    return _serialize_occasion(budgets.get_occasion(by=request.by, pk=care_occasion_id))


@router.get("/care/coming", response=ComingListOut)
def list_coming(
    request: ApiRequest, days: Annotated[int, Field(ge=1, le=90)] = forecast.DAYS
) -> dict[str, Any]:
    """Count the members whose occasion comes in the next days, by day and rule."""
    found = forecast.list_coming(by=request.by, at=request.at, days_ahead=days)
    return {
        "items": [
            {
                "day": each.day,
                "rule_id": one.rule.pk,
                "name": one.rule.name,
                "count": one.count,
                "lunar": one.lunar,
            }
            for each in found
            for one in each.occasions
        ]
    }


@router.get("/members/{member_id}/care", response=NextOccasionListOut)
def list_next(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """List the next occasion of a member by each rule that is on."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    person = people.get_by_account(account.pk)
    accounts = [each.pk for each in person.accounts]
    found = forecast.list_next(accounts=accounts, by=request.by, at=request.at)
    return {
        "items": [
            {"rule_id": each.rule.pk, "name": each.rule.name, "day": each.day}
            for each in found
        ]
    }


@router.get("/care/budget", response=CareBudgetOut)
def get_budget(request: ApiRequest) -> dict[str, Any]:
    """Get the budget of this month and what is reserved of it."""
    state = budgets.find(by=request.by, at=request.at)
    return {
        "month": state.month,
        "currency": request.community.currency,
        "amount": state.amount,
        "spent": state.spent,
        "left": state.left,
    }


@router.put("/care/budget", response=CareBudgetOut)
def set_budget(request: ApiRequest, data: CareBudgetIn) -> dict[str, Any]:
    """Set what care may cost per month."""
    budgets.set_amount(
        community=request.community, amount=data.amount, by=request.by, at=request.at
    )
    return get_budget(request)
