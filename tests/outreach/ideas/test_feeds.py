"""Feeds and links are read by the worker, through the guard, and once per entry."""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.core.web import addresses, downloads
from qunce.outreach.ideas import (
    archive,
    download_errors,
    due_downloads,
    feeds,
    ideas,
    pasted_links,
    web_reader,
)
from qunce.outreach.ideas.models import Feed, Idea, InvalidFeed, LinkReading
from tests import factories
from tests.factories import AT
from tests.outreach.ideas.web_site import Site, item, rss

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def add(by: Staff, url: str) -> Feed:
    return feeds.add(community=by.community, url=url, by=by, at=AT)


def titles(feed: Feed) -> list[str]:
    rows = Idea.objects.filter(feed=feed).order_by("pk")
    return list(rows.values_list("title", flat=True))


def fresh(feed: Feed) -> Feed:
    return Feed.objects.get(pk=feed.pk)


def test_new_entries_become_ideas_once(by: Staff, site: Site) -> None:
    url = site.put("/feed", rss(*(item(n) for n in range(15))), etag='"v1"')
    feed = feeds.add(
        community=by.community, url=url, content_type="fun", tags=["新闻"], by=by, at=AT
    )
    assert due_downloads.read_due(at=AT) == 1
    # Of the first fetch the newest ten, and never the others.
    assert titles(feed) == [f"Entry {n}" for n in range(10)]
    feed = fresh(feed)
    assert (feed.title, feed.new_count, feed.error) == ("Coffee news", 10, "")
    idea = Idea.objects.get(title="Entry 3")
    assert (idea.source, idea.content_type, idea.tags) == ("feed", "fun", ["新闻"])
    assert due_downloads.read_due(at=AT + MINUTE) == 0
    # Unchanged: the server is asked with what it said.
    assert due_downloads.read_due(at=AT + HOUR) == 1
    assert site.requests[-1][1]["if-none-match"] == '"v1"'
    assert fresh(feed).new_count == 0
    # An idea that was archived does not come back, and a link is in the box once.
    archive.archive(idea=idea, by=by, at=AT)
    factories_url = "https://news.example/known/"
    ideas.create(community=by.community, title="Mine", url=factories_url, by=by, at=AT)
    new = [item(100 + n) for n in range(22)] + [item(3, title="Renamed")]
    known = item(50, link="http://news.example/known?utm_source=rss")
    site.put("/feed", rss(known, *new), etag='"v2"')
    due_downloads.read_due(at=AT + 3 * HOUR)
    assert (fresh(feed).new_count, fresh(feed).known_count) == (19, 1)
    # Three were too many, so that the server is not asked whether it has changed.
    due_downloads.read_due(at=AT + 5 * HOUR)
    assert "if-none-match" not in site.requests[-1][1]
    assert titles(feed)[10:] == [f"Entry {100 + n}" for n in range(22)]
    due_downloads.read_due(at=AT + 7 * HOUR)
    assert len(titles(feed)) == 32


def test_feed_that_nobody_sorts_brings_no_more(
    by: Staff, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_UNSORTED_IDEAS", 2)
    feed = add(by, site.put("/feed", rss(item(1), item(2), item(3))))
    due_downloads.read_due(at=AT)
    assert titles(feed) == ["Entry 1", "Entry 2"]
    assert feeds.is_full(feed)
    site.put("/feed", rss(item(4), item(1)))
    archive.archive(idea=Idea.objects.get(title="Entry 1"), by=by, at=AT)
    due_downloads.read_due(at=AT + HOUR)
    assert titles(feed) == ["Entry 1", "Entry 2", "Entry 4"]


def test_feed_that_fails_waits_longer_and_stops_no_other(by: Staff, site: Site) -> None:
    bad = add(by, site.base + "/gone")
    good = add(by, site.put("/feed", rss(item(1))))
    due_downloads.read_due(at=AT)
    assert titles(good) == ["Entry 1"]
    row, at, pauses = fresh(bad), AT, []
    for _attempt in range(12):
        pauses.append(row.due_at - at if row.due_at else None)
        at = row.due_at or at
        due_downloads.read_due(at=at)
        row = fresh(bad)
    assert pauses[:3] == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE]
    assert pauses[-1] == feeds.MAX_PAUSE
    assert (row.error, row.status, row.failing_since) == ("status", 404, AT)
    what, remedy = download_errors.describe(row.error, row.status)
    assert what == "The server answered with status 404."
    assert remedy.startswith("Open the address")
    feeds.fetch_soon(feed=row, by=by, at=at)
    site.put("/gone", rss(item(2)))
    due_downloads.read_due(at=at)
    row = fresh(bad)
    assert (row.error, row.attempts, row.failing_since) == ("", 0, None)
    assert titles(bad) == ["Entry 2"]


