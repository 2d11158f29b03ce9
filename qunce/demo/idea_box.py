"""Ideas in every state, with a feed whose entries are stored here and not downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from qunce.core.staff.models import Staff
from qunce.demo.simulation.texts.ideas import IdeaWords
from qunce.outreach.content.materials.models import Material
from qunce.outreach.ideas import (
    assignment,
    feeds,
    festivals,
    idea_materials,
    ideas,
)
from qunce.outreach.ideas.documents import feed_documents
from qunce.outreach.ideas.models import Idea

FEED_URL = "https://news.example/feed.xml"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def fill(words: IdeaWords, *, by: Staff, makers: Sequence[Staff], at: datetime) -> None:
    """Add ideas as staff do. `makers` make the video that is late and the picture."""
    add_feed(words, by=by, at=at - 2 * DAY)
    url, title = words.link
    link = (title, "", "knowledge", words.started[-1])
    add(link, source="link", url=url, by=by, at=at - 26 * HOUR)
    for number, fresh in enumerate(words.fresh):
        add(fresh, by=by, at=at - (30 + number) * HOUR)
    add(words.hot, source="hot_topic", by=by, at=at - 3 * HOUR)
    for coming in festivals.list_suggestions(by=by, at=at)[:1]:
        festivals.add_idea(key=coming.key, by=by, at=at - HOUR)
    started = add(words.started, by=by, at=at - 6 * DAY)
    ideas.move(idea=started, to="draft", by=by, at=at - 5 * DAY)
    ask(started, makers[0], due_at=at - 5 * HOUR, by=by, at=at - 3 * DAY)
    ready = add(words.ready, by=by, at=at - 9 * DAY)
    make(ready, by=by, at=at - 8 * DAY)
    ask(ready, makers[-1], due_at=at + DAY, by=by, at=at - 2 * DAY)
    ideas.move(idea=ready, to="ready", by=by, at=at - DAY)
    used = add(words.used, by=by, at=at - 20 * DAY)
    for state in ("draft", "ready", "used"):
        ideas.move(idea=used, to=state, by=by, at=at - 12 * DAY)


def add_feed(words: IdeaWords, *, by: Staff, at: datetime) -> None:
    """Add a paused feed, and make ideas of entries as if it had sent them.

    Nothing is downloaded, so that the page says that it was never read.
    """
    feed = feeds.add(
        community=by.community, url=FEED_URL, title=words.feed, by=by, at=at
    )
    entries = "".join(
        f"<item><title>{escape(title)}</title><description>{escape(text)}</description>"
        f"<link>https://news.example/{number}</link></item>"
        for number, (title, text) in enumerate(words.entries)
    )
    document = f'<rss version="2.0"><channel>{entries}</channel></rss>'
    feeds.store_document(
        feed, feed_documents.parse(document.encode(), url=FEED_URL), at=at
    )
    feed.save()
    feeds.pause(feed=feed, by=by, at=at)


def add(
    idea: tuple[str, str, str, str],
    *,
    by: Staff,
    at: datetime,
    source: str = "hand",
    url: str = "",
) -> Idea:
    title, note, content_type, tag = idea
    return ideas.create(
        community=by.community,
        title=title,
        note=note,
        content_type=content_type,
        tags=[tag],
        source=source,
        url=url,
        by=by,
        at=at,
    )


def ask(idea: Idea, maker: Staff, *, due_at: datetime, by: Staff, at: datetime) -> None:
    assignment.assign(idea=idea, staff=maker, due_at=due_at, by=by, at=at)


def make(idea: Idea, *, by: Staff, at: datetime) -> Material:
    return idea_materials.make_material(idea=idea, by=by, at=at)
