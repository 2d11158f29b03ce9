"""When the recipients of a campaign get it that is sent by each member's clock.

The wall time at which the community sends holds in the zone of each member. It starts when
the first of these times comes. Whoever's time had passed at the start gets it at the
community's time; a time that a clock change skips is the time after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import communities, errors
from qunce.outreach.campaigns.models import Campaign, Target
from qunce.outreach.contact_budget import member_zones, policies

if TYPE_CHECKING:
    from pyroaring import BitMap

MOST_APART = timedelta(hours=26)
"""Between the same wall time in the first and in the last zone of the world."""


class InvalidClock(errors.Invalid):
    """The campaign cannot be sent by each member's clock."""


def check(campaign: Campaign) -> None:
    """Raise InvalidClock unless the community knows the zones of members."""
    if not campaign.member_clock:
        return
    if campaign.target == Target.GROUPS:
        raise InvalidClock(_("Groups get it by the clock of the community."))
    if not policies.get(campaign.community).zone_attribute:
        raise InvalidClock(
            _("Choose the attribute with the time zones under “Contact limits” first.")
        )


def local_time(send_at: datetime, community_zone: ZoneInfo, zone: ZoneInfo) -> datetime:
    """When clocks in `zone` show what the community's show at `send_at`."""
    wall = send_at.astimezone(community_zone).replace(tzinfo=None)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def due_at(
    send_at: datetime, community_zone: ZoneInfo, zone: ZoneInfo, started_at: datetime
) -> datetime:
    """When members of a zone get a campaign that started at `started_at`."""
    local = local_time(send_at, community_zone, zone)
    return local if local >= started_at else max(send_at, started_at)


@dataclass(frozen=True)
class LocalTimes:
    """When members of each zone are due. The others are at the community's time."""

    send_at: datetime
    community_zone: ZoneInfo
    started_at: datetime
    zones: dict[str, BitMap] = field(default_factory=dict)

    def waiting(self, targets: BitMap, at: datetime) -> BitMap:
        """Those of the targets whose time has not come."""
        own, late = targets.copy(), targets - targets
        for name, people in self.zones.items():
            moment = due_at(
                self.send_at, self.community_zone, ZoneInfo(name), self.started_at
            )
            own = own - people
            if moment > at:
                late = late | (targets & people)
        return late | own if self.send_at > at else late


def load(campaign: Campaign, targets: BitMap, at: datetime) -> LocalTimes | None:
    """The times of these targets, or None for a campaign by the community's clock.

    Call it outside transactions, because it uses the caches of the set engine.
    """
    if not campaign.member_clock:
        return None
    community = campaign.community
    zones = member_zones.by_zone(
        community,
        targets,
        attribute=policies.get(community).zone_attribute,
        at=at,
    )
    started_at = campaign.started_at or at
    return LocalTimes(
        campaign.send_at or started_at, communities.zone(community), started_at, zones
    )


def is_due(campaign: Campaign, at: datetime, *, within: timedelta) -> bool:
    """Whether a scheduled campaign starts, as the time of a zone came `within` so long."""
    if campaign.send_at is None or campaign.send_at <= at or not campaign.member_clock:
        return campaign.send_at is not None and campaign.send_at <= at
    community = campaign.community
    attribute = policies.get(community).zone_attribute
    times = (
        local_time(campaign.send_at, communities.zone(community), ZoneInfo(name))
        for name in member_zones.list_zones(community, attribute=attribute, at=at)
    )
    return any(at - within < moment <= at for moment in times)


@dataclass(frozen=True)
class ZoneCounts:
    """Recipients by zone, those with the community's clock under its own zone.

    For `passed` of them their time would have passed at the start.
    """

    sizes: dict[str, int]
    passed: int


def count(campaign: Campaign, targets: BitMap, at: datetime) -> ZoneCounts | None:
    """How a campaign that is sent by each member's clock would come to these targets."""
    times = load(campaign, targets, at)
    if times is None:
        return None
    sizes = {name: len(people) for name, people in times.zones.items()}
    own = campaign.community.timezone
    rest = len(targets) - sum(sizes.values())
    sizes[own] = sizes.get(own, 0) + rest
    passed = sum(
        len(people)
        for name, people in times.zones.items()
        if local_time(times.send_at, times.community_zone, ZoneInfo(name)) < at
    )
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return ZoneCounts({name: size for name, size in ordered if size}, passed)
