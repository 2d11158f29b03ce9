"""The fields of an activity: what they can hold, and which changes are for the better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities.activities import kind_contract, setting_values
from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import (
    MAX_NAME,
    MAX_SENTENCE,
    MAX_TEXT,
    Activity,
    Announcement,
)
from qunce.core import errors, names, text_validation
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.insight.goals import goals
from qunce.sets import audiences

LABELS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "text": pgettext_lazy("activity", "What members read"),
    "may_join": gettext_lazy("People who may join"),
    "notified": gettext_lazy("People notified"),
    "refusal": gettext_lazy("What others read"),
    "goal": gettext_lazy("Goal"),
    "groups": gettext_lazy("Groups"),
    "starts_at": pgettext_lazy("activity", "Start"),
    "ends_at": pgettext_lazy("activity", "End"),
    "points_limit": gettext_lazy("Budget in points"),
    "money_limit": gettext_lazy("Budget in money"),
    "settings": gettext_lazy("Settings"),
    "announcements": gettext_lazy("Announcements"),
}
FIELDS = tuple(LABELS)
MAX_LIMIT = 10**15
MAX_GROUPS = 500
MAX_LENGTH = timedelta(days=366)
MAX_MINUTES = 14 * 24 * 60
LENGTHS = {"name": MAX_NAME, "text": MAX_TEXT, "refusal": MAX_SENTENCE}


class InvalidActivity(errors.Invalid):
    """A field of an activity is missing or cannot be stored."""


def clean(
    fields: Mapping[str, Any],
    *,
    kind: str,
    by: Staff,
    current: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The values to store; raises InvalidActivity, InvalidSetting or a RuleError.

    `current` are the settings that it has.
    """
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidActivity(
            _("An activity has no field “%(field)s”.") % {"field": min(unknown)}
        )
    values = dict(fields)
    for name, limit in LENGTHS.items():
        if name in values:
            values[name] = _clean_text(name, values[name], limit)
    if not values.get("name", "x"):
        raise InvalidActivity(_("“%(field)s” is required.") % {"field": LABELS["name"]})
    for name, clean_value in CLEANERS.items():
        if values.get(name) is not None:
            values[name] = clean_value(name, values[name], by)
    if "settings" in values:
        values["settings"] = setting_values.clean(
            kind_contract.get(kind), values["settings"], by=by, current=current
        )
    return values


def _clean_text(name: str, text: object, limit: int) -> str:
    cleaned = str(text or "").replace("\r\n", "\n").strip()
    cleaned = cleaned if name == "text" else names.clean(cleaned)
    if len(cleaned) > limit or not text_validation.is_valid(cleaned):
        raise InvalidActivity(
            _("%(field)s can have at most %(most)s characters; it has %(n)s.")
            % {"field": LABELS[name], "most": f"{limit:,}", "n": f"{len(cleaned):,}"}
        )
    return cleaned


def _clean_rule(name: str, rule: Any, by: Staff) -> Any:
    audiences.check(community=by.community, rule=rule, by=by)
    return rule


def _clean_goal(name: str, goal: int, by: Staff) -> int:
    return goals.get(by=by, pk=goal).pk


def _clean_limit(name: str, limit: Any, by: Staff) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise InvalidActivity(
            _("%(field)s is a whole number, or no limit.") % {"field": LABELS[name]}
        )
    if not 0 <= limit <= MAX_LIMIT:
        raise InvalidActivity(
            _("%(field)s is between 0 and %(most)s.")
            % {"field": LABELS[name], "most": f"{MAX_LIMIT:,}"}
        )
    return limit


def _clean_groups(name: str, groups: Sequence[int], by: Staff) -> list[int]:
    chosen = sorted(set(groups))
    if len(chosen) > MAX_GROUPS:
        raise InvalidActivity(
            _("An activity is for at most %(n)s groups. Choose none for everybody.")
            % {"n": MAX_GROUPS}
        )
    group_visibility.check(by=by, groups=chosen)
    return chosen


def _clean_announcements(
    name: str, rows: Mapping[str, Any], by: Staff
) -> dict[str, tuple[int, str]]:
    """Moment → minutes before it and text; one without a text is none."""
    cleaned: dict[str, tuple[int, str]] = {}
    for moment, (minutes, text) in rows.items():
        if moment not in Announcement.Moment.values:
            raise InvalidActivity(
                _("Choose a moment: %(moments)s.")
                % {"moments": ", ".join(Announcement.Moment.values)}
            )
        if not 0 <= minutes <= MAX_MINUTES:
            raise InvalidActivity(
                _("An announcement is at most %(n)s minutes ahead.")
                % {"n": f"{MAX_MINUTES:,}"}
            )
        if shown := _clean_text("text", text, MAX_TEXT):
            cleaned[moment] = (minutes, shown)
    return cleaned


