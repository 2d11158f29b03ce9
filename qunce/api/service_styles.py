"""Styles of service: what each sets, who has which, and that of one member."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.contact_budget import LimitIn, LimitOut, MinuteOfDay, Minutes
from qunce.outreach.contact_budget import policies
from qunce.outreach.service_styles import explanations, rules, styles
from qunce.outreach.service_styles.models import ServiceStyle

router = Router(auth=RequiresScope("campaigns"), tags=["service styles"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
AnswerMinutes = Annotated[int, Field(ge=1, le=styles.MAX_ANSWER_MINUTES)]


class StyleUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are; what is null is as in the community.

    `playbook_ids` are those that members of the style may be in, null for any.
    """

    name: Name | None = None
    description: Annotated[str, Field(max_length=300)] | None = None
    limits: Annotated[list[LimitIn], Field(max_length=40)] | None = None
    gap_minutes: Minutes | None = None
    quiet_start: MinuteOfDay | None = None
    quiet_end: MinuteOfDay | None = None
    channel: Annotated[str, Field(max_length=30)] | None = None
    playbook_ids: (
        Annotated[list[schemas.Id], Field(max_length=styles.MAX_PLAYBOOKS)] | None
    ) = None
    answer_minutes: AnswerMinutes | None = None


class StyleIn(StyleUpdateIn):
    name: Name


class StyleOut(schemas.OutputSchema):
    """`is_default` is the style of everyone for whom no rule holds."""

    id: int
    key: str
    name: str
    description: str
    limits: list[LimitOut] | None
    gap_minutes: int | None
    quiet_start: int | None
    quiet_end: int | None
    channel: str
    playbook_ids: list[int] | None
    answer_minutes: int | None
    is_default: bool


class StyleListOut(schemas.OutputSchema):
    items: list[StyleOut]


class StyleRuleIn(schemas.InputSchema):
    """`rule` has one clause: `source`, `layer`, `group` or `segment`."""

    rule: dict[str, Any]
    style_id: schemas.Id


class StyleRulesIn(schemas.InputSchema):
    """The whole list in its order; `default_id` is the style of everyone else."""

    rules: Annotated[list[StyleRuleIn], Field(max_length=rules.MAX_RULES)]
    default_id: schemas.Id


class StyleRuleOut(schemas.OutputSchema):
    """`members` have the style by this rule; `problem` is why it cannot be evaluated."""

    rule: dict[str, Any]
    style_id: int
    members: int
    problem: str


class StyleRulesOut(schemas.OutputSchema):
    """`others` members have the default."""

    rules: list[StyleRuleOut]
    default_id: int | None
    others: int


class MemberStyleOut(schemas.OutputSchema):
    """Null where there are no styles. `rule` gives the style, null for everyone else."""

    style_id: int | None
    name: str | None
    answer_minutes: int | None
    rule: dict[str, Any] | None


def _serialize(style: ServiceStyle) -> dict[str, Any]:
    names = (
        *("key", "name", "description", "limits", "gap_minutes", "quiet_start"),
        *("quiet_end", "channel", "answer_minutes", "is_default"),
    )
    return {
        "id": style.pk,
        **{name: getattr(style, name) for name in names},
        "playbook_ids": style.playbooks,
    }


@router.get("/service-styles", response=StyleListOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List the styles of service by name."""
    return {"items": [_serialize(row) for row in styles.list_all(request.by)]}


@router.post("/service-styles", response={201: StyleOut})
def create(request: ApiRequest, data: StyleIn) -> Any:
    """Create a style of service. The first is that of everyone."""
    style = styles.create(
        community=request.community, by=request.by, at=request.at, **_given(data)
    )
    return Status(201, _serialize(style))


@router.get("/service-styles/rules", response=StyleRulesOut)
def get_rules(request: ApiRequest) -> dict[str, Any]:
    """Get who has which style of service, with numbers."""
    found = explanations.overview(by=request.by, at=request.at)
    return {
        "rules": [
            {
                "rule": each.rule.rule,
                "style_id": each.rule.style_id,
                "members": each.members,
                "problem": each.problem,
            }
            for each in found.rules
        ],
        "default_id": found.default.pk if found.default else None,
        "others": found.others,
    }


@router.put("/service-styles/rules", response=StyleRulesOut)
def update_rules(request: ApiRequest, data: StyleRulesIn) -> dict[str, Any]:
    """Set who has which style of service; the first rule that holds decides."""
    by = request.by
    rules.update(
        community=request.community,
        rules=[
            rules.Draft(each.rule, styles.get(by=by, pk=each.style_id))
            for each in data.rules
        ],
        default=styles.get(by=by, pk=data.default_id),
        by=by,
        at=request.at,
    )
    return get_rules(request)


@router.get("/service-styles/{style_id}", response=StyleOut)
def get(request: ApiRequest, style_id: schemas.Id) -> dict[str, Any]:
    """Get a style of service."""
    return _serialize(styles.get(by=request.by, pk=style_id))


@router.patch("/service-styles/{style_id}", response=StyleOut)
def update(
    request: ApiRequest, style_id: schemas.Id, data: StyleUpdateIn
) -> dict[str, Any]:
    """Change a style of service. It holds for every message that is not claimed yet."""
    style = styles.get(by=request.by, pk=style_id)
    styles.update(style=style, by=request.by, at=request.at, **_given(data))
    return get(request, style_id)


@router.delete("/service-styles/{style_id}", response={204: None})
def delete(request: ApiRequest, style_id: schemas.Id) -> Any:
    """Delete a style of service that nobody has."""
    style = styles.get(by=request.by, pk=style_id)
    styles.delete(style=style, by=request.by, at=request.at)
    return Status(204, None)


@router.get(
    "/members/{member_id}/service-style",
    response=MemberStyleOut,
    auth=RequiresScope("members", also=["campaigns"]),
)
def get_of_member(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """Get the style of service of a member, and the rule that gives it."""
    found = explanations.find_style(account=member_id, by=request.by, at=request.at)
    if found is None:
        return dict.fromkeys(("style_id", "name", "answer_minutes", "rule"))
    return {
        "style_id": found.style.pk,
        "name": found.style.name,
        "answer_minutes": found.style.answer_minutes,
        "rule": found.rule,
    }


def _given(data: StyleUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True)
    never_null = ("name", "description", "channel")
    given = {k: v for k, v in given.items() if v is not None or k not in never_null}
    if "playbook_ids" in given:
        given["playbooks"] = given.pop("playbook_ids")
    if data.limits is not None:
        # With their defaults, which `exclude_unset` leaves out.
        limits = (policies.from_json(each.model_dump()) for each in data.limits)
        given["limits"] = [policies.to_json(each) for each in limits]
    return given
