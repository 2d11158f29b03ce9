"""Ideas, the feeds that bring them, and the pages of links that are still to be read."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import errors, personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import ContentType, Material
from qunce.outreach.tasks.staff_tasks import TaskRequest

MAX_TITLE_LENGTH, MAX_NOTE_LENGTH, MAX_URL_LENGTH = 80, 4_000, 2_000
MAX_TAGS, MAX_TAG_LENGTH = 20, 40
MAX_OPEN_IDEAS = 5_000
"""Ideas of a community that are neither used nor archived."""
MAX_FEEDS = 50
MAX_ERROR_LENGTH = 300


class State(models.TextChoices):
    IDEA = "idea", pgettext_lazy("idea", "idea")
    DRAFT = "draft", pgettext_lazy("idea", "draft")
    READY = "ready", pgettext_lazy("idea", "ready")
    USED = "used", pgettext_lazy("idea", "used")


class Source(models.TextChoices):
    HAND = "hand", pgettext_lazy("idea", "written by hand")
    LINK = "link", pgettext_lazy("idea", "pasted link")
    FEED = "feed", pgettext_lazy("idea", "feed")
    FESTIVAL = "festival", pgettext_lazy("idea", "festival")
    HOT_TOPIC = "hot_topic", pgettext_lazy("idea", "hot topic")


STATES = state_machine.StateMachine(
    {
        "draft": (("idea", "ready"), "draft"),
        "ready": (("draft", "used"), "ready"),
        "used": (("idea", "draft", "ready"), "used"),
        "idea": (("draft",), "idea"),
    }
)
"""A transition is called as the state that it leads to. A message that is sent skips steps."""


class FeedState(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("feed", "active")
    PAUSED = "paused", pgettext_lazy("feed", "paused")


FEED_STATES = state_machine.StateMachine(
    {"pause": (("active",), "paused"), "resume": (("paused",), "active")}
)


class IdeaNotFound(errors.NotFound):
    """There is no such idea in this community."""


class FeedNotFound(errors.NotFound):
    """There is no such feed in this community."""


class InvalidIdea(errors.Invalid):
    """A field of an idea is missing or cannot be stored."""


class InvalidFeed(errors.Invalid):
    """A field of a feed is missing or cannot be stored."""


class IdeaAlreadyExists(errors.Refused):
    """An idea with this link is in the box already."""


class IdeaChangedSince(errors.Refused):
    """The idea is in another state than the page showed."""


class Download(models.Model):
    """What the worker downloads: due at `due_at`, null if it is not.

    `error` is the code of the last attempt's error. While it is leased, `due_at` is when
    the lease expires.
    """

    url = models.CharField(max_length=MAX_URL_LENGTH)
    due_at = timestamps.TimestampField(null=True)
    lease = models.CharField(max_length=32, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=30, default="")
    status = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


@personal_texts.erased_in("tags", "url", "suggestion", sentences=("title",))
class Feed(Download):
    """`seen` has the keys of the entries that were read, the newest first.

    `new_count` and `known_count` are of the last fetch; `suggestion` is another address
    that the page names as its feed.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    title = models.CharField(max_length=MAX_TITLE_LENGTH)
    url_key = models.CharField(max_length=64)
    content_type = models.CharField(max_length=10, choices=ContentType.choices)
    tags: models.JSONField[Any, Any] = models.JSONField(default=list)
    state = models.CharField(
        max_length=10, choices=FeedState.choices, default=FeedState.ACTIVE
    )
    etag = models.CharField(max_length=200, default="")
    last_modified = models.CharField(max_length=100, default="")
    seen: models.JSONField[Any, Any] = models.JSONField(default=list)
    fetched_at = timestamps.TimestampField(null=True)
    failing_since = timestamps.TimestampField(null=True)
    new_count = models.PositiveIntegerField(default=0)
    known_count = models.PositiveIntegerField(default=0)
    suggestion = models.CharField(max_length=MAX_URL_LENGTH, default="")
    created_at = timestamps.TimestampField()
    removed_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_idea_feed"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "url_key"], name="one_feed_per_address"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="idea_feeds_by_due")]

    def __str__(self) -> str:
        return self.title


@personal_texts.erased_in("tags", "url", "picture_url", sentences=("title", "note"))
class Idea(models.Model):
    """`url_key` is the digest of what makes a link the same, "" without one.

    `source_key` names the festival or the entry of the feed, of which there is one idea
    each. `day` is the day that it is for. `request` asks who makes the picture or video.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    title = models.CharField(max_length=MAX_TITLE_LENGTH)
    note = models.TextField(default="", blank=True)
    url = models.CharField(max_length=MAX_URL_LENGTH, default="", blank=True)
    url_key = models.CharField(max_length=64, default="", blank=True)
    picture_url = models.CharField(max_length=MAX_URL_LENGTH, default="", blank=True)
    content_type = models.CharField(max_length=10, choices=ContentType.choices)
    tags: models.JSONField[Any, Any] = models.JSONField(default=list)
    source = models.CharField(max_length=10, choices=Source.choices)
    source_key = models.CharField(max_length=100, default="", blank=True)
    feed = models.ForeignKey(Feed, models.PROTECT, null=True, related_name="ideas")
    day = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.IDEA)
    request = models.ForeignKey(
        TaskRequest, models.PROTECT, null=True, related_name="ideas"
    )
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, related_name="ideas"
    )
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    archived_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_idea"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "url_key"],
                condition=~models.Q(url_key=""),
                name="one_idea_per_link",
            ),
            models.UniqueConstraint(
                fields=["community", "source", "source_key"],
                condition=~models.Q(source_key=""),
                name="one_idea_per_source_key",
            ),
        ]
        indexes = [models.Index(fields=["community", "state"], name="ideas_by_state")]

    def __str__(self) -> str:
        return self.title


@personal_texts.erased_in("url", community="idea__community_id")
class LinkReading(Download):
    """The page of an idea's link, whose title is still to be read or could not be."""

    idea = models.OneToOneField(Idea, models.CASCADE, related_name="reading")

    class Meta:
        db_table = "outreach_link_reading"
        indexes = [models.Index(fields=["due_at"], name="link_readings_by_due")]

    def __str__(self) -> str:
        return self.url
