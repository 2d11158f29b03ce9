"""Communities: one per brand, each with its own members, groups, clock and language."""

from __future__ import annotations

import functools
import re
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, revisions, timestamps

KEY_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CLOCK = "clock"
"""The revision kind that is raised when time zone or start of day change."""


class Community(models.Model):
    key = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="Asia/Shanghai")
    day_start = models.PositiveSmallIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    language = models.CharField(max_length=10, default="zh-hans")
    region = models.CharField(max_length=2, default="CN")
    """The country (ISO 3166) of phone numbers without a country code."""
    shared_identifier_limit = models.PositiveSmallIntegerField(default=5)
    """An identifier under more names than these, or twice as many accounts, is nobody's."""
    # If not, two-factor is on only for staff who turned it on themselves.
    two_factor_required = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)
    """Whether nobody in it exists. A banner on every page of the console then states it."""
    created_at = timestamps.TimestampField()

    def __str__(self) -> str:
        return self.name

    def day(self, at: datetime) -> int:
        """The community day of `at`, as days since 1970-01-01."""
        return community_days.day_of(self.timezone, self.day_start, at)


class CommunityNotFound(errors.NotFound):
    """There is no such community."""


class InvalidCommunity(errors.Invalid):
    """The key, time zone or start of day of a community is not valid."""


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_clock(*, timezone: str, day_start: int) -> None:
    if timezone not in _zones():
        raise InvalidCommunity(
            _("“%(zone)s” is not a time zone; write it like Asia/Shanghai.")
            % {"zone": timezone}
        )
    if not 0 <= day_start < 1440:
        raise InvalidCommunity(
            _("Give the start of day in minutes after midnight, from 0 to 1439.")
        )


def check_region(region: str) -> None:
    # Loaded on use: few commands need its tables.
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidCommunity(
            _("“%(region)s” is not a country; write two letters like CN.")
            % {"region": region}
        )


@transaction.atomic
def create(
    *,
    key: str,
    at: datetime,
    name: str = "",
    timezone: str = "Asia/Shanghai",
    day_start: int = 0,
    currency: str = "CNY",
    language: str = "zh-hans",
    region: str = "CN",
    is_simulated: bool = False,
) -> Community:
    if not KEY_PATTERN.fullmatch(key):
        raise InvalidCommunity(
            _("“%(key)s” cannot be a community's key: use a-z, 0-9 and hyphens.")
            % {"key": key}
        )
    check_clock(timezone=timezone, day_start=day_start)
    check_region(region)
    return Community.objects.create(
        key=key,
        name=name or key,
        timezone=timezone,
        day_start=day_start,
        currency=currency,
        language=language,
        region=region,
        is_simulated=is_simulated,
        created_at=at,
    )


@transaction.atomic
def set_clock(*, community: Community, timezone: str, day_start: int) -> None:
    """Change time zone and start of day. Day counts are rebuilt, since days change."""
    check_clock(timezone=timezone, day_start=day_start)
    community.timezone, community.day_start = timezone, day_start
    community.save(update_fields=["timezone", "day_start"])
    # The deriver compares this revision and counts the days again when it differs.
    revisions.bump(community.pk, CLOCK, [0])


@transaction.atomic
def set_identity(
    *, community: Community, region: str, shared_identifier_limit: int
) -> None:
    """Change how identifiers are read from now on; stored ones stay as they are."""
    check_region(region)
    if not 1 <= shared_identifier_limit <= 1_000:
        raise InvalidCommunity(
            _("Give the number of people who may share an identifier, 1 to 1000.")
        )
    community.region = region
    community.shared_identifier_limit = shared_identifier_limit
    community.save(update_fields=["region", "shared_identifier_limit"])


def get(key: str) -> Community:
    try:
        return Community.objects.get(key=key)
    except Community.DoesNotExist:
        raise CommunityNotFound(
            _("There is no community “%(key)s”.") % {"key": key}
        ) from None


def zone(community: Community) -> ZoneInfo:
    return ZoneInfo(community.timezone)
