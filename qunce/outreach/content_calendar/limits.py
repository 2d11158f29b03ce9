"""What a group may get: most messages a day, fewest days of silence, and a target mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import ContentType

MANAGE = permissions.declare(
    "content_calendar.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set how much a group may get, and the mix of content"),
)
MAX_PER_DAY, MAX_SILENT_DAYS = 50, 30


class CalendarLimits(models.Model):
    """`target_mix` maps content types to percent. Without a row `DEFAULT` holds."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    max_per_day = models.PositiveSmallIntegerField()
    silent_days = models.PositiveSmallIntegerField()
    target_mix: models.JSONField[Any, Any] = models.JSONField(default=dict)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_calendar_limits"

    def __str__(self) -> str:
        return f"calendar limits of {self.community}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CalendarLimitsChanged(facts.FactKind):
    kind = "content_calendar.changed"
    label = gettext_lazy("limits of the content calendar changed")
    max_per_day: int
    silent_days: int
    target_mix: dict[str, int]


class InvalidCalendarLimits(errors.Invalid):
    """A number is out of its range, or the target mix does not add up to 100 %."""


@dataclass(frozen=True)
class Limits:
    """A group with more than `max_per_day` messages on a day is overloaded, and one with
    none for `silent_days` in a row is silent. `target_mix` is empty if none is set."""

    max_per_day: int = 3
    silent_days: int = 3
    target_mix: Mapping[str, int] = field(default_factory=dict)


DEFAULT = Limits()


def check(limits: Limits) -> None:
    for name, value, most in (
        (_("Messages per day"), limits.max_per_day, MAX_PER_DAY),
        (_("Days without a message"), limits.silent_days, MAX_SILENT_DAYS),
    ):
        if not 1 <= value <= most:
            raise InvalidCalendarLimits(
                _("%(name)s: give a number from 1 to %(most)s.")
                % {"name": name, "most": most}
            )
    unknown = sorted(set(limits.target_mix) - set(ContentType.values))
    if unknown:
        raise InvalidCalendarLimits(
            _("There is no content type “%(name)s”; choose one of: %(types)s.")
            % {"name": unknown[0], "types": ", ".join(ContentType.values)}
        )
    if any(not 0 <= share <= 100 for share in limits.target_mix.values()):
        raise InvalidCalendarLimits(_("A share of the mix is between 0 and 100 %."))
    total = sum(limits.target_mix.values())
    if limits.target_mix and total != 100:
        raise InvalidCalendarLimits(
            _("The shares of the target mix add up to %(n)s %%, not to 100 %%.")
            % {"n": total}
        )


@transaction.atomic
def update(*, community: Community, limits: Limits, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    mix = {name: share for name, share in limits.target_mix.items() if share}
    limits = Limits(limits.max_per_day, limits.silent_days, mix)
    check(limits)
    values: dict[str, Any] = {
        "max_per_day": limits.max_per_day,
        "silent_days": limits.silent_days,
        "target_mix": mix,
    }
    CalendarLimits.objects.update_or_create(
        community=community, defaults={**values, "by": by, "changed_at": at}
    )
    facts.record(CalendarLimitsChanged(**values), community=community, by=by, at=at)


def get(community: Community) -> Limits:
    row = CalendarLimits.objects.filter(community=community).first()
    if row is None:
        return DEFAULT
    return Limits(row.max_per_day, row.silent_days, row.target_mix)
