"""Feeds of the idea box: addresses of RSS and Atom whose new entries become ideas."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.ideas import Tags
from qunce.api.materials import Title, Type
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import download_errors, feeds
from qunce.outreach.ideas.models import MAX_URL_LENGTH, Feed

router = Router(auth=RequiresScope("materials"), tags=["ideas"])


class FeedUpdateIn(schemas.InputSchema):
    """Content type and tags are those of the ideas that come from now on."""

    title: Title | None = None
    content_type: Type | None = None
    tags: Tags | None = None


class FeedIn(schemas.InputSchema):
    """Without a title, the feed's own is used after the first fetch."""

    url: Annotated[str, Field(max_length=MAX_URL_LENGTH)]
    title: Title = ""
    content_type: Type = ContentType.KNOWLEDGE
    tags: Tags = []


class FeedOut(schemas.OutputSchema):
    """`problem` and `remedy` are empty unless the last fetch failed.

    `suggestion` is the feed that a page names, if the address is one of a page.
    """

    id: int
    title: str
    url: str
    content_type: str
    tags: list[str]
    state: str
    fetched_at: datetime | None
    next_fetch_at: datetime | None
    failing_since: datetime | None
    problem: str
    remedy: str
    suggestion: str
    new_ideas: int
    full: bool


class FeedsOut(schemas.OutputSchema):
    items: list[FeedOut]


def _serialize(feed: Feed) -> dict[str, Any]:
    names = ("title", "url", "content_type", "tags", "state", "suggestion")
    problem, remedy = download_errors.describe(feed.error, feed.status)
    return {
        "id": feed.pk,
        **{name: getattr(feed, name) for name in names},
        "fetched_at": feed.fetched_at,
        "next_fetch_at": feed.due_at,
        "failing_since": feed.failing_since,
        "problem": problem,
        "remedy": remedy,
        "new_ideas": feed.new_count,
        "full": feeds.is_full(feed),
    }


def _answer(request: ApiRequest, pk: int) -> dict[str, Any]:
    return _serialize(feeds.get(by=request.by, pk=pk))


@router.get("/idea-feeds", response=FeedsOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List the feeds by title, at most 50."""
    return {"items": [_serialize(feed) for feed in feeds.list_visible(request.by)]}


@router.post("/idea-feeds", response={201: FeedOut})
def add(request: ApiRequest, data: FeedIn) -> Any:
    """Add a feed, which the worker fetches next and then every hour."""
    feed = feeds.add(
        community=request.community,
        url=data.url,
        title=data.title,
        content_type=data.content_type.value,
        tags=data.tags,
        by=request.by,
        at=request.at,
    )
    return Status(201, _answer(request, feed.pk))


@router.get("/idea-feeds/{idea_feed_id}", response=FeedOut)
def get(request: ApiRequest, idea_feed_id: schemas.Id) -> dict[str, Any]:
    """Get a feed with the result of its last fetch."""
    return _answer(request, idea_feed_id)


@router.patch("/idea-feeds/{idea_feed_id}", response=FeedOut)
def update(
    request: ApiRequest, idea_feed_id: schemas.Id, data: FeedUpdateIn
) -> dict[str, Any]:
    """Change a feed."""
    feed = feeds.get(by=request.by, pk=idea_feed_id)
    given = {
        name: getattr(value, "value", value)
        for name, value in data.model_dump(exclude_unset=True).items()
        if value is not None
    }
    feeds.update(feed=feed, by=request.by, at=request.at, **given)
    return _answer(request, idea_feed_id)


@router.delete("/idea-feeds/{idea_feed_id}", response={204: None})
def remove(request: ApiRequest, idea_feed_id: schemas.Id) -> Any:
    """Remove a feed. Its ideas stay."""
    feed = feeds.get(by=request.by, pk=idea_feed_id)
    feeds.remove(feed=feed, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/idea-feeds/{idea_feed_id}/pause", response=FeedOut)
def pause(request: ApiRequest, idea_feed_id: schemas.Id) -> dict[str, Any]:
    """Pause a feed: it is not fetched until it is resumed."""
    feed = feeds.get(by=request.by, pk=idea_feed_id)
    feeds.pause(feed=feed, by=request.by, at=request.at)
    return _answer(request, idea_feed_id)


@router.delete("/idea-feeds/{idea_feed_id}/pause", response=FeedOut)
def resume(request: ApiRequest, idea_feed_id: schemas.Id) -> dict[str, Any]:
    """Resume a paused feed."""
    feed = feeds.get(by=request.by, pk=idea_feed_id)
    feeds.resume(feed=feed, by=request.by, at=request.at)
    return _answer(request, idea_feed_id)


@router.post("/idea-feeds/{idea_feed_id}/fetch", response=FeedOut)
def fetch_soon(request: ApiRequest, idea_feed_id: schemas.Id) -> dict[str, Any]:
    """Let the worker fetch a feed next, without the pause after an error."""
    feed = feeds.get(by=request.by, pk=idea_feed_id)
    feeds.fetch_soon(feed=feed, by=request.by, at=request.at)
    return _answer(request, idea_feed_id)
