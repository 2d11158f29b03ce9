"""Activities: drafts, their states, who joined, pasted lines, and results."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.activities import announcements, eligibility, results
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import (
    MAX_NAME,
    MAX_SENTENCE,
    MAX_TEXT,
    Activity,
    Announcement,
    State,
)
from qunce.activities.kinds import base
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.personal_links import portal_settings
from qunce.outreach import activity_messages

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["activities"]
)
MAX_PAGE = 1_000
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Sentence = Annotated[str, Field(max_length=MAX_SENTENCE)]
Amount = Annotated[int, Field(ge=0, le=10**15)]
Said = Annotated[str, Field(max_length=500)]
EntryKey = Annotated[str, Field(min_length=1, max_length=60)]
ActivityState = Annotated[
    State, WithJsonSchema({"type": "string", "enum": State.values})
]
Moment = Annotated[
    Announcement.Moment,
    WithJsonSchema({"type": "string", "enum": Announcement.Moment.values}),
]


class AnnouncementIn(schemas.InputSchema):
    """A text for the groups, `minutes` before the start or the end."""

    moment: Moment
    text: Text
    minutes: Annotated[int, Field(ge=0, le=20_160)] = 0


class ActivityUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    Once members have read it, only changes in their favour are possible. A limit of null is
    no limit, and 0 is none; money is in the smallest unit of the community's currency.
    """

    name: Name | None = None
    text: Text | None = None
    may_join: schemas.Rule | None = None
    notified: schemas.Rule | None = None
    refusal: Sentence | None = None
    goal: schemas.Id | None = None
    groups: Annotated[list[schemas.Id], Field(max_length=500)] | None = None
    starts_at: schemas.Timestamp | None = None
    ends_at: schemas.Timestamp | None = None
    points_limit: Amount | None = None
    money_limit: Amount | None = None
    settings: dict[str, Any] | None = None
    announcements: Annotated[list[AnnouncementIn], Field(max_length=4)] | None = None


class ActivityIn(ActivityUpdateIn):
    """`kind` is one of `GET /activity-kinds`, which has its settings, too."""

    kind: Annotated[str, Field(min_length=1, max_length=30)]
    name: Name
    starts_at: schemas.Timestamp


class ActivityReasonIn(schemas.InputSchema):
    """`reason` is read by members."""

    reason: Annotated[str, Field(min_length=1, max_length=MAX_SENTENCE)]


class LessonIn(schemas.InputSchema):
    lesson: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class RehearsalIn(schemas.InputSchema):
    said: Said = ""


class SettingOut(schemas.OutputSchema):
    """A setting; one of the type `rows` is a list of objects with its `columns`."""

    name: str
    label: str
    type: str
    default: Any
    choices: list[str]
    columns: list[SettingOut]


class ActivityKindOut(schemas.OutputSchema):
    """A kind of activity; `lesson` is what was learned from the last one."""

    key: str
    label: str
    description: str
    keywords: list[str]
    settings: list[SettingOut]
    lesson: str


class ActivityKindListOut(schemas.OutputSchema):
    items: list[ActivityKindOut]


class ActivityOut(schemas.OutputSchema):
    """`public_id` is part of the address that members open."""

    id: int
    public_id: str
    kind: str
    name: str
    text: str
    state: str
    may_join: dict[str, Any]
    notified: dict[str, Any] | None
    refusal: str
    goal: int | None
    groups: list[int]
    starts_at: datetime
    ends_at: datetime | None
    points_limit: int | None
    money_limit: int | None
    settings: dict[str, Any]
    rules: list[str]
    reason: str
    lesson: str
    campaign: str
    cancel_asked: bool
    cancel_reason: str
    published_at: datetime | None


class ActivityListOut(schemas.OutputSchema):
    items: list[ActivityOut]


class ActivityCountsOut(schemas.OutputSchema):
    """`notified_in_vain` are notified and may not join."""

    may_join: int
    notified: int
    both: int
    notified_in_vain: int


class MetricOut(schemas.OutputSchema):
    key: str
    label: str
    value: int | str


class ActivityResultsOut(schemas.OutputSchema):
    """`uncounted` are those who joined and do not count, by reason.

    `groups_not_posted` are groups in which a text waits to be posted by hand.
    """

    people: int
    typed: int
    left: int
    struck_out: int
    by_way: dict[str, int]
    uncounted: dict[str, int]
    metrics: list[MetricOut]
    groups_not_posted: list[int]
    posts_by_state: dict[str, int]


class NoticeOut(schemas.OutputSchema):
    """`campaign` is the key of the draft, which a person sends."""

    campaign: str


