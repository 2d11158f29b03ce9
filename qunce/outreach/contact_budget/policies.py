"""The contact budget of a community, as its staff set it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import communities, errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.contact_budget import limits, member_zones
from qunce.outreach.contact_budget.limits import (
    Budget,
    Clock,
    Limit,
    Mode,
    QuietHours,
    Span,
)

MANAGE = permissions.declare(
    "contact_budget.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set contact limits and quiet hours"),
)
LIMITED_PURPOSES = ("marketing", "service")
"""Messages of moderation are never held back."""
MAX_COUNT = 100
MAX_LIMITS = 40
MAX_GAP = timedelta(days=7)
MAX_HOLD = timedelta(days=7)


class ContactPolicy(models.Model):
    """`limits` is a list of objects; without a row `limits.DEFAULT` holds.

    `counts_assisted` says whether messages that staff post by hand count.
    `zone_attribute` is the name of the attribute with the time zones of members, or "".
    """

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    limits: models.JSONField[Any, Any] = models.JSONField(default=list)
    gap_minutes = models.PositiveIntegerField(default=0)
    quiet_start = models.PositiveSmallIntegerField(null=True)
    quiet_end = models.PositiveSmallIntegerField(null=True)
    hold_minutes = models.PositiveIntegerField(default=0)
    counts_assisted = models.BooleanField(default=True)
    zone_attribute = models.CharField(max_length=80, default="", blank=True)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_contact_policy"

    def __str__(self) -> str:
        return f"contact budget of {self.community}"


@dataclass(frozen=True)
class Policy:
    """The contact budget of a community, with its clock."""

    budget: Budget
    clock: Clock
    counts_assisted: bool = True
    zone_attribute: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ContactBudgetChanged(facts.FactKind):
    kind = "contact_budget.changed"
    label = gettext_lazy("contact budget changed")
    limits: list[dict[str, Any]]
    gap_minutes: int
    quiet_hours: list[int]
    hold_minutes: int
    counts_assisted: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberZonesChanged(facts.FactKind):
    """`attribute` has the time zones of members from now on; "" is none."""

    kind = "contact_budget.member_zones_changed"
    label = gettext_lazy("attribute of time zones changed")
    attribute: str


class InvalidContactBudget(errors.Invalid):
    """A limit names an unknown channel or purpose, or has no number."""


# Checks


def check(budget: Budget) -> None:
    if len(budget.limits) > MAX_LIMITS:
        raise InvalidContactBudget(
            _("There can be at most %(n)s limits.") % {"n": MAX_LIMITS}
        )
    seen = set()
    for limit in budget.limits:
        _check_limit(limit)
        key = (limit.span, limit.rolling, limit.channel, limit.purpose)
        if key in seen:
            raise InvalidContactBudget(
                _("There are two limits for the same messages and the same time.")
            )
        seen.add(key)
    if not timedelta() <= budget.gap <= MAX_GAP:
        raise InvalidContactBudget(
            _("Messages can be at most 7 days apart, and not less than 0 minutes.")
        )
    if not timedelta() <= budget.hold <= MAX_HOLD:
        raise InvalidContactBudget(_("A message can wait for at most 7 days."))
    if budget.quiet is not None:
        minutes = (budget.quiet.start, budget.quiet.end)
        if not all(0 <= minute < 1440 for minute in minutes) or len(set(minutes)) < 2:
            refuse_quiet_hours()


def refuse_quiet_hours() -> NoReturn:
    raise InvalidContactBudget(_("Quiet hours need a start and an end that differ."))


def _check_limit(limit: Limit) -> None:
    if limit.purpose not in LIMITED_PURPOSES:
        raise InvalidContactBudget(
            _("A limit can be set for marketing or for service messages.")
        )
    if limit.channel:
        channel_contract.get(limit.channel)
    if limit.mode == Mode.AT_MOST and not 1 <= limit.count <= MAX_COUNT:
        raise InvalidContactBudget(
            _("Give a number of messages from 1 to 100, or choose “none” or “off”.")
        )


# Verbs


@transaction.atomic
def update(
    *,
    community: Community,
    budget: Budget,
    counts_assisted: bool,
    by: Staff,
    at: datetime,
) -> None:
    """Set the contact budget. It holds for every message that is not claimed yet."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    check(budget)
    quiet = budget.quiet
    values: dict[str, Any] = {
        "limits": [to_json(limit) for limit in budget.limits],
        "gap_minutes": budget.gap // timedelta(minutes=1),
        "hold_minutes": budget.hold // timedelta(minutes=1),
        "counts_assisted": counts_assisted,
    }
    ContactPolicy.objects.update_or_create(
        community=community,
        defaults={
            **values,
            "quiet_start": None if quiet is None else quiet.start,
            "quiet_end": None if quiet is None else quiet.end,
            "by": by,
            "changed_at": at,
        },
    )
    hours = [] if quiet is None else [quiet.start, quiet.end]
    fact = ContactBudgetChanged(quiet_hours=hours, **values)
    facts.record(fact, community=community, by=by, at=at)


@transaction.atomic
def set_zone_attribute(
    *, community: Community, attribute: str, by: Staff, at: datetime
) -> None:
    """Take the time zones of members from this attribute; "" takes the community's."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    if attribute and member_zones.find_attribute(community, attribute) is None:
        raise InvalidContactBudget(
            _("“%(name)s” is not an attribute of type text or single choice.")
            % {"name": attribute}
        )
    rows = ContactPolicy.objects.filter(community=community)
    changes = {"zone_attribute": attribute, "by": by, "changed_at": at}
    if not rows.update(**changes):
        standard = [to_json(limit) for limit in limits.DEFAULT.limits]
        ContactPolicy.objects.create(community=community, limits=standard, **changes)
    fact = MemberZonesChanged(attribute=attribute)
    facts.record(fact, community=community, by=by, at=at)


# Reads


def get(community: Community) -> Policy:
    clock = Clock(communities.zone(community), community.day_start)
    row = ContactPolicy.objects.filter(community=community).first()
    if row is None:
        return Policy(limits.DEFAULT, clock)
    quiet = None
    if row.quiet_start is not None and row.quiet_end is not None:
        quiet = QuietHours(row.quiet_start, row.quiet_end)
    budget = Budget(
        limits=tuple(from_json(each) for each in row.limits),
        gap=timedelta(minutes=row.gap_minutes),
        quiet=quiet,
        hold=timedelta(minutes=row.hold_minutes),
    )
    return Policy(budget, clock, row.counts_assisted, row.zone_attribute)


def to_json(limit: Limit) -> dict[str, Any]:
    return {
        "span": limit.span.value,
        "mode": limit.mode.value,
        "count": limit.count if limit.mode == Mode.AT_MOST else None,
        "rolling": limit.rolling,
        "channel": limit.channel,
        "purpose": limit.purpose,
    }


def from_json(stored: dict[str, Any]) -> Limit:
    return Limit(
        span=Span(stored["span"]),
        mode=Mode(stored["mode"]),
        count=stored["count"] or 0,
        rolling=stored["rolling"],
        channel=stored["channel"],
        purpose=stored["purpose"],
    )
