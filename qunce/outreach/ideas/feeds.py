"""Feeds: addresses of RSS and Atom whose new entries become ideas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import ideas, links
from qunce.outreach.ideas.documents.results import Entry, FeedDocument
from qunce.outreach.ideas.models import (
    FEED_STATES,
    MAX_FEEDS,
    MAX_OPEN_IDEAS,
    MAX_TITLE_LENGTH,
    MAX_URL_LENGTH,
    Feed,
    FeedNotFound,
    FeedState,
    Idea,
    InvalidFeed,
    Source,
    State,
)

INTERVAL = timedelta(hours=1)
FIRST_PAUSE, MAX_PAUSE = timedelta(minutes=10), timedelta(days=2)
"""After an error: 10 minutes, then twice as long each time."""
MAX_FIRST_IDEAS, MAX_NEW_IDEAS, MAX_UNSORTED_IDEAS = 10, 20, 100
"""Of the first fetch, of any other, and of a feed that nobody has sorted yet."""
MAX_SEEN = 1_000
FIELDS = ("title", "content_type", "tags")


@dataclass(frozen=True, kw_only=True)
class FeedFact(facts.FactKind):
    """`feed` is the id of the feed, `name` its title."""

    feed: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FeedAdded(FeedFact):
    kind = "idea_feed.added"
    label = gettext_lazy("feed added")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FeedChanged(FeedFact):
    kind = "idea_feed.changed"
    label = gettext_lazy("feed changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FeedStateChanged(FeedFact):
    """`state` is the new state."""

    kind = "idea_feed.state_changed"
    label = gettext_lazy("feed paused or resumed")
    state: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FeedRemoved(FeedFact):
    kind = "idea_feed.removed"
    label = gettext_lazy("feed removed")


class FeedNotFetchable(errors.Refused):
    """The feed is paused, or it is being fetched."""


# Checks


def check_may_manage(by: Staff, feed: Feed | None = None) -> None:
    """Raise NotAllowed without the permission, FeedNotFound for a removed one."""
    ideas.check_may_manage(by)
    if feed is not None and (
        feed.community_id != by.community_id or feed.removed_at is not None
    ):
        raise FeedNotFound(_("There is no such feed."))


def check_url(url: str) -> None:
    if len(url) > MAX_URL_LENGTH or not links.is_complete(url):
        raise InvalidFeed(
            _(
                "“%(url)s” is not the address of a feed. Write it like "
                "https://example.com/feed.xml."
            )
            % {"url": url[:80]}
        )


def _check_title(title: str) -> None:
    if not 0 < len(title) <= MAX_TITLE_LENGTH or not text_validation.is_valid(title):
        raise InvalidFeed(
            _("The name of a feed has 1 to %(most)s characters.")
            % {"most": MAX_TITLE_LENGTH}
        )


def _find_removed(community: Community, key: str) -> Feed | None:
    """The removed feed with this address. Raises InvalidFeed if none can be added."""
    rows = Feed.objects.filter(community=community)
    known = rows.filter(url_key=key).first()  # unique, so that there is one at most
    if known is not None and known.removed_at is None:
        raise InvalidFeed(
            _("The feed “%(title)s” has this address already.") % {"title": known.title}
        )
    if rows.filter(removed_at__isnull=True).count() >= MAX_FEEDS:
        raise InvalidFeed(
            _("A community has at most %(n)s feeds. Remove one first.")
            % {"n": MAX_FEEDS}
        )
    return known


# Verbs


@transaction.atomic
def add(
    *,
    community: Community,
    url: str,
    by: Staff,
    at: datetime,
    title: str = "",
    content_type: str = ContentType.KNOWLEDGE.value,
    tags: Sequence[str] = (),
) -> Feed:
    """Add a feed, which the worker fetches next. One that was removed comes back.

    Without a title it has its host's name until the first fetch finds its own.
    """
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    url = url.strip()
    check_url(url)
    ideas.check_content_type(content_type)
    tags = ideas.clean_tags(tags)
    ideas.check_tags(tags)
    title = names.clean(title) or links.short_form(url, MAX_TITLE_LENGTH)
    _check_title(title)
    key = links.key_of(url)
    known = _find_removed(community, key)
    feed = known or Feed(community=community, url_key=key, created_at=at, by=by)
    feed.url, feed.title, feed.content_type, feed.tags = url, title, content_type, tags
    feed.state, feed.removed_at, feed.due_at = FeedState.ACTIVE, None, at
    feed.error, feed.attempts, feed.lease = "", 0, ""
    feed.etag, feed.last_modified = "", ""
    try:
        with transaction.atomic():
            feed.save()
    except IntegrityError:
        raise InvalidFeed(_("There is a feed with this address already.")) from None
    _record(FeedAdded(feed=feed.pk, name=feed.title), feed, by, at)
    return feed


@transaction.atomic
def update(*, feed: Feed, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change title, content type or tags; they concern ideas that come from now on."""
    check_may_manage(by, feed)
    if unknown := set(fields) - set(FIELDS):
        raise InvalidFeed(
            _("A feed has no field “%(field)s”.") % {"field": min(unknown)}
        )
    if "title" in fields:
        fields["title"] = names.clean(fields["title"] or "")
        _check_title(fields["title"])
    if "content_type" in fields:
        ideas.check_content_type(fields["content_type"])
    if "tags" in fields:
        fields["tags"] = ideas.clean_tags(fields["tags"])
        ideas.check_tags(fields["tags"])
    changed = sorted(name for name in fields if fields[name] != getattr(feed, name))
    if changed:
        for name in changed:
            setattr(feed, name, fields[name])
        feed.save(update_fields=changed)
        fact = FeedChanged(feed=feed.pk, name=feed.title, fields=changed)
        _record(fact, feed, by, at)
    return changed


