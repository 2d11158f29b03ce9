"""Answers to wishes: a draft of a campaign to those who asked, which a person sends.

The members who asked are frozen, so that the review page counts them as they were.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, unique_keys
from qunce.core.staff.models import Staff
from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import Wish
from qunce.members.accounts.models import Account
from qunce.members.segments import frozen
from qunce.members.segments.frozen import FrozenSegment
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.ledger import Purpose


class NobodyToAnswer(errors.Refused):
    """Nobody asked for the wish, or the answer is missing."""


def draft(*, wish: Wish, by: Staff, at: datetime) -> Campaign:
    """Create the draft of a campaign with the answer of a wish to those who asked for it.

    Nothing is sent. A wish whose draft exists is refused, so that nobody hears it twice.
    """
    wishes.check_may_edit(by, wish)
    if not wish.answer:
        raise NobodyToAnswer(_("Write the answer first."))
    if (
        wish.campaign
        and Campaign.objects.filter(
            community=wish.community, key=wish.campaign
        ).exists()
    ):
        raise NobodyToAnswer(
            _("There is a draft of this answer: “%(name)s”.") % {"name": wish.campaign}
        )
    people = wishes.list_people(wish=wish, by=by, at=at)
    if not people:
        raise NobodyToAnswer(_("Nobody is noted who asked for this wish."))
    key = unique_keys.unused_key(
        f"wish-{wish.pk}",
        set(
            FrozenSegment.objects.filter(community=wish.community).values_list(
                "key", flat=True
            )
        ),
    )
    rows = Account.objects.filter(pk__in=people).order_by("pk")
    keys = [f"{channel}:{key}" for channel, key in rows.values_list("channel", "key")]
    frozen.freeze(
        community=wish.community,
        key=key,
        rule={"members": {"keys": keys}},
        by=by,
        at=at,
    )
    with transaction.atomic():
        campaign = campaigns.create(
            community=wish.community,
            name=_("Answer: %(wish)s") % {"wish": wish.title[:60]},
            text=wish.answer.replace("{", "{{").replace("}", "}}"),
            rule={"segment": {"frozen": [key]}},
            purpose=Purpose.SERVICE,
            by=by,
            at=at,
        )
        # Of two who ask at the same time, one gets the draft.
        same = Wish.objects.filter(pk=wish.pk, campaign=wish.campaign)
        if not same.update(campaign=campaign.key):
            raise NobodyToAnswer(
                _("There is a draft of this answer: “%(name)s”.")
                % {"name": Wish.objects.get(pk=wish.pk).campaign}
            )
    wish.refresh_from_db()
    return campaign
