"""Episodes: the texts and materials of a series, filled in ahead, one per occurrence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.positioning import voice
from qunce.outreach.campaigns.campaign_materials import MAX_MATERIALS
from qunce.outreach.content import compose, templates, variable_values
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import ContentType, MaterialVersion
from qunce.outreach.series import series as series_module
from qunce.outreach.series.models import Episode, Series
from qunce.outreach.series.series import SeriesFact

MAX_WAITING = 1_000
FIELDS = ("text", "materials", "content_type", "slot", "slot_at")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EpisodeAdded(SeriesFact):
    kind = "series.episode_added"
    label = gettext_lazy("episode of a series added")
    episode: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EpisodeChanged(SeriesFact):
    kind = "series.episode_changed"
    label = gettext_lazy("episode of a series changed")
    episode: int
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EpisodeDeleted(SeriesFact):
    kind = "series.episode_deleted"
    label = gettext_lazy("episode of a series deleted")
    episode: int


class EpisodeNotFound(errors.NotFound):
    """There is no such episode in this series."""


class EpisodeUsed(errors.Refused):
    """The episode was posted and stays as it is."""


class InvalidEpisode(errors.Invalid):
    """An episode has a text or materials that the channel of its series can post."""


# Which occurrence gets which episode


@dataclass(frozen=True)
class Place:
    """An occurrence without an episode; `slot` is its time of the day."""

    slot_at: datetime
    planned_at: datetime
    slot: str


def assign(
    places: Iterable[Place], waiting: Sequence[Episode]
) -> dict[datetime, Episode]:
    """The time of each occurrence → its episode, for those that get one.

    In the order in which they are posted, each gets the episode that is for it alone, or
    the first one that is for its time of the day or for any.
    """
    pinned = {each.slot_at: each for each in reversed(waiting) if each.slot_at}
    queue = [each for each in waiting if each.slot_at is None]
    found: dict[datetime, Episode] = {}
    for place in sorted(places, key=lambda each: (each.planned_at, each.slot_at)):
        episode = pinned.get(place.slot_at)
        if episode is None:
            fitting = (each for each in queue if each.slot in ("", place.slot))
            episode = next(fitting, None)
            if episode is not None:
                queue.remove(episode)
        if episode is not None:
            found[place.slot_at] = episode
    return found


# Checks


def _check(episode: Episode, series: Series) -> None:
    versions = library.get_versions(series.community, episode.materials)
    if not episode.text and not versions:
        raise InvalidEpisode(_("Write a text or choose materials."))
    if len(versions) > MAX_MATERIALS:
        raise InvalidEpisode(
            _("An episode has at most %(n)s materials.") % {"n": MAX_MATERIALS}
        )
    if episode.text:
        variables = variable_values.list_variables(series.community, "groups")
        templates.check(episode.text, variables)
    channel = channel_contract.get(series.channel)
    composed = compose.compose(episode.text, versions, channel=channel)
    if composed.problems:
        raise InvalidEpisode(" ".join(composed.problems))
    if episode.content_type and episode.content_type not in ContentType.values:
        raise InvalidEpisode(
            _("There is no content type “%(name)s”; choose one of: %(types)s.")
            % {"name": episode.content_type, "types": ", ".join(ContentType.values)}
        )
    _check_place(episode, series)


def _check_place(episode: Episode, series: Series) -> None:
    rhythm = series.parse_rhythm()
    if episode.slot and rhythm.slot(episode.slot) is None:
        raise InvalidEpisode(
            _("The series has no time “%(time)s”; it has: %(times)s.")
            % {
                "time": episode.slot,
                "times": ", ".join(slot.key for slot in rhythm.slots),
            }
        )
    if episode.slot_at is None:
        return
    if rhythm.slot_at(episode.slot_at, series.zone) is None:
        raise InvalidEpisode(_("The series has no occurrence at this time."))
    others = list_waiting_of(series).filter(slot_at=episode.slot_at)
    if others.exclude(pk=episode.pk).exists():
        raise InvalidEpisode(_("Another episode is for this occurrence already."))


# Verbs


@transaction.atomic
def add(*, series: Series, by: Staff, at: datetime, **fields: Any) -> Episode:
    """Add an episode at the end of the queue. `fields` are those of FIELDS."""
    series_module.check_may_fill(series, by)
    waiting = list_waiting_of(series)
    if waiting.count() >= MAX_WAITING:
        raise InvalidEpisode(
            _("At most %(n)s episodes can wait.") % {"n": f"{MAX_WAITING:,}"}
        )
    last = Episode.objects.filter(series=series).aggregate(n=models.Max("position"))
    episode = Episode(
        series=series, position=(last["n"] or 0) + 1, created_at=at, by=by
    )
    for name, value in _normalised(fields).items():
        setattr(episode, name, value)
    _check(episode, series)
    voice.check(series.community, [(_("The text"), episode.text)])
    episode.save()
    fact = EpisodeAdded(series=series.pk, episode=episode.pk)
    facts.record(fact, community=series.community, by=by, at=at)
    return episode


@transaction.atomic
def update(*, episode: Episode, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change an episode that waits; returns the names of the fields with a new value."""
    series = episode.series
    series_module.check_may_fill(series, by)
    fresh = _lock_waiting(episode)
    values = _normalised(fields)
    changed = sorted(n for n, value in values.items() if getattr(fresh, n) != value)
    if not changed:
        return []
    for name in changed:
        setattr(fresh, name, values[name])
    _check(fresh, series)
    if "text" in changed:
        voice.check(series.community, [(_("The text"), fresh.text)])
    fresh.save(update_fields=changed)
    for name in changed:
        setattr(episode, name, getattr(fresh, name))
    fact = EpisodeChanged(series=series.pk, episode=episode.pk, fields=changed)
    facts.record(fact, community=series.community, by=by, at=at)
    return changed


