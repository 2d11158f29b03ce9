"""One member's personal link, with which the demo's pages can be seen as they see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, When

from qunce.activities.activities.models import Activity, Entry, State
from qunce.activities.kinds import check_in
from qunce.core import timestamps
from qunce.core.staff import models as staff_models
from qunce.members.accounts.models import Account
from qunce.members.personal_links import links, purposes, tokens
from qunce.members.personal_links.models import LinkBinding
from qunce.members.personal_links.tokens import Token

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community


def make(community: Community, *, at: datetime) -> str | None:
    """The path of a link for a running activity, or for the page of the community.

    Its member takes part in the activity; None for a community without members. A link
    that no device has is given again, so that a second demo adds nothing.
    """
    running = Activity.objects.filter(community=community, state=State.RUNNING)
    # First a check-in, in which there is something to do every day.
    is_check_in = Case(When(kind=check_in.KEY, then=0), default=1)
    activity = running.order_by(is_check_in, "-starts_at", "-pk").first()
    entries = Entry.objects.filter(activity=activity).order_by("pk")
    members = Account.objects.filter(community=community, present=True).exclude(name="")
    entered = members.filter(pk__in=entries.values("account_id")[:100])
    member = entered.order_by("pk").first() or members.order_by("pk").first()
    if member is None:
        return None
    purpose = (
        purposes.of(purposes.ACTIVITY, activity.public_id)
        if activity is not None
        else purposes.of(purposes.HOME)
    )
    by = staff_models.system(community)
    unopened = LinkBinding.objects.filter(
        account=member,
        purpose=purpose,
        by=by,
        device=None,
        revoked_at=None,
        expires_at__gt=timestamps.to_micros(at),
    )
    link = unopened.order_by("-pk").first()
    if link is not None:
        return _path_of(link)
    return links.make(account_id=member.pk, purpose=purpose, by=by, at=at)


def _path_of(link: LinkBinding) -> str:
    token = Token(
        id=bytes(link.token_id),
        account=link.account_id,
        purpose=link.purpose,
        issued_at=link.made_at,
        hours=(link.expires_at - link.made_at) // tokens.HOUR,
        source=link.source,
    )
    return links.TOKEN_PATH + tokens.encode(token)
