"""Campaigns: drafts, their review, and sending."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.rule_text import contact_masks
from qunce.outreach import task_permissions
from qunce.outreach.campaigns import (
    approvals,
    campaigns,
    fingerprints,
    launch,
)
from qunce.outreach.campaigns import review as campaign_review
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.content import message_templates

router = Router(auth=RequiresScope("campaigns"), tags=["campaigns"])
READ_MEMBERS = RequiresScope("campaigns", shows_members=True)
Name = Annotated[str, Field(min_length=1, max_length=80)]
Ids = Annotated[list[schemas.Id], Field(max_length=1_000)]
# The enums of all modules would share the name State in the document.
CampaignState = Annotated[
    campaigns.State,
    WithJsonSchema({"type": "string", "enum": campaigns.State.values}),
]


class VariantIn(schemas.InputSchema):
    """A text for the members of a `rule`, or for a `share` in percent of everyone else."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    rule: schemas.Rule | None = None
    share: Annotated[int, Field(ge=0, le=99)] = 0


class VariantOut(schemas.OutputSchema):
    """A variant, as in a request."""

    name: str
    text: str
    rule: dict[str, Any] | None
    share: int


class CampaignUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `material_version_ids` are sent after the text, in this order. `template_version_id`
    names the text of a message template, as long as `text` is the same.
    `staff_ids` are the staff who send it. `text` may contain variables with a default,
    such as `{name|friend}`.
    """

    name: Name | None = None
    text: Annotated[str, Field(max_length=10_000)] | None = None
    target: Literal["members", "groups"] | None = None
    rule: schemas.Rule | None = None
    exclude: schemas.Rule | None = None
    group_ids: Ids | None = None
    material_version_ids: Annotated[list[schemas.Id], Field(max_length=20)] | None = (
        None
    )
    template_version_id: schemas.Id | None = None
    channel: Annotated[str, Field(max_length=30)] | None = None
    staff_ids: Ids | None = None
    skip_recently_contacted: bool | None = None
    purpose: Literal["marketing", "service"] | None = None
    priority: Literal[0, 10, 20, 30] | None = None
    keeps_place: bool | None = None
    variants: Annotated[list[VariantIn], Field(max_length=10)] | None = None
    hold_out_per_mille: Annotated[int, Field(ge=0, le=500)] | None = None
    rate_per_hour: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    member_clock: bool | None = None
    due_at: schemas.Timestamp | None = None


class CampaignIn(CampaignUpdateIn):
    name: Name
    key: Annotated[str, Field(max_length=100)] = ""


class StartIn(schemas.InputSchema):
    """`expected_size` is the `size` that the review returned."""

    expected_size: schemas.Id


class ScheduleIn(schemas.InputSchema):
    send_at: schemas.Timestamp


class CampaignOut(schemas.OutputSchema):
    """`size` and `excluded` are set when the campaign starts.

    `excluded` counts members by the reason why they do not get the message.
    """

    id: int
    key: str
    name: str
    text: str
    target: str
    rule: dict[str, Any] | None
    exclude: dict[str, Any] | None
    group_ids: list[int]
    material_version_ids: list[int]
    template_version_id: int | None
    channel: str
    staff_ids: list[int]
    skip_recently_contacted: bool
    purpose: str
    priority: int
    keeps_place: bool
    variants: list[VariantOut]
    hold_out_per_mille: int
    rate_per_hour: int | None
    member_clock: bool
    is_approved: bool
    due_at: datetime | None
    send_at: datetime | None
    state: str
    size: int
    excluded: dict[str, int]
    note: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_rule(campaign: Campaign, context: Any) -> Any:
        return contact_masks.masked(campaign.rule, context["request"].by)

    @staticmethod
    def resolve_exclude(campaign: Campaign, context: Any) -> Any:
        return contact_masks.masked(campaign.exclude, context["request"].by)

    @staticmethod
    def resolve_is_approved(campaign: Campaign) -> bool:
        return approvals.is_approved(campaign)

    @staticmethod
    def resolve_group_ids(campaign: Campaign) -> list[int]:
        group_ids: list[int] = campaign.groups
        return group_ids

    @staticmethod
    def resolve_material_version_ids(campaign: Campaign) -> list[int]:
        version_ids: list[int] = campaign.materials
        return version_ids

    @staticmethod
    def resolve_staff_ids(campaign: Campaign) -> list[int]:
        staff_ids: list[int] = campaign.staff
        return staff_ids


class SampleOut(schemas.OutputSchema):
    """`text` is null if the recipient has no value for the variable `missing`."""

    target_id: int
    name: str
    staff_name: str
    text: str | None
    missing: str
    variant: str


class SensitivityOut(schemas.OutputSchema):
    """The smallest difference in orders, in percentage points, that is sure to show.

    `name` is that of a variant, or empty for the hold-out.
    """

    name: str
    size: int
    control_size: int
    points: float


class KeptForOut(schemas.OutputSchema):
    """`name` is empty for a campaign that you do not see."""

    name: str
    size: int


class ReviewOut(schemas.OutputSchema):
    """`matched` members match the rule, and `size` of them would get the message.

    The contact limit of `over_contact_limit` of those is reached; for `at_limit_after` this
    is the last message it allows. `zones` counts them by zone if each gets it by their own
    clock; for `time_passed` that time would have passed. `variants` are sizes by name, with an empty name for the
    text of the campaign. An approval names the `digest` of what was reviewed. `kept_for`
    counts the excluded members whose last place is kept for campaigns of higher priority.
    """

    matched: int
    size: int
    excluded: dict[str, int]
    over_contact_limit: int
    at_limit_after: int
    sensitivities: list[SensitivityOut]
    kept_for: list[KeptForOut]
    zones: dict[str, int]
    time_passed: int
    variants: dict[str, int]
    needs_approval: bool
    digest: str
    samples: list[SampleOut]


class AssignableStaffOut(schemas.OutputSchema):
    id: int
    login: str
    name: str


FIELD_NAMES = {
    "staff_ids": "staff",
    "group_ids": "groups",
    "material_version_ids": "materials",
}
"""Fields that have another name in the model."""
NULLABLE_FIELDS = ("rule", "exclude", "due_at", "rate_per_hour")


def _get_campaign(request: ApiRequest, campaign_id: int) -> Campaign:
    return campaigns.get(by=request.by, pk=campaign_id)


def _fields(request: ApiRequest, data: CampaignUpdateIn) -> dict[str, Any]:
    """Return the fields that were sent; null is ignored where it is no value."""
    given = {
        FIELD_NAMES.get(name, name): value
        # A field that is missing differs from one that is null, which pydantic tells
        # apart by "unset".
        for name, value in data.model_dump(exclude_unset=True, exclude={"key"}).items()
        if value is not None or name in NULLABLE_FIELDS
    }
    if pk := given.pop("template_version_id", None):
        version = message_templates.get_version(request.community, pk)
        given["template_version"] = version
    return given


# Campaigns


@router.get("/campaigns", response=schemas.Page[CampaignOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=100)] = None,
    state: CampaignState | None = None,
    stopped: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List campaigns by id.

    Staff who see only part of the community see only their own campaigns. `stopped`
    selects those that were stopped automatically; their `note` says why.
    """
    query = campaigns.list_visible(request.by).order_by("pk")
    if key is not None:
        query = query.filter(key=key)
    if state is not None:
        query = query.filter(state=state.value)
    if stopped:
        query = query.filter(pk__in=[c.pk for c in campaigns.list_stopped(request.by)])
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": page, "next": more}


