"""How soon after a join a welcome is sent, and when a member is welcomed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.welcomes import welcomes
from qunce.outreach.welcomes.models import WelcomeSettings

MINUTE = timedelta(minutes=1)
MAX_WITHIN, MAX_AGAIN_DAYS = timedelta(days=7), 3_650


@dataclass(frozen=True)
class TimeLimits:
    """How old a join may be, and after how many days a member is welcomed again."""

    within: timedelta = timedelta(days=1)
    again_after_days: int = 365

    def last_moment(self, joined_at: datetime, channel: str) -> datetime:
        """Until when a welcome may be sent; some channels allow it for a short time only."""
        limit = channel_contract.get(channel).capabilities.welcome_within
        within = self.within if limit is None else min(limit, self.within)
        return joined_at + within


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WelcomeTimeLimitsChanged(facts.FactKind):
    kind = "welcome.time_limits_changed"
    label = gettext_lazy("time limits of welcomes changed")
    within_minutes: int
    again_after_days: int


@transaction.atomic
def update(
    *, community: Community, limits: TimeLimits, by: Staff, at: datetime
) -> None:
    """Set the time limits. They hold for joins that are decided about from now on."""
    welcomes.check_may_manage(by)
    permissions.check_community(by, community.pk)
    if not MINUTE <= limits.within <= MAX_WITHIN:
        raise welcomes.InvalidWelcome(
            _("A welcome can be sent from a minute to 7 days after the join.")
        )
    if not 1 <= limits.again_after_days <= MAX_AGAIN_DAYS:
        raise welcomes.InvalidWelcome(
            _("A member can be welcomed again after 1 to %(most)s days.")
            % {"most": f"{MAX_AGAIN_DAYS:,}"}
        )
    values = {
        "within_minutes": limits.within // MINUTE,
        "again_after_days": limits.again_after_days,
    }
    WelcomeSettings.objects.update_or_create(
        community=community, defaults={**values, "by": by, "changed_at": at}
    )
    fact = WelcomeTimeLimitsChanged(**values)
    facts.record(fact, community=community, by=by, at=at)


def get(community: Community) -> TimeLimits:
    row = WelcomeSettings.objects.filter(community=community).first()
    if row is None:
        return TimeLimits()
    return TimeLimits(row.within_minutes * MINUTE, row.again_after_days)
