"""`qunce idea-feeds`: feeds whose new entries become ideas."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.outreach.ideas import download_errors, feeds
from qunce.outreach.ideas.models import Feed, FeedState

FEED_HELP = N_("number of the feed")

idea_feeds = base.Group("idea-feeds")


def _to_json(feed: Feed) -> dict[str, Any]:
    problem, remedy = download_errors.describe(feed.error, feed.status)
    return {
        "id": feed.pk,
        "title": feed.title,
        "url": feed.url,
        "state": feed.state,
        "content_type": feed.content_type,
        "tags": feed.tags,
        "fetched_at": feed.fetched_at.isoformat() if feed.fetched_at else None,
        "new_ideas": feed.new_count,
        "problem": problem,
        "remedy": remedy,
        "suggestion": feed.suggestion,
    }


def _answer(invocation: Invocation, feed: Feed, *lines: str) -> None:
    state = FeedState(feed.state).label
    text = _("Feed %(id)s “%(title)s”: %(state)s.") % {
        "id": feed.pk,
        "title": feed.title,
        "state": state,
    }
    invocation.out.answer(_to_json(feed), text, *lines)


@idea_feeds.command(
    "list", help=N_("List the feeds and the results of their last fetch")
)
@options.pass_invocation
def list_feeds(invocation: Invocation) -> None:
    rows = [_to_json(feed) for feed in feeds.list_visible(invocation.by)]
    invocation.out.write_list(
        "feeds",
        rows,
        lambda row: (
            f"{row['id']:>6} {row['title']}  {row['url']}  {row['problem']}".rstrip()
        ),
    )


@idea_feeds.command("add", help=N_("Add a feed, which the server then reads each hour"))
@base.argument("url", help=N_("address of RSS or Atom"))
@base.option("--title", default="", help=N_("name; the feed's own without one"))
@base.option(
    "--type", "content_type", default="knowledge", help=N_("content type of its ideas")
)
@base.option("--tag", "tags", multiple=True, help=N_("tag of its ideas; repeatable"))
@options.pass_invocation
def add(invocation: Invocation, **fields: Any) -> None:
    _answer(invocation, feeds.add(**fields, **invocation.query_args))


@idea_feeds.command("change", help=N_("Change a feed; fields that are left out stay"))
@base.argument("feed", type=int, help=FEED_HELP)
@base.option("--title", help=N_("name"))
@base.option("--type", "content_type", help=N_("content type of its ideas"))
@base.option("--tag", "tags", multiple=True, help=N_("tag of its ideas; repeatable"))
@options.pass_invocation
def change(invocation: Invocation, feed: int, **fields: Any) -> None:
    found = feeds.get(by=invocation.by, pk=feed)
    given = {name: value for name, value in fields.items() if value not in (None, ())}
    feeds.update(feed=found, **given, **invocation.verb_args)
    _answer(invocation, found)


@idea_feeds.command("pause", help=N_("Pause a feed"))
@base.argument("feed", type=int, help=FEED_HELP)
@options.pass_invocation
def pause(invocation: Invocation, feed: int) -> None:
    found = feeds.get(by=invocation.by, pk=feed)
    feeds.pause(feed=found, **invocation.verb_args)
    _answer(invocation, found)


@idea_feeds.command("resume", help=N_("Resume a paused feed"))
@base.argument("feed", type=int, help=FEED_HELP)
@options.pass_invocation
def resume(invocation: Invocation, feed: int) -> None:
    found = feeds.get(by=invocation.by, pk=feed)
    feeds.resume(feed=found, **invocation.verb_args)
    _answer(invocation, found)


@idea_feeds.command("remove", help=N_("Remove a feed; its ideas stay"))
@base.argument("feed", type=int, help=FEED_HELP)
@options.pass_invocation
def remove(invocation: Invocation, feed: int) -> None:
    found = feeds.get(by=invocation.by, pk=feed)
    feeds.remove(feed=found, **invocation.verb_args)
    _answer(invocation, found, _("Removed. Its ideas stay."))


@idea_feeds.command("fetch", help=N_("Let the server read a feed next"))
@base.argument("feed", type=int, help=FEED_HELP)
@options.pass_invocation
def fetch(invocation: Invocation, feed: int) -> None:
    found = feeds.get(by=invocation.by, pk=feed)
    feeds.fetch_soon(feed=found, **invocation.verb_args)
    _answer(invocation, found, _("The server reads it within seconds."))