class ReplyOut(schemas.OutputSchema):
    """What the member reads; `is_repeated` marks the answer to the same key."""

    text: str
    accepted: bool
    is_repeated: bool


def _serialize(activity: Activity) -> dict[str, Any]:
    names = (
        *("public_id", "kind", "name", "text", "state", "may_join", "notified"),
        *("refusal", "starts_at", "ends_at", "points_limit", "money_limit"),
        *("settings", "reason", "cancel_reason", "lesson", "campaign", "published_at"),
    )
    return {
        "id": activity.pk,
        **{name: getattr(activity, name) for name in names},
        "goal": activity.goal_id,
        "groups": sorted(activity.groups.values_list("pk", flat=True)),
        "rules": base.get(activity.kind).describe(activity),
        "cancel_asked": activity.cancel_asked_by_id is not None
        and activity.cancelled_at is None,
    }


def _fields(data: ActivityUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    if given.get("announcements") is not None:
        given["announcements"] = {
            row.moment.value: (row.minutes, row.text)
            for row in data.announcements or ()
        }
    # These have no null; the others mean “no limit”, “no end”, “nobody”, “no goal”.
    for name in ("name", "text", "may_join", "refusal", "groups", "starts_at"):
        if name in given and given[name] is None:
            del given[name]
    for name in ("settings", "announcements"):
        if name in given and given[name] is None:
            del given[name]
    return given


def get_activity(request: ApiRequest, activity_id: int) -> Activity:
    return activities.get(by=request.by, pk=activity_id)


@router.get("/activity-kinds", response=ActivityKindListOut)
def list_kinds(request: ApiRequest) -> dict[str, Any]:
    """List the kinds of activities with their settings and the last lesson."""
    return {"items": [_kind(request, kind) for kind in base.list_kinds()]}


def _kind(request: ApiRequest, kind: base.Kind) -> dict[str, Any]:
    last = activities.find_last_lesson(request.by, kind.key)
    return {
        "key": kind.key,
        "label": str(kind.label),
        "description": str(kind.description),
        "keywords": list(kind.keywords),
        "settings": [_setting(request, each) for each in kind.settings_form],
        "lesson": last.lesson if last else "",
    }


def _setting(request: ApiRequest, field: base.SettingField) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "type": field.type,
        "default": field.default,
        "choices": [key for key, _label in field.list_choices(request.by)],
        "columns": [_setting(request, column) for column in field.columns],
    }


@router.get("/activities", response=ActivityListOut)
def list_activities(
    request: ApiRequest, state: ActivityState | None = None
) -> dict[str, Any]:
    """List activities, the newest first."""
    rows = activities.list_visible(request.by).select_related("community")
    if state is not None:
        rows = rows.filter(state=state)
    return {"items": [_serialize(row) for row in rows[:MAX_PAGE]]}


@router.post("/activities", response={201: ActivityOut})
def create(request: ApiRequest, data: ActivityIn) -> Any:
    """Create the draft of an activity."""
    fields = _fields(data)
    kind = fields.pop("kind")
    activity = activities.create(
        community=request.community, kind=kind, by=request.by, at=request.at, **fields
    )
    return Status(201, _serialize(activity))