@router.get("/assignable-staff", response=list[AssignableStaffOut])
def list_assignable_staff(request: ApiRequest) -> Any:
    """List the staff to whom tasks can be assigned."""
    return task_permissions.list_assignable_staff(request.community)


@router.post("/campaigns", response={201: CampaignOut})
def create(request: ApiRequest, data: CampaignIn) -> Any:
    """Create a draft.

    Nothing is sent before it is started or scheduled.
    """
    campaign = campaigns.create(
        community=request.community,
        key=data.key,
        by=request.by,
        at=request.at,
        **_fields(request, data),
    )
    return Status(201, campaign)


@router.get("/campaigns/{campaign_id}", response=CampaignOut)
def get(request: ApiRequest, campaign_id: schemas.Id) -> Campaign:
    """Get a campaign."""
    return _get_campaign(request, campaign_id)


@router.patch("/campaigns/{campaign_id}", response=CampaignOut)
def update(
    request: ApiRequest, campaign_id: schemas.Id, data: CampaignUpdateIn
) -> Campaign:
    """Update a campaign.

    Changes apply to all messages that have not been sent yet.
    """
    campaign = _get_campaign(request, campaign_id)
    campaigns.update(
        campaign=campaign, by=request.by, at=request.at, **_fields(request, data)
    )
    return campaign