@transaction.atomic
def move(*, episode: Episode, by: Staff, at: datetime, earlier: bool) -> None:
    """Change places with the episode before it in the queue, or with the one after it."""
    series = episode.series
    series_module.check_may_manage(series, by)
    fresh = _lock_waiting(episode)
    rows = list_waiting_of(series)
    if earlier:
        other = rows.filter(position__lt=fresh.position).last()
    else:
        other = rows.filter(position__gt=fresh.position).first()
    if other is None:
        return
    Episode.objects.filter(pk=other.pk).update(position=fresh.position)
    Episode.objects.filter(pk=fresh.pk).update(position=other.position)
    episode.position = other.position
    fact = EpisodeChanged(series=series.pk, episode=episode.pk, fields=["position"])
    facts.record(fact, community=series.community, by=by, at=at)


@transaction.atomic
def delete(*, episode: Episode, by: Staff, at: datetime) -> None:
    series = episode.series
    series_module.check_may_manage(series, by)
    fresh = _lock_waiting(episode)
    fact = EpisodeDeleted(series=series.pk, episode=fresh.pk)
    fresh.delete()
    facts.record(fact, community=series.community, by=by, at=at)


def _lock_waiting(episode: Episode) -> Episode:
    rows = Episode.objects.select_for_update(of=("self",)).filter(pk=episode.pk)
    fresh = rows.order_by("pk").first()
    if fresh is None:
        raise EpisodeNotFound(_("There is no such episode."))
    if fresh.used_at is not None:
        raise EpisodeUsed(_("This episode was posted and stays as it is."))
    return fresh


def _normalised(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise InvalidEpisode(
            _("An episode has no field “%(name)s”.") % {"name": unknown[0]}
        )
    clean = dict(fields)
    if "text" in clean:
        clean["text"] = templates.unify_line_ends(clean["text"]).strip()
    if "materials" in clean:
        clean["materials"] = list(dict.fromkeys(clean["materials"]))
    return clean


# Reads


def list_waiting_of(series: Series) -> models.QuerySet[Episode]:
    rows = Episode.objects.filter(series=series, used_at__isnull=True)
    return rows.order_by("position", "pk")


def list_waiting(*, series: Series, by: Staff) -> list[Episode]:
    """The episodes that are not used yet, in their order."""
    series_module.check_visible(series, by)
    return list(list_waiting_of(series).select_related("series__community"))


def get(*, by: Staff, pk: int) -> Episode:
    rows = Episode.objects.select_related("series__community", "series__staff")
    episode = rows.filter(pk=pk, series__community=by.community).first()
    if episode is None or not series_module.may_see(episode.series, by):
        raise EpisodeNotFound(_("There is no such episode."))
    return episode


def content_of(episode: Episode) -> dict[str, Any] | None:
    """What a message of the episode keeps as its `content`.

    Its content type is there for texts without materials.
    """
    content: dict[str, Any] = {}
    if episode.materials:
        content["materials"] = episode.materials
    if episode.content_type:
        content["content_type"] = episode.content_type
    return content or None


def content_types(
    episodes: Iterable[Episode], versions: Mapping[int, MaterialVersion]
) -> dict[int, str]:
    """Episode → its content type: its own, or that of its first material."""
    return {
        each.pk: each.content_type
        or next(
            (
                versions[pk].material.content_type
                for pk in each.materials
                if pk in versions
            ),
            "",
        )
        for each in episodes
    }
