"""Activities: what members join, from the draft until it is published.

What happens to a published one is in `lifecycle`. Only changes in the members' favour are
possible once members may have read it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.activities import activity_facts, kind_contract
from qunce.activities.activities.activity_facts import ActivityFact
from qunce.activities.activities.fields import (
    FIELDS,
    LABELS,
    InvalidActivity,
    check_better,
    check_times,
    clean,
)
from qunce.activities.activities.kind_contract import Kind
from qunce.activities.activities.models import (
    OPEN,
    STATES,
    Activity,
    Announcement,
    State,
)
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

__all__ = ["FIELDS", "STATES", "Activity", "InvalidActivity", "State"]

MANAGE = permissions.declare(
    "activities.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write, approve and cancel activities"),
)
RUN = permissions.declare(
    "activities.run",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("run activities: pause, close, type and paste entries"),
)


class ActivityNotFound(errors.NotFound):
    """There is no such activity in this community."""


class ActivityOfOthers(permissions.NotAllowed):
    """The activity is for groups or members that the staff member does not see."""


class NotChangeable(errors.Refused):
    """The activity is being reviewed, or it is over."""


class SecondPersonNeeded(errors.Refused):
    """Nobody approves or cancels alone what members rely on."""


def not_found() -> ActivityNotFound:
    """The error for what does not exist, is hidden, or is another community's."""
    return ActivityNotFound(_("There is no such activity."))


# Checks


def check_may_manage(by: Staff, activity: Activity | None = None) -> None:
    """Raise NotAllowed, or ActivityNotFound for an activity that `by` does not see."""
    permissions.check_may(by, MANAGE)
    if activity is not None:
        check_visible(activity, by)
        _check_own_groups(by, activity.groups.values_list("pk", flat=True))


def check_may_run(by: Staff, activity: Activity) -> None:
    permissions.check_may(by, RUN)
    check_visible(activity, by)


def may_manage(by: Staff, activity: Activity | None = None) -> bool:
    try:
        check_may_manage(by, activity)
    except errors.QunceError:
        return False
    return True


def check_visible(activity: Activity, by: Staff) -> None:
    if not _visible_rows(by).filter(pk=activity.pk).exists():
        raise not_found()


def _check_own_groups(by: Staff, groups: Any) -> None:
    """Staff who see some groups only manage activities of these groups."""
    if by.groups is None:
        return
    chosen = set(groups)
    own = set(group_visibility.list_visible(by).values_list("pk", flat=True))
    if not chosen or not chosen <= own:
        raise ActivityOfOthers(
            _("Choose groups that you see; the activity is for others, too.")
        )


def check_second_person(by: Staff, *first: int | None) -> None:
    """Raise SecondPersonNeeded if `by` is one of the first, unless they are alone.

    Where nobody else may manage activities, one person decides.
    """
    if by.pk not in first:
        return
    others = Staff.objects.filter(community=by.community, is_active=True)
    for other in others.exclude(pk=by.pk).exclude(password="!"):  # noqa: S106
        if permissions.may(other, MANAGE):
            raise SecondPersonNeeded(
                _("A second person decides about this. Ask somebody else.")
            )


# Verbs


@transaction.atomic
def create(
    *, community: Community, kind: str, by: Staff, at: datetime, **fields: Any
) -> Activity:
    """Create a draft; `fields` are those of FIELDS, of which name and start are needed."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    chosen = kind_contract.get(kind)
    values = clean({"settings": {}, "name": "", **fields}, kind=kind, by=by)
    if values.get("starts_at") is None:
        raise InvalidActivity(
            _("“%(field)s” is required.") % {"field": LABELS["starts_at"]}
        )
    activity = Activity(
        community=community,
        kind=chosen.key,
        by=by,
        created_at=at,
        changed_at=at,
        may_join=audiences.EVERYONE,
    )
    groups = values.pop("groups", [])
    _check_own_groups(by, groups)
    announcements = values.pop("announcements", {})
    for name, value in values.items():
        setattr(activity, _column(name), value)
    check_times(activity)
    activity.save()
    activity.groups.set(groups)
    _set_announcements(activity, announcements)
    record(activity_facts.ActivityCreated(activity=activity.pk), activity, by, at)
    return activity


@transaction.atomic
def change(*, activity: Activity, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    Once it is published, raises NotBetter for what is not in the members' favour.
    """
    check_may_manage(by, activity)
    rows = Activity.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.get(pk=activity.pk)
    if locked.state != State.DRAFT and locked.state not in OPEN:
        raise NotChangeable(
            _("In the state “%(state)s” an activity cannot change.")
            % {"state": locked.get_state_display()}
        )
    values = clean(fields, kind=locked.kind, by=by, current=locked.settings)
    changed = sorted(n for n, new in values.items() if _current(locked, n) != new)
    values = {name: values[name] for name in changed}
    if locked.state in OPEN:
        check_better(locked, values, at)
    _check_own_groups(
        by, values.get("groups", locked.groups.values_list("pk", flat=True))
    )
    if not changed:
        return []
    if "groups" in values:
        locked.groups.set(values.pop("groups"))
    if "announcements" in values:
        _set_announcements(locked, values.pop("announcements"))
    for name, value in values.items():
        setattr(locked, _column(name), value)
    check_times(locked)
    locked.changed_at = at
    locked.save(update_fields=[*map(_column, values), "changed_at"])
    activity.refresh_from_db()
    fact = activity_facts.ActivityChanged(activity=activity.pk, fields=changed)
    record(fact, activity, by, at)
    return changed


