"""Welcomes of newcomers: their list, results, what somebody would get, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.outreach.content import message_templates, templates
from qunce.outreach.welcomes import explanations, results, time_limits, welcomes
from qunce.outreach.welcomes.explanations import Answer, Preview, Wanted
from qunce.outreach.welcomes.models import Welcome
from qunce.outreach.welcomes.results import WelcomeResult

router = Router(auth=RequiresScope("campaigns"), tags=["welcomes"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(max_length=templates.MAX_LENGTH)]
Source = Annotated[str, Field(min_length=1, max_length=200)]
Sources = Annotated[list[Source], Field(max_length=welcomes.MAX_SOURCES)]
Ids = Annotated[list[schemas.Id], Field(max_length=1_000)]
Materials = Annotated[list[schemas.Id], Field(max_length=welcomes.MAX_MATERIALS)]
MinuteOfDay = Annotated[int, Field(ge=0, le=1439)]
Channel = Annotated[str, Field(max_length=30)]


class WelcomeUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `hour_from` and `hour_until` are minutes after midnight. `staff` is the login of who
    posts it where no channel reaches the member. An empty `channel` is that of the
    member's style of service or of the join.
    """

    name: Name | None = None
    event: Literal["community", "group"] | None = None
    is_for_others: bool | None = None
    sources: Sources | None = None
    group_ids: Ids | None = None
    rule: dict[str, Any] | None = None
    hour_from: MinuteOfDay | None = None
    hour_until: MinuteOfDay | None = None
    for_each_group: bool | None = None
    text: Text | None = None
    template_version_id: schemas.Id | None = None
    materials: Materials | None = None
    channel: Channel | None = None
    staff: Annotated[str, Field(max_length=150)] | None = None


class WelcomeIn(WelcomeUpdateIn):
    """Fields that are missing have no condition; it is off at first."""

    name: Name


class WelcomeOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    position: int
    is_on: bool
    event: str
    is_for_others: bool
    sources: list[str]
    group_ids: list[int]
    rule: dict[str, Any] | None
    hour_from: int | None
    hour_until: int | None
    for_each_group: bool
    text: str
    template_version_id: int | None
    materials: list[int]
    channel: str
    staff: str
    changed_at: datetime


class WelcomeListOut(schemas.OutputSchema):
    """All welcomes, in the order in which they are tried."""

    items: list[WelcomeOut]


class WelcomeResultOut(schemas.OutputSchema):
    """`joins` is the sum of all others; `repeated` had been welcomed before, by reason."""

    joins: int
    sent: int
    waiting: int
    unknown: int
    cancelled: int
    skipped: dict[str, int]
    failed: dict[str, int]
    repeated: dict[str, int]


class PositionIn(schemas.InputSchema):
    """`position` counts from 0."""

    position: Annotated[int, Field(ge=0, le=welcomes.MAX_WELCOMES)]


class TimeLimitsIn(schemas.InputSchema):
    within_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)]
    again_after_days: Annotated[int, Field(ge=1, le=time_limits.MAX_AGAIN_DAYS)]


class TimeLimitsOut(schemas.OutputSchema):
    """A join older than `within_minutes` is not welcomed."""

    within_minutes: int
    again_after_days: int


class PreviewLineOut(schemas.OutputSchema):
    """`why_not` is empty for the welcome that fits."""

    welcome_id: int
    why_not: str


class PreviewOut(schemas.OutputSchema):
    """`lines` end with the welcome that fits; `problem` is why nothing would be sent."""

    lines: list[PreviewLineOut]
    welcome_id: int | None
    text: str | None
    channel: str
    staff: str
    problem: str


class WelcomeAnswerOut(schemas.OutputSchema):
    """What became of a join; `text` is what was sent, or is to be sent."""

    joined_at: datetime
    welcome_id: int | None
    sentence: str
    text: str


class WelcomeAnswersOut(schemas.OutputSchema):
    items: list[WelcomeAnswerOut]


def _serialize(welcome: Welcome) -> dict[str, Any]:
    names = (
        *("key", "name", "position", "is_on", "event", "is_for_others", "sources"),
        *("rule", "hour_from", "hour_until", "for_each_group", "text"),
        *("template_version_id", "materials", "channel", "changed_at"),
    )
    return {
        "id": welcome.pk,
        **{name: getattr(welcome, name) for name in names},
        "group_ids": welcome.groups,
        "staff": welcome.staff.login if welcome.staff else "",
    }


