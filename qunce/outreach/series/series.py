"""Series: recurring programmes in groups, with their states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.outreach import review_digests, task_permissions
from qunce.outreach.campaigns import approvals
from qunce.outreach.series import rhythm, series_groups
from qunce.outreach.series.models import (
    STATES,
    Episode,
    Occurrence,
    OccurrenceState,
    Poster,
    Series,
    State,
)

__all__ = ["STATES", "Series", "State"]

MANAGE = permissions.declare(
    "series.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write series for groups and fill them"),
)
MAX_NAME, MAX_GROUPS = 80, 5_000
MINUTES = {"window_minutes": (15, 24 * 60), "late_minutes": (1, 24 * 60)}
FIELDS = (
    "name",
    "rhythm",
    "groups",
    "group_filter",
    "channel",
    "poster",
    "staff",
    "window_minutes",
    "late_minutes",
)


@dataclass(frozen=True, kw_only=True)
class SeriesFact(facts.FactKind):
    """`series` is the id of the series."""

    labels = {"series": gettext_lazy("number of the series")}
    series: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SeriesCreated(SeriesFact):
    kind = "series.created"
    label = gettext_lazy("series created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SeriesChanged(SeriesFact):
    kind = "series.changed"
    label = gettext_lazy("series changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SeriesStateChanged(SeriesFact):
    """`state` is the new state."""

    kind = "series.state_changed"
    label = gettext_lazy("series state changed")
    state: str


class SeriesNotFound(errors.NotFound):
    """There is no such series in this community."""


class InvalidSeries(errors.Invalid):
    """A series has a name, a rhythm, groups, and who posts."""


class SeriesOfOthers(permissions.NotAllowed):
    """The series goes to groups that the staff member does not see."""


# Checks


def check_visible(series: Series, by: Staff) -> None:
    """Raise SeriesNotFound unless `by` sees one of its groups, or all groups."""
    if series.community_id != by.community_id or not may_see(series, by):
        raise SeriesNotFound(_("There is no such series."))


def may_see(series: Series, by: Staff) -> bool:
    return by.groups is None or series_groups.list_visible_groups(series, by).exists()


def check_may_manage(series: Series, by: Staff) -> None:
    """Raise NotAllowed, or SeriesNotFound for a series that `by` does not see."""
    permissions.check_may(by, MANAGE)
    check_visible(series, by)
    _check_groups(series, by)


def may_manage(series: Series, by: Staff) -> bool:
    try:
        check_may_manage(series, by)
    except errors.QunceError:
        return False
    return True


def _check_groups(series: Series, by: Staff) -> None:
    if by.groups is None:
        return
    visible = group_visibility.list_visible(by).filter(pk__in=series.groups)
    if series.group_filter is not None or visible.count() < len(series.groups):
        raise SeriesOfOthers(_("The series has groups that you do not see."))


def _check_fields(series: Series, by: Staff) -> None:
    if not 1 <= len(series.name) <= MAX_NAME or not text_validation.is_valid(
        series.name
    ):
        raise InvalidSeries(
            _("The name of a series has 1 to %(n)s characters.") % {"n": MAX_NAME}
        )
    if not channel_contract.get(series.channel).capabilities.to_group:
        raise InvalidSeries(
            _("This channel cannot post to groups. Choose another one.")
        )
    channel_contract.check_connected(series.channel, series.community_id)
    if series.poster not in Poster:
        raise InvalidSeries(
            _("“poster” is one of: %(words)s.") % {"words": ", ".join(Poster.values)}
        )
    assignable = {
        staff.pk for staff in task_permissions.list_assignable_staff(series.community)
    }
    if series.staff_id is not None and series.staff_id not in assignable:
        raise InvalidSeries(_("This person does no staff tasks. Choose another one."))
    for name, (least, most) in MINUTES.items():
        minutes = getattr(series, name)
        if isinstance(minutes, bool) or not isinstance(minutes, int):
            raise InvalidSeries(_("“%(name)s” is a number.") % {"name": name})
        if not least <= minutes <= most:
            raise InvalidSeries(
                _("“%(name)s” is between %(least)s and %(most)s minutes.")
                % {"name": name, "least": least, "most": f"{most:,}"}
            )
    if len(series.groups) > MAX_GROUPS:
        raise InvalidSeries(
            _("A series can have at most %(n)s groups.") % {"n": f"{MAX_GROUPS:,}"}
        )
    group_visibility.check(by=by, groups=series.groups)
    _check_groups(series, by)


def check_may_fill(series: Series, by: Staff) -> None:
    """Like check_may_manage; content of a running series is sent automatically."""
    check_may_manage(series, by)
    if series.state == State.RUNNING:
        _check_approval(series, series_groups.list_groups(series).count(), by)


def _check_approval(series: Series, size: int, by: Staff) -> None:
    approvals.check_may_send_alone(series.community, by, size=size)


def _check_ready(series: Series, by: Staff) -> None:
    """Raise InvalidSeries unless there are groups, and staff who post where needed."""
    groups = list(series_groups.list_groups(series))
    if not groups:
        raise InvalidSeries(_("No group matches. Choose the groups of the series."))
    _check_approval(series, len(groups), by)
    if not series_groups.needs_person(series):
        return
    posters = series_groups.posters(series, groups)
    lacking = [group.name for group in groups if posters[group.pk] is None]
    if lacking:
        raise InvalidSeries(
            _(
                "Nobody can post in %(n)s of the groups, such as “%(group)s”. Choose who"
                " posts where nobody else does."
            )
            % {"n": f"{len(lacking):,}", "group": lacking[0]}
        )


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, by: Staff, at: datetime, **fields: Any
) -> Series:
    """Create a draft. `fields` are those of FIELDS."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    series = Series(community=community, by=by, created_at=at, changed_at=at)
    for field, value in _normalised({"name": name, **fields}, community).items():
        setattr(series, field, value)
    if not series.rhythm:
        raise rhythm.InvalidRhythm(_("Choose the days and times of the series."))
    _check_fields(series, by)
    series.save()
    facts.record(SeriesCreated(series=series.pk), community=community, by=by, at=at)
    return series