@transaction.atomic
def pause(*, feed: Feed, by: Staff, at: datetime) -> None:
    """Stop fetching the feed until it is resumed."""
    check_may_manage(by, feed)
    FEED_STATES.transition(feed, "pause", due_at=None, lease="")
    fact = FeedStateChanged(feed=feed.pk, name=feed.title, state=feed.state)
    _record(fact, feed, by, at)


@transaction.atomic
def resume(*, feed: Feed, by: Staff, at: datetime) -> None:
    check_may_manage(by, feed)
    FEED_STATES.transition(feed, "resume", due_at=at, attempts=0)
    fact = FeedStateChanged(feed=feed.pk, name=feed.title, state=feed.state)
    _record(fact, feed, by, at)


@transaction.atomic
def remove(*, feed: Feed, by: Staff, at: datetime) -> None:
    """Remove a feed. Its ideas stay."""
    check_may_manage(by, feed)
    Feed.objects.filter(pk=feed.pk).update(removed_at=at, due_at=None, lease="")
    feed.removed_at, feed.due_at, feed.lease = at, None, ""
    _record(FeedRemoved(feed=feed.pk, name=feed.title), feed, by, at)


def fetch_soon(*, feed: Feed, by: Staff, at: datetime) -> None:
    """Let the worker fetch the feed next, without the pause after an error."""
    check_may_manage(by, feed)
    rows = Feed.objects.filter(pk=feed.pk, state=FeedState.ACTIVE, lease="")
    if not rows.update(due_at=at):
        raise FeedNotFetchable(
            _("“%(title)s” is paused, or it is being fetched now.")
            % {"title": feed.title}
        )
    feed.due_at = at


def _record(fact: FeedFact, feed: Feed, by: Staff, at: datetime) -> None:
    facts.record(fact, community=feed.community, by=by, at=at)


# After a fetch


def next_fetch(at: datetime, attempts: int) -> datetime:
    """Return when a feed is fetched again after this many errors in a row."""
    if not attempts:
        return at + INTERVAL
    doublings = min(attempts - 1, 20)
    return at + min(FIRST_PAUSE * (1 << doublings), MAX_PAUSE)


def choose_new(
    entries: Sequence[Entry], *, seen: set[str], is_first: bool, room: int
) -> tuple[list[Entry], list[str]]:
    """Return the entries that become ideas now, and the keys that are done with.

    Of a first fetch the newest are taken and the others left out for ever; of any other
    those that are too many wait for the next one.
    """
    new = [entry for entry in entries if entry.key not in seen]
    taken = new[: min(MAX_FIRST_IDEAS if is_first else MAX_NEW_IDEAS, room)]
    done = new if is_first else taken
    return taken, [entry.key for entry in done]


@transaction.atomic
def store_document(feed: Feed, document: FeedDocument, *, at: datetime) -> bool:
    """Make ideas of new entries, and return whether none is left for the next fetch.

    The caller holds the lease, and saves the feed.
    """
    by = staff_models.system(feed.community)
    unsorted = Idea.objects.filter(
        feed=feed, state=State.IDEA, archived_at__isnull=True
    )
    room = min(
        MAX_UNSORTED_IDEAS - unsorted.count(),
        MAX_OPEN_IDEAS - ideas.count_open(feed.community),
    )
    taken, done = choose_new(
        document.entries,
        seen=set(feed.seen),
        is_first=feed.fetched_at is None,
        room=max(room, 0),
    )
    new, known = 0, 0
    for entry in taken:
        if _make_idea(feed, entry, by=by, at=at):
            new += 1
        else:
            known += 1
    feed.seen = list(dict.fromkeys([*done, *feed.seen]))[:MAX_SEEN]
    feed.new_count, feed.known_count = new, known
    if document.title and feed.title == links.short_form(feed.url, MAX_TITLE_LENGTH):
        feed.title = document.title
    keys = {entry.key for entry in document.entries}
    return keys <= set(feed.seen)


def _make_idea(feed: Feed, entry: Entry, *, by: Staff, at: datetime) -> bool:
    """Add an idea, unless the box has its link or it was added before."""
    key = f"{feed.pk}:{entry.key}"
    rows = Idea.objects.filter(community=feed.community)
    if rows.filter(source=Source.FEED, source_key=key).exists():
        return False
    idea = Idea(
        community=feed.community,
        title=entry.title,
        note=entry.text,
        url=entry.url,
        content_type=feed.content_type,
        tags=feed.tags,
        source=Source.FEED,
        source_key=key,
        feed=feed,
        by=by,
    )
    try:
        with transaction.atomic():
            ideas.store(idea, by=by, at=at)
    except errors.QunceError:
        return False
    return True


# Reads


def list_visible(by: Staff) -> models.QuerySet[Feed]:
    """The feeds of the community by title."""
    rows = Feed.objects.filter(community=by.community, removed_at__isnull=True)
    return rows.select_related("community", "by").order_by("title", "pk")


def get(*, by: Staff, pk: int) -> Feed:
    for feed in list_visible(by).filter(pk=pk):
        return feed
    raise FeedNotFound(_("There is no such feed."))


def is_full(feed: Feed) -> bool:
    """Whether its limit of unsorted ideas is reached, so that new entries wait."""
    rows = Idea.objects.filter(feed=feed, state=State.IDEA, archived_at__isnull=True)
    return rows.count() >= MAX_UNSORTED_IDEAS