def test_server_that_asks_to_wait_is_left_alone(by: Staff, site: Site) -> None:
    url = site.put("/busy", status=429, headers={"Retry-After": "7200"})
    feed = add(by, url)
    due_downloads.read_due(at=AT)
    assert fresh(feed).due_at == AT + 2 * HOUR


def test_what_is_no_feed_is_refused(by: Staff, site: Site) -> None:
    page = '<link rel=alternate type="application/rss+xml" href="/real.xml"><h1>Hi'
    cases = {
        "not_a_feed": site.put("/page", page),
        "broken_xml": site.put("/broken", "<rss><channel>"),
        "forbidden_xml": site.put("/bomb", '<!DOCTYPE r [<!ENTITY a "b">]><rss/>'),
        "too_large": site.put("/large", b" " * 1_000_000, repeat=100),
        "compressed": site.put("/gz", b"x", headers={"Content-Encoding": "gzip"}),
        "redirects": site.put("/loop", status=302, headers={"Location": "/loop"}),
        "invalid_address": site.put("/file", status=301, headers={"Location": "file:///etc/passwd"}),
    }  # fmt: skip
    for error, url in cases.items():
        assert web_reader.read_feed(url).error == error
        assert download_errors.describe(error)[1]
    feed = add(by, cases["not_a_feed"])
    due_downloads.read_due(at=AT)
    assert fresh(feed).suggestion == site.base + "/real.xml"
    site.put(
        "/moved",
        status=308,
        headers={"Location": "/feed?é=1".encode().decode("latin-1")},
    )
    site.put("/feed?%C3%A9=1", rss(item(1, link="one")))
    found = web_reader.read_feed(site.base + "/moved").document
    assert found is not None
    assert found.entries[0].url == site.base + "/one"


def test_slow_server_has_a_deadline_and_delays_no_other(
    by: Staff, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_downloads, "MAX_SECONDS_TO_WAIT", 0.3)
    url = site.put("/drip", seconds_per_byte=0.02)
    found = downloads.get(url, headers={}, max_bytes=1_000, seconds=0.3)
    assert found.error == "timeout"
    for n in range(due_downloads.MAX_PARALLEL_PER_COMMUNITY + 1):
        add(by, f"{url}?{n}")
        site.put(f"/drip?{n}", seconds_per_byte=0.02)
    stranger = factories.staff(factories.community("tea"), "manager", "tea-boss")
    quick = add(stranger, site.put("/feed", rss(item(1))))
    due_downloads.read_due(at=AT)
    assert titles(quick) == ["Entry 1"]
    running = due_downloads._running
    assert list(running.values()) == [by.community.pk] * 4
    site.stopped.set()
    end = time.monotonic() + 10
    while running and time.monotonic() < end:
        due_downloads.read_due(at=AT)
    assert not running


def answer(*found: str) -> object:
    """What a resolver answers, one address after the other."""
    left = list(found)

    def getaddrinfo(host: str, port: int, **_options: object) -> list[object]:
        return [(0, 0, 0, "", (left.pop(0) if len(left) > 1 else left[0], port))]

    return getaddrinfo