@transaction.atomic
def update(*, series: Series, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    A new rhythm holds from now on: what was moved or left out of the old one is forgotten.
    """
    check_may_manage(series, by)
    fresh = _lock(series)
    values = _normalised(fields, fresh.community)
    changed = [name for name, new in values.items() if getattr(fresh, name) != new]
    if not changed:
        return []
    for name in changed:
        setattr(fresh, name, values[name])
    _check_fields(fresh, by)
    if fresh.state == State.RUNNING:
        _check_ready(fresh, by)
    if "rhythm" in changed:
        _forget_old_occurrences(fresh, at)
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "changed_at"])
    for name in (*changed, "changed_at"):
        setattr(series, name, getattr(fresh, name))
    _record(SeriesChanged(series=series.pk, fields=sorted(changed)), series, by, at)
    return sorted(changed)


@transaction.atomic
def set_group(
    *, series: Series, group: Group, included: bool, by: Staff, at: datetime
) -> None:
    """Add one group to the list of a series or remove it; the others stay as they are now.

    Raises InvalidSeries for a series that chooses its groups by a filter.
    """
    check_may_manage(series, by)
    fresh = _lock(series)
    if fresh.group_filter is not None:
        raise InvalidSeries(
            _("“%(name)s” chooses its groups by a filter. Change the filter instead.")
            % {"name": fresh.name}
        )
    ids = set(fresh.groups) - {group.pk}
    if included:
        ids.add(group.pk)
    update(series=series, groups=sorted(ids), by=by, at=at)


def _forget_old_occurrences(series: Series, at: datetime) -> None:
    new, zone = series.parse_rhythm(), series.zone
    states = (OccurrenceState.OPEN, OccurrenceState.SKIPPED)
    for row in Occurrence.objects.filter(
        series=series, slot_at__gt=at, state__in=states
    ):
        if new.slot_at(row.slot_at, zone) is None:
            row.delete()
    waiting = Episode.objects.filter(series=series, used_at__isnull=True)
    for episode in waiting.filter(slot_at__isnull=False):
        if episode.slot_at and new.slot_at(episode.slot_at, zone) is None:
            waiting.filter(pk=episode.pk).update(slot_at=None)
    keys = [slot.key for slot in new.slots]
    waiting.exclude(slot__in=["", *keys]).update(slot="")


@transaction.atomic
def start(
    *, series: Series, by: Staff, at: datetime, digest: str | None = None
) -> None:
    """Post from now on. Occurrences while it was not running are not made up for.

    `digest` is that of the series that `by` has seen; raises ChangedSinceReview if it is
    another one by now.
    """
    check_may_manage(series, by)
    review_digests.check(digest, digest_of(_lock(series)), name=series.name)
    _check_ready(series, by)
    open_rows = Occurrence.objects.filter(
        series=series, planned_at__lte=at, state=OccurrenceState.OPEN
    )
    open_rows.update(state=OccurrenceState.SKIPPED, reason="paused")
    _transition(
        series, "start", by, at, polled_until=at, started_at=series.started_at or at
    )


@transaction.atomic
def pause(*, series: Series, by: Staff, at: datetime) -> None:
    check_may_manage(series, by)
    _transition(series, "pause", by, at)


@transaction.atomic
def archive(*, series: Series, by: Staff, at: datetime) -> None:
    """Take it out of the list; what was posted stays counted."""
    check_may_manage(series, by)
    _transition(series, "archive", by, at)


def _transition(
    series: Series, step: str, by: Staff, at: datetime, **changes: Any
) -> None:
    STATES.transition(series, step, **changes)
    _record(SeriesStateChanged(series=series.pk, state=series.state), series, by, at)


def _lock(series: Series) -> Series:
    rows = Series.objects.select_for_update(of=("self",))
    return rows.select_related("community").get(pk=series.pk)


def _normalised(fields: dict[str, Any], community: Community) -> dict[str, Any]:
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise InvalidSeries(
            _("A series has no field “%(name)s”.") % {"name": unknown[0]}
        )
    clean = dict(fields)
    if "name" in clean:
        clean["name"] = names.clean(clean["name"])
    if "rhythm" in clean:
        parsed = rhythm.parse(clean["rhythm"], region=community.region)
        clean["rhythm"] = parsed.to_json()
    if "groups" in clean:
        clean["groups"] = sorted(set(clean["groups"]))
    if clean.get("group_filter") is not None:
        clean["group_filter"] = series_groups.parse_filter(clean["group_filter"])
        clean["groups"] = []
    return clean


def _record(fact: facts.FactKind, series: Series, by: Staff, at: datetime) -> None:
    facts.record(fact, community=series.community, by=by, at=at)


# Reads


def list_visible(by: Staff) -> list[Series]:
    """Those that go to a group which `by` sees; the running ones first, by name."""
    rows = Series.objects.filter(community=by.community)
    found = rows.select_related("community", "staff", "by").order_by("name", "pk")
    order = (State.RUNNING, State.PAUSED, State.DRAFT, State.ARCHIVED)
    return sorted(
        (series for series in found if may_see(series, by)),
        key=lambda series: order.index(State(series.state)),
    )


def get(*, by: Staff, pk: int) -> Series:
    rows = Series.objects.select_related("community", "staff", "by")
    series = rows.filter(community=by.community, pk=pk).first()
    if series is None or not may_see(series, by):
        raise SeriesNotFound(_("There is no such series."))
    return series


def digest_of(series: Series) -> str:
    """The same as long as the fields, the groups and the episodes that wait are."""
    described = {name: getattr(series, name) for name in FIELDS}
    described["staff"] = series.staff_id
    groups = series_groups.list_groups(series).order_by("pk")
    described["groups"] = list(groups.values_list("pk", flat=True))
    waiting = Episode.objects.filter(series=series, used_at__isnull=True)
    described["episodes"] = list(
        waiting.order_by("position", "pk").values_list(
            "pk", "text", "materials", "content_type", "slot", "slot_at"
        )
    )
    return review_digests.compute(series.community, described, [])


def list_groups(*, series: Series, by: Staff) -> list[Group]:
    """Those of its groups that `by` sees, by key."""
    check_visible(series, by)
    return list(series_groups.list_visible_groups(series, by))