@router.get("/activities/{activity_id}", response=ActivityOut)
def get(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Return an activity."""
    return _serialize(get_activity(request, activity_id))


@router.patch("/activities/{activity_id}", response=ActivityOut)
def update(
    request: ApiRequest, activity_id: schemas.Id, data: ActivityUpdateIn
) -> dict[str, Any]:
    """Change an activity; once it is published, only in the members' favour."""
    activity = get_activity(request, activity_id)
    activities.change(activity=activity, by=request.by, at=request.at, **_fields(data))
    return _serialize(activity)


@router.get("/activities/{activity_id}/counts", response=ActivityCountsOut)
def count(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Count who may join and who is notified."""
    counts = eligibility.count(
        activity=get_activity(request, activity_id), by=request.by, at=request.at
    )
    return {
        "may_join": counts.may_join,
        "notified": counts.notified,
        "both": counts.both,
        "notified_in_vain": counts.notified_in_vain,
    }


@router.post("/activities/{activity_id}/submit", response=ActivityOut)
def submit(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Submit a draft for the approval of a second person."""
    activity = get_activity(request, activity_id)
    lifecycle.submit(activity=activity, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/approve", response=ActivityOut)
def approve(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Approve and publish an activity that somebody else submitted."""
    activity = get_activity(request, activity_id)
    lifecycle.approve(activity=activity, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/reject", response=ActivityOut)
def reject(
    request: ApiRequest, activity_id: schemas.Id, data: ActivityReasonIn
) -> dict[str, Any]:
    """Make a submitted activity a draft again, with a reason."""
    activity = get_activity(request, activity_id)
    lifecycle.reject(
        activity=activity, reason=data.reason, by=request.by, at=request.at
    )
    return _serialize(activity)


@router.post("/activities/{activity_id}/pause", response=ActivityOut)
def pause(
    request: ApiRequest, activity_id: schemas.Id, data: ActivityReasonIn
) -> dict[str, Any]:
    """Pause a running activity."""
    activity = get_activity(request, activity_id)
    lifecycle.pause(activity=activity, reason=data.reason, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/resume", response=ActivityOut)
def resume(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Let a paused activity go on."""
    activity = get_activity(request, activity_id)
    lifecycle.resume(activity=activity, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/close", response=ActivityOut)
def close(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Close an activity that has no end."""
    activity = get_activity(request, activity_id)
    lifecycle.close(activity=activity, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/settle", response=ActivityOut)
def settle(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Note that all that was promised is done."""
    activity = get_activity(request, activity_id)
    lifecycle.settle(activity=activity, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/review", response=ActivityOut)
def review(
    request: ApiRequest, activity_id: schemas.Id, data: LessonIn
) -> dict[str, Any]:
    """Write down what was learned."""
    activity = get_activity(request, activity_id)
    lifecycle.review(
        activity=activity, lesson=data.lesson, by=request.by, at=request.at
    )
    return _serialize(activity)


@router.post("/activities/{activity_id}/cancel", response=ActivityOut)
def cancel(
    request: ApiRequest, activity_id: schemas.Id, data: ActivityReasonIn
) -> dict[str, Any]:
    """Cancel a draft, or ask for it; a second person cancels what is published."""
    activity = get_activity(request, activity_id)
    lifecycle.cancel(
        activity=activity, reason=data.reason, by=request.by, at=request.at
    )
    return _serialize(activity)


@router.delete("/activities/{activity_id}/cancel", response=ActivityOut)
def keep(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Refuse a cancellation that was asked for."""
    activity = get_activity(request, activity_id)
    lifecycle.keep(activity=activity, by=request.by, at=request.at)
    return _serialize(activity)


@router.post("/activities/{activity_id}/rehearsals", response=ReplyOut)
def rehearse(
    request: ApiRequest, activity_id: schemas.Id, data: RehearsalIn
) -> base.Reply:
    """Return what a member would read; nothing is stored."""
    return base.rehearse(
        activity=get_activity(request, activity_id),
        said=data.said,
        by=request.by,
        at=request.at,
    )


@router.get("/activities/{activity_id}/results", response=ActivityResultsOut)
def get_results(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Return the results until now."""
    activity = get_activity(request, activity_id)
    found = results.collect(activity=activity, by=request.by, at=request.at)
    posts = announcements.list_posts(activity)
    facts = [fact for own, _groups in posts for fact in own]
    waiting = activity_messages.list_groups_not_posted(posts=posts, by=request.by)
    return {
        "groups_not_posted": [group.pk for group in waiting],
        "posts_by_state": activity_messages.count_by_state(facts=facts, by=request.by),
        "people": found.people,
        "typed": found.typed,
        "left": found.left,
        "struck_out": found.struck_out,
        "by_way": dict(found.by_way),
        "uncounted": {reason.value: n for reason, n in found.uncounted.items()},
        "metrics": [
            {"key": each.key, "label": str(each.label), "value": each.value}
            for each in found.metrics
        ],
    }


@router.post(
    "/activities/{activity_id}/notice",
    response={201: NoticeOut},
    auth=RequiresScope(
        "activities", shows_members=True, also=["campaigns", "segments"]
    ),
)
def draft_notice(request: ApiRequest, activity_id: schemas.Id) -> Any:
    """Draft the campaign to those who are notified. Nothing is sent."""
    activity = get_activity(request, activity_id)
    activities.check_may_notify(by=request.by, activity=activity)
    url = portal_settings.find_address(request.community, f"a/{activity.public_id}")
    lines = (activity.name, activity.text, url)
    campaign = activity_messages.draft_campaign(
        community=request.community,
        name=activity.name,
        text="\n".join(filter(None, lines)),
        rule=activity.notified,
        by=request.by,
        at=request.at,
    )
    activities.note_campaign(
        activity=activity, campaign=campaign.key, by=request.by, at=request.at
    )
    return Status(201, {"campaign": campaign.key})