def test_private_addresses_are_never_called(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = site.put("/secret", rss(item(1)))
    port = site.base.rpartition(":")[2]
    assert web_reader.read_feed(secret).document is not None
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    site.requests.clear()
    for url in (
        secret,
        f"http://localhost:{port}/secret",
        f"http://[::1]:{port}/secret",
        f"http://2130706433:{port}/secret",
        f"http://0x7f.1:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
    ):
        assert web_reader.read_feed(url).error == "private_address"
    assert web_reader.read_page("http://nobody.invalid/").error == "unknown_host"
    assert site.requests == []
    # The name is resolved once: a second answer, which is private, is never asked for.
    called: list[str] = []

    def connect(address: tuple[str, int], *_args: object, **_options: object) -> None:
        called.append(address[0])
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", answer("8.8.8.8", "127.0.0.1"))
    assert web_reader.read_feed("http://rebind.example/").error == "unreachable"
    assert called == ["8.8.8.8"]


def test_redirect_into_a_private_network_is_not_followed(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = site.base.rpartition(":")[2]
    site.put("/secret", rss(item(1)))
    site.put(
        "/go",
        status=302,
        headers={"Location": "http://inside.example:" + port + "/secret"},
    )
    resolved: list[str] = []
    real_resolver = socket.getaddrinfo

    def getaddrinfo(host: str, *given: Any, **options: Any) -> Any:
        if host != "127.0.0.1":
            resolved.append(host)
        return real_resolver("127.0.0.1", *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    # The first hop is let through as if it were public; the second one is checked again.
    real = addresses.is_public
    monkeypatch.setattr(
        addresses,
        "is_public",
        lambda text: resolved[-1] == "outside.example" or real(text),
    )
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    found = web_reader.read_feed(f"http://outside.example:{port}/go")
    assert found.error == "private_address"
    assert resolved[:2] == ["outside.example", "inside.example"]
    assert [path for path, _headers in site.requests] == ["/go"]


def test_page_of_a_link_fills_in_what_staff_left_out(by: Staff, site: Site) -> None:
    page = '<title>Pour over</title><meta name=description content="Slowly."><meta property="og:image" content="/p.png">'
    urls = [
        site.put("/a", page, content_type="text/html; charset=utf-8"),
        site.put("/b", b"\x89PNG", content_type="image/png"),
        site.base + "/missing",
        site.put("/large", page + " " * 900_000, content_type="text/html"),
    ]
    pasted = pasted_links.paste(
        community=by.community,
        text=f"mine: {urls[3]}\n" + "\n".join(urls[:3]),
        by=by,
        at=AT,
    )
    large, plain, picture, missing = pasted.added
    assert due_downloads.read_due(at=AT) == 4
    plain = ideas.get(by=by, pk=plain.pk)
    assert (plain.title, plain.note) == ("Pour over", "Slowly.")
    assert plain.picture_url == site.base + "/p.png"
    # The picture itself is not downloaded.
    assert "/p.png" not in [path for path, _headers in site.requests]
    large = ideas.get(by=by, pk=large.pk)
    assert (large.title, large.note) == ("Pour over", "mine")
    assert ideas.get(by=by, pk=picture.pk).title.endswith("/b")
    reading = LinkReading.objects.get()
    assert (reading.idea_id, reading.error, reading.due_at) == (
        missing.pk,
        "status",
        None,
    )
    site.put("/missing", page, content_type="text/html")
    ideas.update(idea=missing, title="My own title", by=by, at=AT)
    pasted_links.read_again(idea=missing, by=by, at=AT)
    due_downloads.read_due(at=AT)
    missing = ideas.get(by=by, pk=missing.pk)
    assert (missing.title, missing.note) == ("My own title", "Slowly.")
    # Another link has another page.
    pasted_links.read_again(idea=missing, by=by, at=AT)
    ideas.update(idea=missing, url="https://other.example/", by=by, at=AT)
    assert missing.picture_url == ""
    assert not LinkReading.objects.exists()


def test_feeds_are_paused_removed_and_added_again(by: Staff, site: Site) -> None:
    url = site.put("/feed", rss(item(1)))
    feed = add(by, url)
    with pytest.raises(InvalidFeed, match="has this address already"):
        add(by, url + "/")
    for bad in (
        "javascript:alert(1)",
        "feed.xml",
        "https://u:p@x.example/",
        "ftp://x.example/",
    ):
        with pytest.raises(InvalidFeed, match="not the address of a feed"):
            add(by, bad)
    with pytest.raises(InvalidFeed, match="no field “url”"):
        feeds.update(feed=feed, url="x", by=by, at=AT)
    claim = due_downloads.claim_due(at=AT)[0]
    feeds.pause(feed=feed, by=by, at=AT)
    # What is downloaded now is not recorded.
    due_downloads.record(claim, web_reader.read_feed(url), at=AT)
    assert titles(feed) == []
    assert due_downloads.read_due(at=AT + HOUR) == 0
    with pytest.raises(errors.Refused, match="paused"):
        feeds.fetch_soon(feed=feed, by=by, at=AT)
    feeds.resume(feed=feed, by=by, at=AT)
    assert due_downloads.read_due(at=AT) == 1
    feeds.remove(feed=feed, by=by, at=AT)
    with pytest.raises(errors.NotFound):
        feeds.get(by=by, pk=feed.pk)
    assert due_downloads.read_due(at=AT + 9 * HOUR) == 0
    assert add(by, url).pk == feed.pk
    due_downloads.read_due(at=AT + 9 * HOUR)
    assert titles(feed) == ["Entry 1"]
    viewer = factories.staff(by.community, "viewer", "v")
    with pytest.raises(permissions.NotAllowed):
        add(viewer, "https://x.example/feed")


def test_error_in_one_record_keeps_no_other_waiting(
    by: Staff, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = add(by, site.put("/bad", rss(item(1, title="poison"))))
    good = add(by, site.put("/good", rss(item(2))))
    real = ideas.store

    def store(idea: Idea, **given: object) -> Idea:
        if idea.title == "poison":
            raise RuntimeError
        return real(idea, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(ideas, "store", store)
    assert due_downloads.read_due(at=AT) == 2
    assert (fresh(bad).error, titles(bad), titles(good)) == (
        "internal",
        [],
        ["Entry 2"],
    )
