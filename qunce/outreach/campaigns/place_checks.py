"""Whether a campaign can keep a place in the contact budget, see `kept_places`."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.outreach.campaigns.models import Campaign, Target
from qunce.outreach.sending.ledger import Priority


class InvalidKeptPlace(errors.Invalid):
    """Nothing would leave a place to the campaign."""


def check(campaign: Campaign) -> None:
    """Raise InvalidKeptPlace unless there can be messages that leave it a place."""
    if not campaign.keeps_place:
        return
    if campaign.target == Target.GROUPS:
        raise InvalidKeptPlace(
            _("Groups have no contact limit in which a place could be kept.")
        )
    if campaign.priority == max(Priority):
        raise InvalidKeptPlace(
            _("Choose a higher priority: no message has a lower one than “low”.")
        )
