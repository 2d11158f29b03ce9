"""Approval of campaigns by a second person, for what the campaign is at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns, fingerprints
from qunce.outreach.campaigns.campaigns import Campaign, CampaignFact, State

APPROVE = permissions.declare(
    "campaigns.approve",
    permissions.Role.MANAGER,
    label=gettext_lazy("approve campaigns of others"),
)
MANAGE_RULE = permissions.declare(
    "campaigns.manage_approval",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set which campaigns need an approval"),
)
MAX_NOTE = 200


class ApprovalRule(models.Model):
    """From how many recipients on a campaign needs an approval; null is never."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    from_size = models.PositiveIntegerField(null=True)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_approval_rule"

    def __str__(self) -> str:
        return f"approval rule of {self.community}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CampaignApproved(CampaignFact):
    """`digest` is that of the content and the audience that were approved."""

    kind = "campaign.approved"
    label = gettext_lazy("campaign approved")
    digest: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CampaignRejected(CampaignFact):
    kind = "campaign.rejected"
    label = gettext_lazy("campaign rejected")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ApprovalRuleChanged(facts.FactKind):
    """`from_size` recipients need an approval; null means that no campaign does."""

    kind = "campaign_approval.changed"
    label = gettext_lazy("approval of campaigns changed")
    from_size: int | None


class ApprovalNeeded(errors.Refused):
    """The campaign has too many recipients to start without a second person."""


class SecondPersonNeeded(errors.Refused):
    """Nobody approves what they wrote or submitted themselves."""


class CampaignChangedSince(errors.Refused):
    """The campaign is another one than the person who approves has seen."""


# Checks


def is_approved(campaign: Campaign) -> bool:
    return campaign.approved_digest == fingerprints.digest(campaign)


def check_approved(campaign: Campaign, size: int) -> None:
    """Raise ApprovalNeeded if a campaign of this size needs an approval and has none."""
    if is_needed(campaign, size):
        from_size = get_from_size(campaign.community)
        raise ApprovalNeeded(
            _(
                "A campaign to %(n)s or more recipients needs the approval of a second "
                "person. Submit it."
            )
            % {"n": f"{from_size:,}"}
        )


def is_needed(campaign: Campaign, size: int) -> bool:
    """Whether a campaign of this size needs an approval that it does not have."""
    from_size = get_from_size(campaign.community)
    return from_size is not None and size >= from_size and not is_approved(campaign)


def check_may_approve(campaign: Campaign, by: Staff) -> None:
    permissions.check_may(by, APPROVE)
    campaigns.check_visible(campaign, by)
    campaigns.STATES.check("approve", campaign.state)
    if by.pk in (campaign.submitted_by_id, campaign.by_id):
        raise SecondPersonNeeded(
            _("You cannot approve your own campaign. Ask somebody else.")
        )


def may_approve(campaign: Campaign, by: Staff) -> bool:
    try:
        check_may_approve(campaign, by)
    except errors.QunceError:
        return False
    return True


def check_may_send_alone(
    community: Community, by: Staff, *, size: int | None = None
) -> None:
    """Raise ApprovalNeeded if what sends automatically needs somebody who may approve.

    Otherwise playbooks, care and series would be a way around the approval of campaigns.
    Without a `size`, nobody knows how many recipients there will be.
    """
    from_size = get_from_size(community)
    if from_size is None or (size is not None and size < from_size):
        return
    if not permissions.may(by, APPROVE):
        raise ApprovalNeeded(
            _(
                "Here a second person approves what is sent to many. Ask somebody who "
                "approves campaigns to switch this on."
            )
        )


# Verbs


@transaction.atomic
def set_from_size(
    *, community: Community, from_size: int | None, by: Staff, at: datetime
) -> None:
    """Require an approval from this number of recipients on; None requires none."""
    permissions.check_may(by, MANAGE_RULE)
    permissions.check_community(by, community.pk)
    if from_size is not None and not 1 <= from_size <= 100_000_000:
        raise errors.Invalid(_("Give a number of recipients, or nothing."))
    ApprovalRule.objects.update_or_create(
        community=community,
        defaults={"from_size": from_size, "by": by, "changed_at": at},
    )
    fact = ApprovalRuleChanged(from_size=from_size)
    facts.record(fact, community=community, by=by, at=at)


