"""Downloads and parses one document. It uses no database, so that any thread may call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from qunce.core.web import downloads
from qunce.core.web.downloads import Download
from qunce.outreach.ideas import download_errors
from qunce.outreach.ideas.documents import feed_documents, html_pages
from qunce.outreach.ideas.documents.results import NOT_A_FEED, FeedDocument, PagePreview

MAX_FEED_BYTES, MAX_PAGE_BYTES = 2_000_000, 500_000
USER_AGENT = "Qunce/1 (idea box)"
FEED_TYPES = (
    "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, "
    "*/*;q=0.1"
)
PAGE_TYPES = ("text/html", "application/xhtml+xml")
MAX_HEADER_LENGTH = 200
MAX_RETRY_AFTER = 2 * 86_400


@dataclass(frozen=True)
class Outcome:
    """`document` or `preview` is there unless there is an `error` or nothing is new."""

    error: str = ""
    status: int = 0
    document: FeedDocument | None = None
    preview: PagePreview | None = None
    etag: str = ""
    last_modified: str = ""
    retry_after: int = 0


def read_feed(url: str, *, etag: str = "", last_modified: str = "") -> Outcome:
    """Download a feed, unless its server answers that it is unchanged."""
    headers = {"User-Agent": USER_AGENT, "Accept": FEED_TYPES}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    found = downloads.get(url, headers=headers, max_bytes=MAX_FEED_BYTES)
    if found.is_unchanged:
        return Outcome(status=found.status, etag=etag, last_modified=last_modified)
    if failed := _failure(found):
        return failed
    content_type = found.headers.get("content-type", "")
    document = feed_documents.parse(
        found.body, url=found.url, content_type=content_type
    )
    if document.error:
        suggestion = ""
        if document.error == NOT_A_FEED:
            page = html_pages.parse(
                found.body[:MAX_PAGE_BYTES], url=found.url, content_type=content_type
            )
            suggestion = page.feed_url
        return Outcome(
            document.error, found.status, FeedDocument(suggestion=suggestion)
        )
    return Outcome(
        status=found.status,
        document=document,
        etag=_header(found.headers, "etag"),
        last_modified=_header(found.headers, "last-modified")[:100],
    )


def read_page(url: str) -> Outcome:
    """Download the beginning of a page. A file that is not a page has an empty preview."""
    headers = {"User-Agent": USER_AGENT, "Accept": "text/html, */*;q=0.1"}
    found = downloads.get(url, headers=headers, max_bytes=MAX_PAGE_BYTES, is_cut=True)
    if failed := _failure(found):
        return failed
    content_type = found.headers.get("content-type", "text/html")
    preview = PagePreview()
    if content_type.partition(";")[0].strip().lower() in PAGE_TYPES:
        preview = html_pages.parse(found.body, url=found.url, content_type=content_type)
    return Outcome(status=found.status, preview=preview)


def _failure(found: Download) -> Outcome | None:
    if found.error:
        return Outcome(found.error, found.status)
    if found.status != HTTPStatus.OK:
        return Outcome(
            download_errors.STATUS,
            found.status,
            retry_after=_retry_after(found.headers),
        )
    return None


def _retry_after(headers: Mapping[str, str]) -> int:
    """Seconds that the server asks to wait; a date, or nonsense, counts as 0."""
    text = headers.get("retry-after", "")
    is_number = text.isascii() and text.isdigit() and len(text) < 8
    return min(int(text), MAX_RETRY_AFTER) if is_number else 0


def _header(headers: Mapping[str, str], name: str) -> str:
    """A header that can be sent back, else ""."""
    text = headers.get(name, "")
    is_sendable = text.isascii() and text.isprintable()
    return text if is_sendable and len(text) <= MAX_HEADER_LENGTH else ""