CLEANERS: dict[str, Callable[[str, Any, Staff], Any]] = {
    "may_join": _clean_rule,
    "notified": _clean_rule,
    "points_limit": _clean_limit,
    "money_limit": _clean_limit,
    "groups": _clean_groups,
    "goal": _clean_goal,
    "announcements": _clean_announcements,
}


def check_times(activity: Activity) -> None:
    """Raise InvalidActivity unless it ends after it starts, and within a year."""
    if activity.ends_at is None:
        return
    if activity.ends_at <= activity.starts_at:
        raise InvalidActivity(_("The end is before the start. Choose a later end."))
    if activity.ends_at - activity.starts_at > MAX_LENGTH:
        raise InvalidActivity(
            _("An activity lasts at most a year. Choose an earlier end, or none.")
        )


# After publication


def check_better(activity: Activity, values: Mapping[str, Any], at: datetime) -> None:
    """Raise NotBetter unless every change is in the members' favour."""
    for name, value in values.items():
        if check := BETTER.get(name):
            check(activity, value, at)


def _check_text_is_kept(activity: Activity, text: str, at: datetime) -> None:
    if not text.startswith(activity.text):
        raise NotBetter(
            _(
                "Members have read this text. Add to its end; what it says now has to stay."
            )
        )


def _check_name_is_kept(activity: Activity, name: str, at: datetime) -> None:
    if name != activity.name:
        raise NotBetter(_("The name cannot change after publication."))


def _check_wider(activity: Activity, rule: Any, at: datetime) -> None:
    old = activity.may_join
    parts = rule.get("any", ()) if isinstance(rule, dict) else ()
    if rule not in (old, audiences.EVERYONE) and old not in parts:
        raise NotBetter(
            _(
                "The people who may join cannot become narrower after publication. Keep the rule and "
                "add people with “or”, or let everybody join."
            )
        )


def _check_groups_are_kept(
    activity: Activity, groups: Sequence[int], at: datetime
) -> None:
    old = set(activity.groups.values_list("pk", flat=True))
    # No group means everybody, so groups cannot be named later.
    if (not old and groups) or (groups and not old <= set(groups)):
        raise NotBetter(_("Groups can be added after publication, but not removed."))


def _check_start(activity: Activity, starts_at: datetime, at: datetime) -> None:
    if starts_at > activity.starts_at or (
        starts_at != activity.starts_at and activity.started_at is not None
    ):
        raise NotBetter(_("The start cannot be later after publication."))


def _check_end(activity: Activity, ends_at: datetime | None, at: datetime) -> None:
    if ends_at == activity.ends_at:
        return
    if not kind_contract.get(activity.kind).may_extend:
        raise NotBetter(_("The end of such an activity cannot change."))
    if ends_at is not None and (
        activity.ends_at is None or ends_at < activity.ends_at or ends_at <= at
    ):
        raise NotBetter(_("The end cannot be earlier after publication."))


def _check_limit_is_kept(name: str) -> Callable[[Activity, Any, datetime], None]:
    def check(activity: Activity, limit: int | None, at: datetime) -> None:
        old = getattr(activity, name)
        if limit is not None and (old is None or limit < old):
            raise NotBetter(
                _("%(field)s cannot decrease after publication.")
                % {"field": LABELS[name]}
            )

    return check


def _check_settings(activity: Activity, new: Mapping[str, Any], at: datetime) -> None:
    kind_contract.get(activity.kind).check_better(activity.settings, new)


BETTER: dict[str, Callable[[Activity, Any, datetime], None]] = {
    "name": _check_name_is_kept,
    "text": _check_text_is_kept,
    "may_join": _check_wider,
    "groups": _check_groups_are_kept,
    "starts_at": _check_start,
    "ends_at": _check_end,
    "points_limit": _check_limit_is_kept("points_limit"),
    "money_limit": _check_limit_is_kept("money_limit"),
    "settings": _check_settings,
}
"""Fields that members rely on, and the check of a change. All others are free."""

__all__ = [
    "FIELDS",
    "InvalidActivity",
    "InvalidSetting",
    "check_better",
    "check_times",
    "clean",
]
