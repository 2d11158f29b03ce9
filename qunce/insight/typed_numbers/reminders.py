"""When Today asks for the numbers of the evening, and which groups lack them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import communities, errors, permissions
from qunce.core.facts import facts
from qunce.insight.typed_numbers import measured, typed_numbers
from qunce.insight.typed_numbers.models import Reminder, TypedNumber

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

MANAGE = permissions.declare(
    "typed_numbers.remind",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set when Today asks for numbers of groups"),
)
DEFAULT_HOUR = 20
EXPECTED_DAYS = 14
"""A group whose numbers were typed within these days is expected to have them again."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReminderChanged(facts.FactKind):
    """`hour` is -1 for never."""

    kind = "typed_numbers.reminder_changed"
    label = gettext_lazy("hour for typing numbers changed")
    hour: int


class InvalidHour(errors.Invalid):
    """An hour is between 0 and 23."""


@transaction.atomic
def set_hour(
    *, community: Community, hour: int | None, by: Staff, at: datetime
) -> bool:
    """Set from which hour on Today asks, None for never; returns whether it is new."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    if hour is not None and not 0 <= hour <= 23:
        raise InvalidHour(_("Choose an hour between 0 and 23."))
    if hour == get_hour(community):
        return False
    Reminder.objects.update_or_create(community=community, defaults={"hour": hour})
    fact = ReminderChanged(hour=-1 if hour is None else hour)
    facts.record(fact, community=community, by=by, at=at)
    return True


def get_hour(community: Community) -> int | None:
    for row in Reminder.objects.filter(community=community):
        return row.hour
    return DEFAULT_HOUR


def due_at(community: Community, day: date) -> datetime | None:
    """The moment of a community day from which on its numbers are asked for."""
    hour = get_hour(community)
    if hour is None:
        return None
    # A day that starts at 04:00 has its 01:00 on the next date.
    is_after_midnight = hour * 60 < community.day_start
    shown = datetime.combine(day + timedelta(days=is_after_midnight), time(hour))
    return shown.replace(tzinfo=communities.zone(community))


def list_missing(
    *,
    community: Community,
    groups: Sequence[Group],
    day: date,
    by: Staff,
    at: datetime,
) -> list[Group]:
    """The groups whose members of a day are expected and were not typed.

    Expected are those whose numbers were typed lately; measured ones are not.
    """
    typed_numbers.check_groups(groups, by)
    since = day - timedelta(days=EXPECTED_DAYS)
    rows = TypedNumber.objects.filter(
        community=community,
        day__range=(since, day),
        replaced_at__isnull=True,
        value__isnull=False,
    )
    lately = set(rows.values_list("group_id", flat=True))
    filled = set(
        rows.filter(day=day, field="members").values_list("group_id", flat=True)
    )
    expected = [
        group
        for group in groups
        if group.pk in lately - filled and typed_numbers.first_day(group) <= day
    ]
    known = measured.list_ids(
        community=community, groups=expected, day=day, by=by, at=at
    )
    return [group for group in expected if group.pk not in known]
