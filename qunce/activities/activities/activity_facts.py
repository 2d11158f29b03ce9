"""Kinds of facts about activities: their states, and who joined."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts

LABELS = {
    "activity": gettext_lazy("number of the activity"),
    "activity_kind": gettext_lazy("kind of the activity"),
    "way": gettext_lazy("how the member took part"),
    "reason": gettext_lazy("reason"),
    "fields": gettext_lazy("fields"),
    "answer": gettext_lazy("number of the answer"),
    "is_direct": gettext_lazy("answered directly"),
    "in_group": gettext_lazy("what the group reads"),
    "announcement": gettext_lazy("number of the announcement"),
    "groups": gettext_lazy("numbers of the groups"),
}


@dataclass(frozen=True, kw_only=True)
class ActivityFact(facts.FactKind):
    """`activity` is the number of the activity."""

    labels = LABELS
    instead = gettext_lazy("Do it under Activities, or through the API.")
    activity: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityCreated(ActivityFact):
    kind = "activity.created"
    label = gettext_lazy("activity created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityChanged(ActivityFact):
    kind = "activity.changed"
    label = gettext_lazy("activity changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivitySubmitted(ActivityFact):
    kind = "activity.submitted"
    label = gettext_lazy("activity submitted for approval")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityRejected(ActivityFact):
    kind = "activity.rejected"
    label = gettext_lazy("activity rejected")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityPublished(ActivityFact):
    """A second person approved it; members see it from now on."""

    kind = "activity.published"
    label = gettext_lazy("activity published")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityStarted(ActivityFact):
    kind = "activity.started"
    label = gettext_lazy("activity started")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityPaused(ActivityFact):
    kind = "activity.paused"
    label = gettext_lazy("activity paused")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityResumed(ActivityFact):
    kind = "activity.resumed"
    label = gettext_lazy("activity resumed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityClosed(ActivityFact):
    kind = "activity.closed"
    label = gettext_lazy("activity closed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivitySettled(ActivityFact):
    kind = "activity.settled"
    label = gettext_lazy("activity settled")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityReviewed(ActivityFact):
    kind = "activity.reviewed"
    label = gettext_lazy("activity reviewed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityCancelAsked(ActivityFact):
    """One person wants to cancel a published activity; a second one decides."""

    kind = "activity.cancel_asked"
    label = gettext_lazy("cancelling an activity asked for")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityCancelled(ActivityFact):
    kind = "activity.cancelled"
    label = gettext_lazy("activity cancelled")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityJoined(ActivityFact):
    """`activity_kind` is the kind, `way` how they joined: `portal`, `chat`, `paste` …"""

    kind = "activity.joined"
    label = gettext_lazy("joined an activity")
    activity_kind: str
    way: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityEntryStruckOut(ActivityFact):
    kind = "activity.entry_struck_out"
    label = gettext_lazy("entry in an activity struck out")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityEntryRestored(ActivityFact):
    kind = "activity.entry_restored"
    label = gettext_lazy("entry in an activity restored")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityAnswered(ActivityFact):
    """Somebody who took part in a chat is answered; the text is in the answer.

    `is_direct` is whether they are answered directly, and `in_group` what the group reads.
    """

    kind = "activity.answered"
    label = gettext_lazy("was answered in an activity")
    answer: int
    is_direct: bool = True
    in_group: str = "received"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityAnnounced(ActivityFact):
    """A text for the groups of the activity is due."""

    kind = "activity.announced"
    label = gettext_lazy("activity announced")
    announcement: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActivityAnnouncedAgain(ActivityFact):
    """A text is to be posted again in groups where it was not; staff who ask post it."""

    kind = "activity.announced_again"
    label = gettext_lazy("activity announced again")
    announcement: int
    groups: list[int]
