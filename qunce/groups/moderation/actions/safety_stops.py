"""The safety stop: too many actions by rules in a group, so that a person is asked.

check(action, at) -> bool           # by the executor, before a rule's action
end(stop=, by=, at=)                # rules act in the group again
list_active(by) -> list[SafetyStop]
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.ladders import strikes
from qunce.groups.moderation.models import (
    CASE_STATES,
    Action,
    ActionState,
    Case,
    CaseState,
    Mode,
    SafetyStop,
)
from qunce.groups.moderation.moderation_permissions import MANAGE, VIEW

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MIN_PEOPLE = 5
"""Members whom rules may act on within an hour however small a group is."""
PER_MINUTE, SHARE = "per_minute", "share"
REASONS = {
    PER_MINUTE: gettext_lazy("too many actions within a minute"),
    SHARE: gettext_lazy("too many members of the group within an hour"),
}


@dataclass(frozen=True, kw_only=True)
class StopFact(facts.FactKind):
    labels = {
        "reason": gettext_lazy("reason"),
        "number": gettext_lazy("number"),
    }
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SafetyStopStarted(StopFact):
    """`number` is how many actions, or members, there were."""

    kind = "moderation.safety_stop_started"
    label = gettext_lazy("safety stop of moderation")
    number: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SafetyStopEnded(StopFact):
    kind = "moderation.safety_stop_ended"
    label = gettext_lazy("safety stop of moderation ended")


class SafetyStopNotFound(errors.NotFound):
    """There is no such safety stop, or it has ended."""


# Verbs


def check(action: Action, at: datetime) -> bool:
    """Whether an action by a rule may be done now; if not, the group is stopped."""
    group = action.group
    if SafetyStop.objects.filter(group=group, ended_at__isnull=True).exists():
        turn_back(group, at)
        return False
    settings = moderation_settings.load(group.community)
    done = Action.objects.filter(
        group=group,
        is_automatic=True,
        kind__in=actions.PUNISHING,
        state__in=[ActionState.DONE, ActionState.WITH_STAFF],
    )
    # Members who were already removed are not counted again for their other messages.
    since = timestamps.to_micros(_last_end(group, at))
    minute = max(since, timestamps.to_micros(at - MINUTE))
    hour = max(since, timestamps.to_micros(at - HOUR))
    number = done.filter(done_at__gt=minute).count()
    if settings.max_per_minute is not None and number >= settings.max_per_minute:
        _start(group, PER_MINUTE, number, at)
        return False
    if settings.max_percent is not None:
        rows = done.filter(done_at__gt=hour, account_id__isnull=False)
        people = set(rows.values_list("account_id", flat=True)) | {action.account_id}
        allowed = group_verbs.count_members(group) * settings.max_percent // 100
        if len(people) > max(MIN_PEOPLE, allowed):
            _start(group, SHARE, len(people), at)
            return False
    return True


def _last_end(group: Group, at: datetime) -> datetime:
    """What was done before a stop ended is not held against the group again."""
    rows = SafetyStop.objects.filter(group=group, ended_at__isnull=False)
    last = rows.order_by("-ended_at").values_list("ended_at", flat=True).first()
    return last or at - HOUR


def _start(group: Group, reason: str, number: int, at: datetime) -> None:
    SafetyStop.objects.create(group=group, reason=reason, number=number, started_at=at)
    event = SafetyStopStarted(group=group.pk, reason=reason, number=number)
    facts.record(event, community=group.community, by=None, at=at)
    turn_back(group, at)


def turn_back(group: Group, at: datetime) -> None:
    """Cancel what rules have planned in the group; its cases wait for a person."""
    waiting = Action.objects.filter(
        group=group,
        is_automatic=True,
        kind__in=actions.PUNISHING,
        state=ActionState.PENDING,
    )
    affected = set(waiting.exclude(case=None).values_list("case", flat=True))
    actions.cancel_pending(waiting, at)
    done = Action.objects.filter(case__in=affected, state=ActionState.DONE)
    begun = set(done.values_list("case", flat=True))
    rows = Case.objects.filter(pk__in=affected - begun, state=CaseState.ACTED)
    for case in rows.order_by("pk"):
        CASE_STATES.transition(case, "reopen", mode=Mode.PROPOSE)
        strikes.make_shadow(case)


@transaction.atomic
def end(*, stop: SafetyStop, by: Staff, at: datetime) -> None:
    """Let rules act in the group again."""
    permissions.check_may(by, MANAGE)
    group_verbs.check_visible(stop.group, by)
    rows = SafetyStop.objects.filter(pk=stop.pk, ended_at__isnull=True)
    if not rows.update(ended_at=at, ended_by=by):
        raise SafetyStopNotFound(_("This safety stop has ended already."))
    event = SafetyStopEnded(group=stop.group_id, reason=stop.reason)
    facts.record(event, community=stop.group.community, by=by, at=at)


# Reads


def list_active(by: Staff) -> models.QuerySet[SafetyStop]:
    """The stops of groups that `by` sees, the latest first."""
    permissions.check_may(by, VIEW)
    rows = SafetyStop.objects.filter(
        ended_at__isnull=True, group__in=group_visibility.list_visible(by)
    )
    return rows.select_related("group__community").order_by("-started_at", "-pk")


def not_found() -> SafetyStopNotFound:
    return SafetyStopNotFound(_("There is no such safety stop."))


def get(*, by: Staff, pk: int) -> SafetyStop:
    if 0 < pk <= group_visibility.MAX_ID:
        for stop in list_active(by).filter(pk=pk):
            return stop
    raise not_found()
