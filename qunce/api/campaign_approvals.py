"""Approval of campaigns by a second person, test sends, and what a campaign caused."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.campaigns import CampaignOut
from qunce.core import permissions
from qunce.outreach.campaigns import (
    approvals,
    campaigns,
    comparisons,
    effects,
    test_sends,
)
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.links import link_results

router = Router(auth=RequiresScope("campaigns"), tags=["campaigns"])


class SubmissionIn(schemas.InputSchema):
    """With `send_at` the campaign is scheduled once it is approved."""

    send_at: schemas.Timestamp | None = None


class ApprovalIn(schemas.InputSchema):
    """`digest` is that of the review; it is refused if the campaign changed since."""

    digest: Annotated[str, Field(min_length=64, max_length=64)]


class RejectionIn(schemas.InputSchema):
    """`note` says what has to change."""

    note: schemas.ShortText


class ApprovalRuleIn(schemas.InputSchema):
    """Campaigns to `from_size` or more recipients need an approval; null is none."""

    from_size: Annotated[int, Field(ge=1, le=100_000_000)] | None


class ApprovalRuleOut(schemas.OutputSchema):
    """From how many recipients on a campaign needs an approval; null is never."""

    from_size: int | None


class TestIn(schemas.InputSchema):
    """`member_id` is an account of somebody who works here."""

    member_id: schemas.Id


class TestOut(schemas.OutputSchema):
    """`messages` were planned, one for each text."""

    messages: int


class SideOut(schemas.OutputSchema):
    """`name` is that of a variant, or empty."""

    name: str
    size: int
    ordered: int


class ComparisonOut(schemas.OutputSchema):
    """Members who ordered in 7 days, beside the hold-out or the campaign's own text.

    `difference`, `low` and `high` are percentage points. The interval holds for all looks
    together. `verdict` is broken, open, better, worse or vetoed by what is in `harmed`.
    """

    treated: SideOut
    control: SideOut
    is_of_hold_out: bool
    difference: float
    low: float | None
    high: float | None
    verdict: str
    harmed: list[str]


class EffectsOut(schemas.OutputSchema):
    """Numbers of members: replies and orders of 7 days, losses of 24 hours."""

    reached: int
    replied: int
    ordered: int
    opted_out: int
    left: int
    complained: int
    comparisons: list[ComparisonOut]


class LinkOut(schemas.OutputSchema):
    """Numbers of members; `previews` are requests of programs, in all messages."""

    url: str
    clicked: int
    shared: int
    previews: int


@router.post("/campaigns/{campaign_id}/submission", response=CampaignOut)
def submit(
    request: ApiRequest, campaign_id: schemas.Id, data: SubmissionIn
) -> Campaign:
    """Submit a campaign for the approval of a second person."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    approvals.submit(
        campaign=campaign, send_at=data.send_at, by=request.by, at=request.at
    )
    return campaign


@router.delete("/campaigns/{campaign_id}/submission", response=CampaignOut)
def withdraw(request: ApiRequest, campaign_id: schemas.Id) -> Campaign:
    """Make a submitted campaign a draft again."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    approvals.withdraw(campaign=campaign, by=request.by, at=request.at)
    return campaign


@router.post("/campaigns/{campaign_id}/approval", response=CampaignOut)
def approve(request: ApiRequest, campaign_id: schemas.Id, data: ApprovalIn) -> Campaign:
    """Approve a campaign of somebody else, as it was reviewed."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    approvals.approve(
        campaign=campaign, digest=data.digest, by=request.by, at=request.at
    )
    return campaign


@router.post("/campaigns/{campaign_id}/rejection", response=CampaignOut)
def reject(request: ApiRequest, campaign_id: schemas.Id, data: RejectionIn) -> Campaign:
    """Send a campaign back with a note."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    approvals.reject(campaign=campaign, note=data.note, by=request.by, at=request.at)
    return campaign


@router.post("/campaigns/{campaign_id}/tests", response={201: TestOut})
def send_test(request: ApiRequest, campaign_id: schemas.Id, data: TestIn) -> Any:
    """Send each text of a campaign to somebody who works here."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    sent = test_sends.send(
        campaign=campaign, account=data.member_id, by=request.by, at=request.at
    )
    return Status(201, {"messages": len(sent)})


@router.get("/campaigns/{campaign_id}/effects", response=EffectsOut)
def get_effects(request: ApiRequest, campaign_id: schemas.Id) -> Any:
    """Count what members did after a campaign, and compare it with the hold-out."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    measured = asdict(effects.measure(campaign, request.at))
    return {**measured, "comparisons": comparisons.measure(campaign, request.at)}


@router.get("/campaigns/{campaign_id}/links", response=list[LinkOut])
def list_links(request: ApiRequest, campaign_id: schemas.Id) -> Any:
    """List the links in the texts of a campaign, with who opened and shared them."""
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    return link_results.list_results(campaign=campaign, by=request.by, at=request.at)


@router.get("/approval-rule", response=ApprovalRuleOut)
def get_rule(request: ApiRequest) -> dict[str, Any]:
    """Get from how many recipients on a campaign needs an approval."""
    permissions.check_may(request.by, campaigns.MANAGE)
    return {"from_size": approvals.get_from_size(request.community)}


@router.put("/approval-rule", response=ApprovalRuleOut)
def set_rule(request: ApiRequest, data: ApprovalRuleIn) -> dict[str, Any]:
    """Set from how many recipients on a campaign needs an approval."""
    approvals.set_from_size(
        community=request.community,
        from_size=data.from_size,
        by=request.by,
        at=request.at,
    )
    return get_rule(request)
