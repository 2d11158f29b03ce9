"""Tables of series: recurring programmes in groups, their episodes and occurrences."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.series import rhythm
from qunce.outreach.series.rhythm import Rhythm


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("series", "draft")
    RUNNING = "running", pgettext_lazy("series", "running")
    PAUSED = "paused", pgettext_lazy("series", "paused")
    ARCHIVED = "archived", pgettext_lazy("series", "archived")


STATES = state_machine.StateMachine(
    {
        "start": (("draft", "paused", "archived"), "running"),
        "pause": (("running",), "paused"),
        "archive": (("draft", "running", "paused"), "archived"),
    }
)


class Poster(models.TextChoices):
    """The person who posts into a group where the channel needs one."""

    STAFF = "staff", gettext_lazy("the same person in all groups")
    OWNER = "owner", gettext_lazy("the owner of the group")
    SERVICE = "service", gettext_lazy("staff with the role “service” in the group")
    ATMOSPHERE = (
        "atmosphere",
        gettext_lazy("staff with the role “atmosphere” in the group"),
    )


class OccurrenceState(models.TextChoices):
    OPEN = "open", pgettext_lazy("occurrence", "to come")
    POSTED = "posted", pgettext_lazy("occurrence", "handed over for posting")
    MISSED = "missed", pgettext_lazy("occurrence", "missed")
    SKIPPED = "skipped", pgettext_lazy("occurrence", "left out")


OCCURRENCE_STATES = state_machine.StateMachine(
    {
        "post": (("open",), "posted"),
        "miss": (("open",), "missed"),
        "skip": (("open",), "skipped"),
        "restore": (("skipped",), "open"),
    }
)


@personal_texts.erased_in("name", "rhythm", "group_filter")
class Series(models.Model):
    """`rhythm` is the JSON form of a `Rhythm`.

    It is posted to the groups with the ids in `groups`, or to those that match
    `group_filter`. `staff` posts by hand if nobody else does, see `Poster`. A message that
    is not posted `window_minutes` after its time is missing, and one that is posted more
    than `late_minutes` after it is late. Occurrences up to `polled_until` have rows.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    rhythm: models.JSONField[Any, Any] = models.JSONField()
    groups: models.JSONField[Any, Any] = models.JSONField(default=list)
    group_filter: models.JSONField[Any, Any] = models.JSONField(null=True)
    channel = models.CharField(max_length=30, default="assisted")
    poster = models.CharField(
        max_length=10, choices=Poster.choices, default=Poster.OWNER
    )
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    window_minutes = models.PositiveIntegerField(default=240)
    late_minutes = models.PositiveIntegerField(default=30)
    polled_until = timestamps.TimestampField(null=True)
    started_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_series"
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.community.timezone)

    def parse_rhythm(self) -> Rhythm:
        return rhythm.parse(self.rhythm, region=self.community.region)


@personal_texts.erased_in("text", community="series__community_id")
class Episode(models.Model):
    """What one occurrence posts; `materials` are ids of versions, sent after the text.

    Episodes are used in the order of `position`, one per occurrence. With a `slot` it is
    only for this time of the day, with `slot_at` only for this occurrence.
    """

    series = models.ForeignKey(Series, models.CASCADE, related_name="episodes")
    position = models.PositiveIntegerField()
    text = models.TextField(default="", blank=True)
    materials: models.JSONField[Any, Any] = models.JSONField(default=list)
    content_type = models.CharField(
        max_length=10, choices=ContentType.choices, default="", blank=True
    )
    slot = models.CharField(max_length=5, default="", blank=True)
    slot_at = timestamps.TimestampField(null=True)
    used_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_episode"
        indexes = [
            models.Index(fields=["series", "used_at", "position"], name="episodes")
        ]

    def __str__(self) -> str:
        return f"episode {self.position} of {self.series}"


class Occurrence(models.Model):
    """One time of a series. Its pk is the origin of its messages, one to each group.

    `slot_at` is its time in the rhythm, `planned_at` the time at which it is posted, which
    staff can move. `groups` are those that it was for once it is posted or missed, and
    `reason` says why it was missed.
    """

    series = models.ForeignKey(
        Series, models.CASCADE, related_name="occurrences", db_index=False
    )
    slot_at = timestamps.TimestampField()
    planned_at = timestamps.TimestampField()
    state = models.CharField(
        max_length=10, choices=OccurrenceState.choices, default=OccurrenceState.OPEN
    )
    reason = models.CharField(max_length=20, default="")
    episode = models.ForeignKey(Episode, models.PROTECT, null=True, related_name="+")
    groups = models.BinaryField(null=True)

    class Meta:
        db_table = "outreach_occurrence"
        constraints = [
            models.UniqueConstraint(
                fields=["series", "slot_at"], name="one_occurrence_per_time"
            )
        ]
        indexes = [
            models.Index(fields=["series", "planned_at"], name="occurrences_by_time")
        ]

    def __str__(self) -> str:
        return f"{self.series} at {self.slot_at:%Y-%m-%d %H:%M}"