@transaction.atomic
def submit(
    *, campaign: Campaign, by: Staff, at: datetime, send_at: datetime | None = None
) -> None:
    """Ask for an approval; with a time the campaign is scheduled once it has one."""
    campaigns.check_may_manage(campaign, by)
    campaigns.check_complete(campaign)
    if send_at is not None and send_at <= at:
        raise campaigns.InvalidCampaign(_("Choose a time in the future."))
    campaigns.transition(
        campaign=campaign,
        step="submit",
        by=by,
        at=at,
        send_at=send_at,
        submitted_by=by,
        approved_by=None,
        approved_digest="",
        note="",
    )


@transaction.atomic
def withdraw(*, campaign: Campaign, by: Staff, at: datetime) -> None:
    """Make a submitted campaign a draft again."""
    campaigns.check_may_manage(campaign, by)
    campaigns.transition(campaign=campaign, step="withdraw", by=by, at=at, send_at=None)


@transaction.atomic
def approve(
    *, campaign: Campaign, by: Staff, at: datetime, digest: str | None = None
) -> None:
    """Approve the campaign as it is now.

    `digest` is that of what the person has seen; raises CampaignChangedSince if it is
    another one by now. It is scheduled if its time is still to come, else a draft.
    """
    check_may_approve(campaign, by)
    fresh = Campaign.objects.select_related("community").get(pk=campaign.pk)
    current = fingerprints.digest(fresh)
    if digest is not None and digest != current:
        raise CampaignChangedSince(
            _("The campaign has changed since you opened it. Review it again.")
        )
    is_scheduled = campaign.send_at is not None and campaign.send_at > at
    changes = {} if is_scheduled else {"send_at": None}
    campaigns.transition(
        campaign=campaign,
        step="approve_scheduled" if is_scheduled else "approve",
        by=by,
        at=at,
        approved_by=by,
        approved_digest=current,
        **changes,
    )
    fact = CampaignApproved(campaign=campaign.key, digest=current)
    facts.record(fact, community=campaign.community, by=by, at=at)


@transaction.atomic
def reject(*, campaign: Campaign, note: str, by: Staff, at: datetime) -> None:
    """Send the campaign back, with the reason for those who wrote it."""
    check_may_approve(campaign, by)
    note = " ".join(note.split())[:MAX_NOTE]
    if not note:
        raise errors.Invalid(_("Describe what has to change."))
    campaigns.transition(
        campaign=campaign, step="reject", by=by, at=at, note=note, send_at=None
    )
    fact = CampaignRejected(campaign=campaign.key)
    facts.record(fact, community=campaign.community, by=by, at=at)


# Reads


def get_from_size(community: Community) -> int | None:
    rows = ApprovalRule.objects.filter(community=community)
    return rows.values_list("from_size", flat=True).first()


def list_waiting(by: Staff) -> list[Campaign]:
    """The campaigns that `by` can approve, the earliest to send first."""
    if not permissions.may(by, APPROVE):
        return []
    rows = campaigns.list_visible(by).filter(state=State.IN_REVIEW)
    own = models.Q(submitted_by=by) | models.Q(by=by)
    return list(rows.exclude(own).order_by(models.F("send_at").asc(nulls_last=True)))


def list_approvers(campaign: Campaign, submitter: Staff) -> list[Staff]:
    """Active staff who could approve the campaign if `submitter` submits it, by name."""
    rows = Staff.objects.filter(community=campaign.community, is_active=True)
    others = rows.exclude(pk__in=[campaign.by_id, submitter.pk]).order_by("name", "pk")
    return [
        staff
        for staff in others
        if not staff.is_system
        and permissions.may(staff, APPROVE)
        and campaigns.list_visible(staff).filter(pk=campaign.pk).exists()
    ]


def list_answered(by: Staff) -> list[Campaign]:
    """Campaigns that `by` submitted and has to continue: rejected, or approved drafts."""
    rows = campaigns.list_visible(by).filter(submitted_by=by)
    rejected = models.Q(state=State.REJECTED)
    approved = models.Q(state=State.DRAFT, approved_by__isnull=False)
    return [
        campaign
        for campaign in rows.filter(rejected | approved).select_related("approved_by")
        if campaign.state == State.REJECTED or is_approved(campaign)
    ]
