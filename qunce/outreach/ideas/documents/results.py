"""What is read from documents. Apart, since the parsers load libraries few processes need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NOT_A_FEED, BROKEN, FORBIDDEN = "not_a_feed", "broken_xml", "forbidden_xml"


@dataclass(frozen=True)
class Entry:
    """`key` is the same for the same entry each time. Texts are plain, links complete."""

    key: str
    title: str
    text: str
    url: str
    published_at: datetime | None = None


@dataclass(frozen=True)
class FeedDocument:
    """`entries` are the newest first, each key once. `error` is one of the codes above.

    `suggestion` is the feed that a page names, if it is a page and no feed.
    """

    title: str = ""
    entries: tuple[Entry, ...] = ()
    error: str = ""
    suggestion: str = ""


@dataclass(frozen=True)
class PagePreview:
    """Fields are empty for what the page does not say. `feed_url` is of its own feed."""

    title: str = ""
    description: str = ""
    picture_url: str = ""
    feed_url: str = ""