def _column(name: str) -> str:
    return "goal_id" if name == "goal" else name


def _current(activity: Activity, name: str) -> Any:
    if name == "groups":
        return sorted(activity.groups.values_list("pk", flat=True))
    if name == "announcements":
        rows = activity.announcements.values_list("moment", "minutes", "text")
        return {moment: (minutes, text) for moment, minutes, text in rows}
    return getattr(activity, _column(name))


def _set_announcements(
    activity: Activity, announcements: dict[str, tuple[int, str]]
) -> None:
    """Replace the announcements that are not posted yet."""
    posted = set(
        activity.announcements.filter(posted_at__isnull=False).values_list(
            "moment", flat=True
        )
    )
    activity.announcements.filter(posted_at__isnull=True).delete()
    Announcement.objects.bulk_create(
        Announcement(activity=activity, moment=moment, minutes=minutes, text=text)
        for moment, (minutes, text) in announcements.items()
        if moment not in posted
    )


def check_may_notify(*, by: Staff, activity: Activity) -> None:
    """Raise NotChangeable without anybody to notify, or if there is a draft already."""
    check_may_manage(by, activity)
    if activity.notified is None:
        raise NotChangeable(_("Choose who is notified first."))
    if activity.campaign:
        raise NotChangeable(
            _("There is a draft to them already: “%(name)s”.")
            % {"name": activity.campaign}
        )


@transaction.atomic
def note_campaign(
    *, activity: Activity, campaign: str, by: Staff, at: datetime
) -> None:
    """Note the key of the campaign that notifies members; one for each activity."""
    check_may_notify(by=by, activity=activity)
    rows = Activity.objects.filter(pk=activity.pk, campaign="")
    if not rows.update(campaign=campaign):
        raise NotChangeable(_("There is a draft to them already."))
    activity.campaign = campaign
    fact = activity_facts.ActivityChanged(activity=activity.pk, fields=["campaign"])
    record(fact, activity, by, at)


def record(
    fact: ActivityFact, activity: Activity, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=activity.community, by=by, at=at)


# Reads


def _visible_rows(by: Staff) -> models.QuerySet[Activity]:
    rows = Activity.objects.filter(community=by.community)
    if by.groups is None:
        return rows
    through = Activity.groups.through.objects
    own = group_visibility.list_visible(by).values("pk")
    in_own = through.filter(group_id__in=own).values("activity_id")
    with_groups = through.values("activity_id")
    return rows.filter(models.Q(pk__in=in_own) | ~models.Q(pk__in=with_groups))


def list_visible(by: Staff) -> models.QuerySet[Activity]:
    """The activities that `by` sees, newest first: of all members, or of their groups."""
    permissions.check_may(by, RUN)
    return _visible_rows(by).order_by("-starts_at", "-pk")


def get(*, by: Staff, pk: int) -> Activity:
    rows = list_visible(by).select_related(
        "community", "by", "submitted_by", "approved_by", "cancel_asked_by"
    )
    if not 0 < pk <= group_visibility.MAX_ID:
        raise not_found()
    try:
        return rows.get(pk=pk)
    except Activity.DoesNotExist:
        raise not_found() from None


def find_public(community: Community, public_id: str) -> Activity | None:
    """The published activity with this public id, for a page that members open."""
    found = _PUBLIC.first(community=community.pk, public_id=public_id)
    if found is not None:
        found.community = community
    return found


_PUBLIC = PreparedQuery(
    lambda: Activity.objects.filter(
        community=Param("community"),
        public_id=Param("public_id"),
        published_at__isnull=False,
    )
)
_BY_ID = PreparedQuery(lambda: Activity.objects.filter(pk=Param("pk")))


def read_again(activity: Activity) -> Activity:
    """The activity as it is now. Raises ActivityNotFound for one that is deleted."""
    found = _BY_ID.first(pk=activity.pk)
    if found is None:
        raise not_found()
    found.community = activity.community
    return found


def list_public(community: Community) -> models.QuerySet[Activity]:
    """The activities that members can join now or soon, first the one that ends first."""
    rows = Activity.objects.filter(community=community, state__in=OPEN)
    return rows.order_by(models.F("ends_at").asc(nulls_last=True), "pk")


def find_last_lesson(by: Staff, kind: str) -> Activity | None:
    """The newest ended activity of a kind that `by` sees and that has a lesson."""
    ended = (State.CLOSED, State.SETTLED, State.REVIEWED)
    rows = list_visible(by).filter(kind=kind, state__in=ended).exclude(lesson="")
    return rows.order_by("-closed_at", "-pk").first()


def list_unreviewed(by: Staff, *, closed_before: datetime) -> models.QuerySet[Activity]:
    """Activities that ended before then and have no lesson, the oldest first."""
    rows = list_visible(by).filter(state__in=(State.CLOSED, State.SETTLED), lesson="")
    return rows.filter(closed_at__lte=closed_before).order_by("closed_at", "pk")


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of activities that can still be joined, also by a late line."""
    rows = Activity.objects.filter(community=community).exclude(
        state__in=[State.SETTLED, State.REVIEWED, State.CANCELLED]
    )
    return [
        stored_rules.StoredRule(_("activity"), row.name, rule)
        for row in rows.order_by("pk")
        for rule in (row.may_join, row.notified)
        if rule is not None
    ]


def kind_of(activity: Activity) -> Kind:
    return kind_contract.get(activity.kind)
