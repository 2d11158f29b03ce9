"""Pauses a campaign when too many of its messages fail, or its materials cannot be sent."""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels import outbox
from qunce.core.staff import models as staff_models
from qunce.outreach.campaigns import campaign_materials, campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.content.materials.models import MaterialNotSendable


def is_failing(attempted: int, failed: int) -> bool:
    """Whether more messages failed than a campaign may lose."""
    return (
        attempted >= outbox.MIN_ATTEMPTS_TO_STOP
        and failed > attempted * outbox.MAX_FAILURE_RATIO
    )


def pause_if_unsendable(campaign: Campaign, *, at: datetime) -> bool:
    """Pause a campaign whose material is archived, sold out or out of licence."""
    with translation.override(campaign.community.language):
        try:
            campaign_materials.check_sendable(campaign, at)
        except MaterialNotSendable as error:
            note = str(error)[:200]
        else:
            return False
    if campaign.state == campaigns.State.SENDING:
        by = staff_models.system(campaign.community)
        campaigns.pause(campaign=campaign, by=by, at=at, note=note)
    return True


def pause_if_failing(
    *, campaign_id: int, attempted: int, failed: int, at: datetime
) -> None:
    if not is_failing(attempted, failed):
        return
    campaign = Campaign.objects.select_related("community").get(pk=campaign_id)
    # The last outcome may have finished the campaign.
    if campaign.state != campaigns.State.SENDING:
        return
    # The note is for all staff, so it is in the language of the community.
    with translation.override(campaign.community.language):
        note = _(
            "Paused automatically because %(failed)s of the last %(tried)s "
            "messages failed."
        ) % {"failed": failed, "tried": attempted}
    by = staff_models.system(campaign.community)
    campaigns.pause(campaign=campaign, by=by, at=at, note=note)
