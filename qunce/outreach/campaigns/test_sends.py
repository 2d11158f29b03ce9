"""Test sends: a campaign to people who work here, as they would read it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import campaign_materials, campaigns, variants
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import messages
from qunce.outreach.sending.ledger import Origin, Priority, Purpose, RequestedMessage
from qunce.sets import audiences


class InvalidTestSend(errors.Invalid):
    """A test goes through a channel, to somebody who works here."""


@transaction.atomic
def send(
    *, campaign: Campaign, account: int, by: Staff, at: datetime
) -> list[RequestedMessage]:
    """Send each text of the campaign to a person who works here; returns the messages.

    They count for no result and for no contact limit.
    """
    campaigns.check_may_manage(campaign, by)
    campaigns.check_complete(campaign)
    if campaign.is_assisted:
        raise InvalidTestSend(
            _("Staff send this campaign by hand. Copy the text from the review.")
        )
    if campaign.target == Target.GROUPS:
        raise InvalidTestSend(_("Only campaigns to members can be tested."))
    person = account_queries.person_ids([account]).get(account, account)
    here = audiences.staff_people(community=campaign.community, at=at)
    if person not in here:
        raise InvalidTestSend(
            _("Choose somebody who works here. Members get no tests.")
        )
    texts = [campaign.text, *(each.text for each in variants.of(campaign))]
    first = timestamps.to_micros(at)
    drafts = [
        messages.Draft(
            origin=Origin.TEST,
            # A number of its own for each text, so that a test can be repeated.
            origin_id=first + index,
            account=person,
            text=text,
            content=campaign_materials.content_of(campaign),
            purpose=Purpose.MODERATION,
            channel=campaign.channel,
            priority=Priority.URGENT,
        )
        for index, text in enumerate(texts)
        if text or campaign.materials
    ]
    return messages.request_many(drafts, community=campaign.community, at=at)
