"""One member's personal link, with which the demo's pages can be seen as they see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.activities.activities.models import Activity, Entry, State
from qunce.core.staff import models as staff_models
from qunce.members.accounts.models import Account
from qunce.members.personal_links import links, purposes

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community


def make(community: Community, *, at: datetime) -> str | None:
    """The path of a link for the newest running activity, or for the page of the community.

    Its member takes part in the activity; None for a community without members.
    """
    running = Activity.objects.filter(community=community, state=State.RUNNING)
    activity = running.order_by("-starts_at", "-pk").first()
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
    return links.make(account_id=member.pk, purpose=purpose, by=by, at=at)