@router.get("/campaigns/{campaign_id}/review", response=ReviewOut, auth=READ_MEMBERS)
def review(request: ApiRequest, campaign_id: schemas.Id) -> dict[str, Any]:
    """Count who would get the campaign now and who would not, with ten samples."""
    campaign = _get_campaign(request, campaign_id)
    result = campaign_review.build(campaign=campaign, by=request.by, at=request.at)
    samples = [
        {
            "target_id": sample.target,
            "name": sample.name,
            "staff_name": sample.staff,
            "text": sample.text,
            "missing": sample.missing,
            "variant": sample.variant,
        }
        for sample in result.samples
    ]
    return {
        "matched": result.matched,
        "size": result.size,
        "excluded": result.excluded,
        "over_contact_limit": result.over_contact_limit,
        "at_limit_after": result.at_limit_after,
        "sensitivities": result.sensitivities,
        "kept_for": result.kept_for,
        "zones": result.zones.sizes if result.zones else {},
        "time_passed": result.zones.passed if result.zones else 0,
        "variants": result.variants,
        "needs_approval": result.needs_approval,
        "digest": fingerprints.digest(campaign),
        "samples": samples,
    }


@router.post("/campaigns/{campaign_id}/duplicate", response={201: CampaignOut})
def duplicate(request: ApiRequest, campaign_id: schemas.Id) -> Any:
    """Create a draft with the same content."""
    copy = campaigns.duplicate(
        campaign=_get_campaign(request, campaign_id), by=request.by, at=request.at
    )
    return Status(201, copy)


# States


@router.post("/campaigns/{campaign_id}/start", response=CampaignOut)
def start(request: ApiRequest, campaign_id: schemas.Id, data: StartIn) -> Campaign:
    """Freeze the recipients and start sending.

    This is refused if the number of recipients has changed since the review.
    """
    campaign = _get_campaign(request, campaign_id)
    launch.start(
        campaign=campaign, by=request.by, at=request.at, expected=data.expected_size
    )
    return campaign


@router.post("/campaigns/{campaign_id}/schedule", response=CampaignOut)
def schedule(
    request: ApiRequest, campaign_id: schemas.Id, data: ScheduleIn
) -> Campaign:
    """Schedule a campaign to start automatically."""
    campaign = _get_campaign(request, campaign_id)
    campaigns.schedule(
        campaign=campaign, send_at=data.send_at, by=request.by, at=request.at
    )
    return campaign


@router.delete("/campaigns/{campaign_id}/schedule", response=CampaignOut)
def unschedule(request: ApiRequest, campaign_id: schemas.Id) -> Campaign:
    """Make a scheduled campaign a draft again."""
    campaign = _get_campaign(request, campaign_id)
    campaigns.unschedule(campaign=campaign, by=request.by, at=request.at)
    return campaign


@router.post("/campaigns/{campaign_id}/pause", response=CampaignOut)
def pause(request: ApiRequest, campaign_id: schemas.Id) -> Campaign:
    """Pause a campaign."""
    campaign = _get_campaign(request, campaign_id)
    campaigns.pause(campaign=campaign, by=request.by, at=request.at)
    return campaign


@router.delete("/campaigns/{campaign_id}/pause", response=CampaignOut)
def resume(request: ApiRequest, campaign_id: schemas.Id) -> Campaign:
    """Resume a paused campaign."""
    campaign = _get_campaign(request, campaign_id)
    campaigns.resume(campaign=campaign, by=request.by, at=request.at)
    return campaign


@router.post("/campaigns/{campaign_id}/cancel", response=CampaignOut)
def cancel(request: ApiRequest, campaign_id: schemas.Id) -> Campaign:
    """Cancel a campaign.

    Messages that have not been sent will not be sent.
    """
    campaign = _get_campaign(request, campaign_id)
    launch.cancel(campaign=campaign, by=request.by, at=request.at)
    return campaign
