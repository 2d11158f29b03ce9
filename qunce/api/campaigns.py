"""Campaigns: drafts, their review, sending, and the results."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.campaigns import campaigns, launch, results
from qunce.outreach.campaigns import review as campaign_review
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import recipients
from qunce.outreach.sending.recipients import Recipient

router = Router(auth=RequiresScope("campaigns"), tags=["campaigns"])
READ_MEMBERS = RequiresScope("campaigns", shows_members=True)
Name = Annotated[str, Field(min_length=1, max_length=80)]
Ids = Annotated[list[schemas.Id], Field(max_length=1_000)]
# The enums of all modules would share the name State in the document.
CampaignState = Annotated[
    campaigns.State,
    WithJsonSchema({"type": "string", "enum": campaigns.State.values}),
]
RecipientState = Annotated[
    recipients.State,
    WithJsonSchema({"type": "string", "enum": recipients.State.values}),
]


class CampaignUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `staff_ids` are the staff who send it. `text` may contain variables with a default,
    such as `{name|friend}`.
    """

    name: Name | None = None
    text: Annotated[str, Field(max_length=10_000)] | None = None
    target: Literal["members", "groups"] | None = None
    rule: schemas.Rule | None = None
    exclude: schemas.Rule | None = None
    group_ids: Ids | None = None
    channel: Annotated[str, Field(max_length=30)] | None = None
    staff_ids: Ids | None = None
    skip_recently_contacted: bool | None = None
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
    channel: str
    staff_ids: list[int]
    skip_recently_contacted: bool
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
    def resolve_group_ids(campaign: Campaign) -> list[int]:
        group_ids: list[int] = campaign.groups
        return group_ids

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


class ReviewOut(schemas.OutputSchema):
    """`matched` members match the rule, and `size` of them would get the message.

    `over_contact_limit` of those got two or more messages in the last 7 days.
    """

    matched: int
    size: int
    excluded: dict[str, int]
    over_contact_limit: int
    samples: list[SampleOut]


class ProgressOut(schemas.OutputSchema):
    """`counts` is by state of the recipients; `unclaimed` of `total` have
    no state yet.

    `remaining` are not done yet. `reached` got the message.
    """

    total: int
    remaining: int
    reached: int
    unclaimed: int
    counts: dict[str, int]


class RecipientOut(schemas.OutputSchema):
    """`target_id` is a member or a group, depending on the target of the campaign."""

    target_id: int
    name: str
    staff_name: str
    state: str
    reason: str
    changed_at: datetime


class AssignableStaffOut(schemas.OutputSchema):
    id: int
    login: str
    name: str


FIELD_NAMES = {"staff_ids": "staff", "group_ids": "groups"}
"""Fields that have another name in the model."""
NULLABLE_FIELDS = ("rule", "exclude", "due_at")


def _get_campaign(request: ApiRequest, campaign_id: int) -> Campaign:
    return campaigns.get(by=request.by, pk=campaign_id)


def _fields(data: CampaignUpdateIn) -> dict[str, Any]:
    """Return the fields that were sent; null is ignored where it is no value."""
    return {
        FIELD_NAMES.get(name, name): value
        # A field that is missing differs from one that is null, which pydantic tells
        # apart by "unset".
        for name, value in data.model_dump(exclude_unset=True, exclude={"key"}).items()
        if value is not None or name in NULLABLE_FIELDS
    }


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
    page, more = schemas.paginate(
        lambda start_id, size: list(query.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda campaign: campaign.pk,
    )
    return {"items": page, "next": more}


@router.get("/assignable-staff", response=list[AssignableStaffOut])
def list_assignable_staff(request: ApiRequest) -> Any:
    """List the staff to whom tasks can be assigned."""
    return campaigns.list_assignable_staff(request.community)


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
        **_fields(data),
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
    campaigns.update(campaign=campaign, by=request.by, at=request.at, **_fields(data))
    return campaign


@router.get("/campaigns/{campaign_id}/review", response=ReviewOut, auth=READ_MEMBERS)
def review(request: ApiRequest, campaign_id: schemas.Id) -> dict[str, Any]:
    """Count who would get the campaign now and who would not, with ten samples."""
    result = campaign_review.build(
        campaign=_get_campaign(request, campaign_id), by=request.by, at=request.at
    )
    samples = [
        {
            "target_id": sample.target,
            "name": sample.name,
            "staff_name": sample.staff,
            "text": sample.text,
            "missing": sample.missing,
        }
        for sample in result.samples
    ]
    return {
        "matched": result.matched,
        "size": result.size,
        "excluded": result.excluded,
        "over_contact_limit": result.over_contact_limit,
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


# Results


@router.get("/campaigns/{campaign_id}/progress", response=ProgressOut)
def get_progress(request: ApiRequest, campaign_id: schemas.Id) -> dict[str, Any]:
    """Count the recipients of a campaign by state."""
    progress = results.progress(_get_campaign(request, campaign_id))
    return {
        "total": progress.total,
        "remaining": progress.left,
        "reached": progress.reached,
        "unclaimed": progress.unclaimed_count,
        "counts": progress.counts,
    }


@router.get(
    "/campaigns/{campaign_id}/recipients",
    response=schemas.Page[RecipientOut],
    auth=READ_MEMBERS,
)
def list_recipients(
    request: ApiRequest,
    campaign_id: schemas.Id,
    state: RecipientState | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the recipients who have a state by id.

    A page may be short, as recipients whom the staff member does not see are left out.
    """
    campaign = _get_campaign(request, campaign_id)
    start_id = schemas.decode_id(after)
    # The cursor follows all rows, as the lines below lack those that are hidden.
    query = Recipient.objects.filter(campaign=campaign, target_id__gt=start_id)
    if state is not None:
        query = query.filter(state=state.value)
    target_ids = list(
        query.order_by("target_id").values_list("target_id", flat=True)[: limit + 1]
    )
    lines = results.list_recipients(
        campaign=campaign,
        by=request.by,
        at=request.at,
        state="" if state is None else state.value,
        after=start_id,
        limit=limit,
    )
    items = [
        {
            "target_id": line.row.target_id,
            "name": line.name,
            "staff_name": line.staff,
            "state": line.row.state,
            "reason": line.reason,
            "changed_at": line.row.changed_at,
        }
        for line in lines
    ]
    more = schemas.encode_cursor(target_ids[limit - 1]) if target_ids[limit:] else None
    return {"items": items, "next": more}
