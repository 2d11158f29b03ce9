"""Groups that are closed for newcomers for a while, after a wave of joins or by staff.

note_wave(group, rule, account, since=, cap=, at=)    # by judging
close(group=, minutes=, by=, at=); open_now(group=, by=, at=)
find_closed(group) -> Action | None             # the action that will open it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.channel_contract import ActionKind
from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.groups import groups as group_verbs
from qunce.groups.groups import Membership
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.ladders.decisions import effective_mode
from qunce.groups.moderation.models import Action, ActionState, Mode
from qunce.groups.moderation.moderation_permissions import DECIDE
from qunce.groups.moderation.rules import check_states
from qunce.groups.moderation.staff_decisions import mass_actions

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group
    from qunce.groups.moderation.models import Rule

CHECK = "join_waves"
"""The check whose findings are about the group."""
MAX_MINUTES = 1_440


@dataclass(frozen=True, kw_only=True)
class DoorFact(facts.FactKind):
    labels = {
        "rule": gettext_lazy("rule"),
        "mode": gettext_lazy("mode"),
        "minutes": gettext_lazy("minutes"),
    }


@facts.declare
@dataclass(frozen=True, kw_only=True)
class JoinWaveNoticed(DoorFact):
    """Many joined at once; in the mode act the group is closed for `minutes`."""

    kind = "moderation.join_wave"
    label = gettext_lazy("many joined a group at once")
    rule: str
    mode: str
    minutes: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DoorClosed(DoorFact):
    kind = "moderation.door_closed"
    label = gettext_lazy("group closed for newcomers")
    minutes: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DoorOpened(DoorFact):
    kind = "moderation.door_opened"
    label = gettext_lazy("group open for newcomers again")


class DoorNotClosed(errors.Refused):
    """The group is open for newcomers."""


class InvalidMinutes(errors.Invalid):
    """A group is closed for a number of minutes."""


# Verbs


def note_wave(
    group: Group,
    rule: Rule,
    account: int,
    *,
    since: datetime,
    cap: Mode,
    at: datetime,
) -> None:
    """Close the group if the rule may act, once per wave; it is recorded in any mode.

    People who came with the wave, which are those who joined after `since`, and `account`
    are proposed to be removed.
    """
    mode = effective_mode(Mode(rule.mode), cap, only_model=False)
    if mode == Mode.OFF:
        return
    if mode != Mode.OBSERVE:
        mass_actions.propose_removal(
            group=group,
            accounts=[*_list_joined(group, since), account],
            reason=rule.name,
            at=at,
        )
    if find_closed(group) is not None:
        return
    minutes = moderation_settings.load(group.community).door_minutes
    event = JoinWaveNoticed(group=group.pk, rule=rule.key, mode=mode, minutes=minutes)
    facts.record(event, community=group.community, by=None, at=at)
    if mode == Mode.ACT:
        _plan(group, minutes, is_automatic=True, by=None, at=at)


@transaction.atomic
def close(*, group: Group, minutes: int, by: Staff, at: datetime) -> None:
    """Let nobody join for a while."""
    permissions.check_may(by, DECIDE)
    group_verbs.check_visible(group, by)
    if type(minutes) is not int or not 1 <= minutes <= MAX_MINUTES:
        raise InvalidMinutes(
            _("A group is closed for 1 to %(n)s minutes.") % {"n": f"{MAX_MINUTES:,}"}
        )
    if find_closed(group) is None:
        _plan(group, minutes, is_automatic=False, by=by, at=at)
        event = DoorClosed(group=group.pk, minutes=minutes)
        facts.record(event, community=group.community, by=by, at=at)


@transaction.atomic
def open_now(*, group: Group, by: Staff, at: datetime) -> None:
    """Open the group for newcomers before its time; the wave that closed it is over."""
    permissions.check_may(by, DECIDE)
    group_verbs.check_visible(group, by)
    opening = find_closed(group)
    if opening is None:
        raise DoorNotClosed(_("The group is open for newcomers."))
    Action.objects.filter(pk=opening.pk).update(due_at=at)
    check_states.begin_anew(group, CHECK, at)
    event = DoorOpened(group=group.pk)
    facts.record(event, community=group.community, by=by, at=at)


def _list_joined(group: Group, since: datetime) -> list[int]:
    rows = Membership.objects.filter(
        group=group, present=True, joined_at__gt=timestamps.to_micros(since)
    )
    return list(rows.order_by("pk").values_list("account_id", flat=True))


def _plan(
    group: Group, minutes: int, *, is_automatic: bool, by: Staff | None, at: datetime
) -> None:
    moment = int(at.timestamp() * 1_000_000)
    for kind, due_at in (
        (ActionKind.CLOSE_DOOR, at),
        (ActionKind.OPEN_DOOR, at + timedelta(minutes=minutes)),
    ):
        actions.plan(
            group=group,
            kind=kind,
            key=f"door:{group.pk}:{moment}:{kind}",
            is_automatic=is_automatic,
            by=by,
            at=at,
            due_at=due_at,
        )


# Reads


def find_closed(group: Group) -> Action | None:
    """The waiting action that will open the group, None while it is open."""
    rows = Action.objects.filter(
        group=group,
        kind=ActionKind.OPEN_DOOR,
        state__in=[ActionState.PENDING, ActionState.RUNNING],
    )
    return rows.order_by("pk").first()
