"""Conditions of a rule: in which groups, at which hours, for which members it holds.

In JSON `{"groups": ["north"], "newcomer_days": 7, "hours": ["22:00", "07:00"],
"members": {…}}`; what is missing is no condition. `members` is a rule over members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.groups import visibility as group_visibility
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

FIELDS = ("groups", "newcomer_days", "hours", "members")
MAX_GROUPS, MAX_NEWCOMER_DAYS = 500, 365
HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class InvalidCondition(errors.Invalid):
    """A condition of a rule is not valid."""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Those of one message: the group's key, the minute of the community's day, for how
    long the author has been in the group (None if that is unknown), and whether the
    author is among the members of the rule (None if there is no such condition)."""

    group: str
    minute: int
    days_in_group: float | None
    is_among_members: bool | None = None


def parse(value: Any, *, community: Community, by: Staff) -> dict[str, Any]:
    """The conditions as they are stored; raises InvalidCondition.

    Groups and names that `by` does not see are unknown.
    """
    if not isinstance(value, Mapping):
        raise InvalidCondition(_("Conditions are an object with fields."))
    if unknown := sorted(set(map(str, value)) - set(FIELDS)):
        raise InvalidCondition(
            _("There is no condition “%(name)s”.") % {"name": unknown[0]}
        )
    parsed: dict[str, Any] = {}
    if value.get("groups"):
        parsed["groups"] = _parse_groups(value["groups"], by)
    if value.get("newcomer_days") is not None:
        parsed["newcomer_days"] = _parse_days(value["newcomer_days"])
    if value.get("hours"):
        parsed["hours"] = _parse_hours(value["hours"])
    if value.get("members") is not None:
        audiences.check(community=community, rule=value["members"], by=by)
        parsed["members"] = value["members"]
    return parsed


def _parse_groups(value: Any, by: Staff) -> list[str]:
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or len(value) > MAX_GROUPS
        or not all(isinstance(key, str) for key in value)
    ):
        raise InvalidCondition(
            _("Groups are a list of up to %(n)s keys.") % {"n": MAX_GROUPS}
        )
    keys = sorted(set(value))
    rows = group_visibility.list_visible(by).filter(key__in=keys)
    found = set(rows.values_list("key", flat=True))
    for key in keys:
        if key not in found:
            raise InvalidCondition(_("There is no group “%(key)s”.") % {"key": key})
    return keys


def _parse_days(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_NEWCOMER_DAYS:
        raise InvalidCondition(
            _("A newcomer is in the group for at most 1 to %(n)s days.")
            % {"n": MAX_NEWCOMER_DAYS}
        )
    return value


def _parse_hours(value: Any) -> list[str]:
    if (
        not isinstance(value, list | tuple)
        or len(value) != 2
        or not all(isinstance(each, str) and HOUR.fullmatch(each) for each in value)
        or value[0] == value[1]
    ):
        raise InvalidCondition(
            _(
                "Hours are two different times from 00:00 to 23:59, such as 22:00, 07:00."
            )
        )
    return list(value)


def holds(conditions: Mapping[str, Any], circumstances: Circumstances) -> bool:
    """Whether all conditions hold. Without a known time of joining, nobody is new."""
    groups = conditions.get("groups")
    if groups and circumstances.group not in groups:
        return False
    newcomer_days = conditions.get("newcomer_days")
    days = circumstances.days_in_group
    if newcomer_days is not None and (days is None or days >= newcomer_days):
        return False
    if conditions.get("hours") and not _is_within(
        conditions["hours"], circumstances.minute
    ):
        return False
    return conditions.get("members") is None or circumstances.is_among_members is True


def _is_within(hours: Sequence[str], minute: int) -> bool:
    """Whether the minute of a day is in a span, which may go over midnight."""
    start, end = (int(each[:2]) * 60 + int(each[3:]) for each in hours)
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def minute_of_day(community: Community, at: datetime) -> int:
    local = at.astimezone(ZoneInfo(community.timezone))
    return local.hour * 60 + local.minute