@router.get("/welcomes", response=WelcomeListOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List all welcomes in their order."""
    return {"items": [_serialize(row) for row in welcomes.list_all(request.by)]}


@router.post("/welcomes", response={201: WelcomeOut})
def create(request: ApiRequest, data: WelcomeIn) -> Any:
    """Create a welcome, which is off at first."""
    welcome = welcomes.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_given(request.by, data),
    )
    return Status(201, _serialize(welcome))


@router.get("/welcomes/time-limits", response=TimeLimitsOut)
def get_time_limits(request: ApiRequest) -> dict[str, int]:
    """Get how old a join may be, and after how many days members are welcomed again."""
    welcomes.check_may_view(request.by)
    limits = time_limits.get(request.community)
    return {
        "within_minutes": limits.within // timedelta(minutes=1),
        "again_after_days": limits.again_after_days,
    }


@router.put("/welcomes/time-limits", response=TimeLimitsOut)
def update_time_limits(request: ApiRequest, data: TimeLimitsIn) -> dict[str, int]:
    """Set how old a join may be, and after how many days members are welcomed again."""
    limits = time_limits.TimeLimits(
        timedelta(minutes=data.within_minutes), data.again_after_days
    )
    time_limits.update(
        community=request.community, limits=limits, by=request.by, at=request.at
    )
    return get_time_limits(request)


@router.get("/welcomes/preview", response=PreviewOut)
def get_preview(
    request: ApiRequest,
    member_id: schemas.Id | None = None,
    source: Annotated[str, Query(max_length=200)] = "",
    group_id: schemas.Id | None = None,
) -> dict[str, Any]:
    """Get what somebody would get if they joined now, and why. Nothing is sent."""
    wanted = Wanted(account=member_id, source=source, group=group_id)
    found: Preview = explanations.preview(wanted, by=request.by, at=request.at)
    return {
        "lines": [
            {"welcome_id": line.welcome.pk, "why_not": line.why_not}
            for line in found.lines
        ],
        "welcome_id": found.chosen.pk if found.chosen else None,
        "text": found.text,
        "channel": found.channel,
        "staff": found.staff,
        "problem": found.problem,
    }


@router.get("/welcomes/{welcome_id}", response=WelcomeOut)
def get(request: ApiRequest, welcome_id: schemas.Id) -> dict[str, Any]:
    """Get a welcome."""
    return _serialize(welcomes.get(by=request.by, pk=welcome_id))


@router.patch("/welcomes/{welcome_id}", response=WelcomeOut)
def update(
    request: ApiRequest, welcome_id: schemas.Id, data: WelcomeUpdateIn
) -> dict[str, Any]:
    """Change a welcome. It holds for joins from now on."""
    welcome = welcomes.get(by=request.by, pk=welcome_id)
    welcomes.update(
        welcome=welcome, by=request.by, at=request.at, **_given(request.by, data)
    )
    return get(request, welcome_id)


@router.delete("/welcomes/{welcome_id}", response={204: None})
def archive(request: ApiRequest, welcome_id: schemas.Id) -> Any:
    """Archive a welcome permanently. What was sent stays."""
    welcome = welcomes.get(by=request.by, pk=welcome_id)
    welcomes.archive(welcome=welcome, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/welcomes/{welcome_id}/start", response=WelcomeOut)
def start(request: ApiRequest, welcome_id: schemas.Id) -> dict[str, Any]:
    """Switch a welcome on. It is sent for joins from now on."""
    welcome = welcomes.get(by=request.by, pk=welcome_id)
    welcomes.switch_on(welcome=welcome, by=request.by, at=request.at)
    return get(request, welcome_id)


@router.post("/welcomes/{welcome_id}/stop", response=WelcomeOut)
def stop(request: ApiRequest, welcome_id: schemas.Id) -> dict[str, Any]:
    """Switch a welcome off. Messages that wait to be posted stay."""
    welcome = welcomes.get(by=request.by, pk=welcome_id)
    welcomes.switch_off(welcome=welcome, by=request.by, at=request.at)
    return get(request, welcome_id)


@router.put("/welcomes/{welcome_id}/position", response=WelcomeListOut)
def move(
    request: ApiRequest, welcome_id: schemas.Id, data: PositionIn
) -> dict[str, Any]:
    """Put a welcome at a position of the list."""
    welcome = welcomes.get(by=request.by, pk=welcome_id)
    welcomes.move(welcome=welcome, position=data.position, by=request.by, at=request.at)
    return list_(request)


@router.get("/welcomes/{welcome_id}/results", response=WelcomeResultOut)
def get_results(request: ApiRequest, welcome_id: schemas.Id) -> WelcomeResult:
    """Get what became of the joins that a welcome fitted."""
    welcome = welcomes.get(by=request.by, pk=welcome_id)
    return results.list_results([welcome], by=request.by)[welcome_id]


@router.get(
    "/members/{member_id}/welcomes",
    response=WelcomeAnswersOut,
    auth=RequiresScope("members", also=["campaigns"]),
)
def list_of_member(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """List what became of the joins of a member, the newest first."""
    found: list[Answer] = explanations.why(
        account=member_id, by=request.by, at=request.at
    )
    return {
        "items": [
            {
                "joined_at": each.joined_at,
                "welcome_id": each.welcome.pk if each.welcome else None,
                "sentence": each.sentence,
                "text": each.text,
            }
            for each in found
        ]
    }


def _given(by: Staff, data: WelcomeUpdateIn) -> dict[str, Any]:
    """The fields that were sent, with rows in place of ids and logins."""
    given = data.model_dump(exclude_unset=True)
    nullable = ("rule", "hour_from", "hour_until")
    given = {k: v for k, v in given.items() if v is not None or k in nullable}
    if "group_ids" in given:
        given["groups"] = given.pop("group_ids")
    if "template_version_id" in given:
        pk = given.pop("template_version_id")
        version = message_templates.get_version(by.community, pk)
        given["template_version"] = version
        given.setdefault("text", version.text)
    if "staff" in given:
        login = given["staff"]
        given["staff"] = staff.get_by_login(by, login) if login else None
    return given
