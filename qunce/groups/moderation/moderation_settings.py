"""What holds for a community and for one group: modes, the safety stop, two people.

    update(community=, by=, at=, mode=, max_per_minute=, max_percent=,
           two_people_above=, door_minutes=, task_minutes=,
           sends_notices=)
    set_group_mode(group=, mode=, by=, at=)     # None: what the community has
    get(by) -> ModerationSettings; load(community); list_group_modes(by)
    cap_of(group) -> Mode                       # the most that rules may do there now

`max_per_minute` and `max_percent` are None for off; no number means that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.ladders.decisions import POWER
from qunce.groups.moderation.models import (
    GroupMode,
    Mode,
    ModerationSettings,
    SafetyStop,
)
from qunce.groups.moderation.moderation_permissions import MANAGE, VIEW
from qunce.groups.moderation.rules import rules

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

LIMITS = {
    "max_per_minute": (1, 1_000),
    "max_percent": (1, 100),
    "two_people_above": (1, 1_000),
    "door_minutes": (1, 1_440),
    "task_minutes": (5, 10_080),
}
MAY_BE_OFF = ("max_per_minute", "max_percent")
LABELS = {
    "max_per_minute": gettext_lazy("Actions a minute"),
    "max_percent": gettext_lazy("Share of a group within an hour"),
    "two_people_above": gettext_lazy("Members without a second person"),
    "door_minutes": gettext_lazy("Minutes that a group is closed"),
    "task_minutes": gettext_lazy("Minutes for a task in a group, such as a removal"),
}


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SettingsChanged(facts.FactKind):
    kind = "moderation.settings_changed"
    label = gettext_lazy("limits of moderation changed")
    labels = {"fields": gettext_lazy("fields")}
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupModeChanged(facts.FactKind):
    kind = "moderation.group_mode_changed"
    label = gettext_lazy("mode of moderation in a group changed")
    labels = {"mode": gettext_lazy("mode")}
    mode: str


class InvalidSettings(errors.Invalid):
    """A limit is not within its bounds."""


def _check(name: str, value: Any) -> None:
    least, most = LIMITS[name]
    if value is None and name in MAY_BE_OFF:
        return
    if type(value) is not int or not least <= value <= most:
        raise InvalidSettings(
            _("%(field)s: write a whole number from %(least)s to %(most)s.")
            % {"field": LABELS[name], "least": least, "most": f"{most:,}"}
        )


# Verbs


@transaction.atomic
def update(*, community: Community, by: Staff, at: datetime, **fields: Any) -> None:
    """Change limits of the community."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    for name in LIMITS.keys() & fields.keys():
        _check(name, fields[name])
    if "mode" in fields:
        fields["mode"] = rules.parse_mode(fields["mode"])
    row, _is_new = ModerationSettings.objects.select_for_update().get_or_create(
        community=community, defaults={"changed_at": at}
    )
    changed = sorted(name for name in fields if getattr(row, name) != fields[name])
    if not changed:
        return
    for name in changed:
        setattr(row, name, fields[name])
    row.changed_at = at
    row.save()
    facts.record(SettingsChanged(fields=changed), community=community, by=by, at=at)


@transaction.atomic
def set_group_mode(*, group: Group, mode: str | None, by: Staff, at: datetime) -> None:
    """Decide what rules may do at most in one group; None for as in all others."""
    permissions.check_may(by, MANAGE)
    group_verbs.check_visible(group, by)
    rows = GroupMode.objects.filter(group=group)
    if mode is None:
        rows.delete()
    else:
        values = {"mode": rules.parse_mode(mode), "changed_at": at, "by": by}
        GroupMode.objects.update_or_create(group=group, defaults=values)
    event = GroupModeChanged(group=group.pk, mode=mode or "")
    facts.record(event, community=group.community, by=by, at=at)


# Reads


def load(community: Community) -> ModerationSettings:
    """The limits of the community, or the defaults, unsaved."""
    rows = ModerationSettings.objects.filter(community=community)
    for row in rows:
        return row
    return ModerationSettings(community=community)


def get(by: Staff) -> ModerationSettings:
    permissions.check_may(by, VIEW)
    return load(by.community)


def list_group_modes(by: Staff) -> dict[int, Mode]:
    """Group → its own mode, for the groups that `by` sees and that have one."""
    permissions.check_may(by, VIEW)
    rows = GroupMode.objects.filter(group__in=group_visibility.list_visible(by))
    return {pk: Mode(mode) for pk, mode in rows.values_list("group_id", "mode")}


def cap_of(group: Group) -> Mode:
    """The most that rules may do in the group now; while it is stopped they propose."""
    modes = [Mode(load(group.community).mode)]
    modes += [
        Mode(mode)
        for mode in GroupMode.objects.filter(group=group).values_list("mode", flat=True)
    ]
    if SafetyStop.objects.filter(group=group, ended_at__isnull=True).exists():
        modes.append(Mode.PROPOSE)
    return min(modes, key=POWER.__getitem__)
