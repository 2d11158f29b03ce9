"""What a web page says about itself: title, description and the address of a picture."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from qunce.core import names
from qunce.outreach.ideas import links
from qunce.outreach.ideas.documents import decoding
from qunce.outreach.ideas.documents.results import PagePreview

MAX_TITLE_LENGTH, MAX_TEXT_LENGTH, MAX_URL_LENGTH = 80, 1_000, 2_000
MAX_FRAGMENT_LENGTH = 20_000
FEED_TYPES = ("application/rss+xml", "application/atom+xml")
SKIPPED = r"<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1\b[^<>]*>?|\Z)"
"""Comments and scripts. What is not closed goes to the end, so that it is read once."""
DESCRIBING = re.compile(
    SKIPPED
    + r"|(<(?:meta|link)\b(?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,4000}>)"
    r"|(<title\b[^<>]{0,200}>(?:[^<]|<(?!/title)){0,2000})",
    re.DOTALL | re.IGNORECASE,
)
TAG = re.compile(SKIPPED + r"|</?[a-z!?][^>]*(?:>|\Z)", re.DOTALL | re.IGNORECASE)


def parse(body: bytes, *, url: str, content_type: str = "") -> PagePreview:
    """Return what a page at `url` says about itself."""
    tree = LexborHTMLParser(_describing_tags(decoding.decode(body, content_type)))
    described: dict[str, str] = {}
    for meta in tree.css("meta"):
        values = meta.attributes
        name = (values.get("property") or values.get("name") or "").lower()
        described.setdefault(name, values.get("content") or "")
    heading = tree.css_first("title")
    titles = (
        described.get("og:title"),
        described.get("twitter:title"),
        heading.text() if heading is not None else "",
    )
    texts = (described.get("og:description"), described.get("description"))
    feeds = [
        link.attributes.get("href") or ""
        for link in tree.css("link[rel~=alternate]")
        if (link.attributes.get("type") or "").lower() in FEED_TYPES
    ]
    return PagePreview(
        title=shorten(next(filter(None, titles), ""), MAX_TITLE_LENGTH),
        description=shorten(next(filter(None, texts), ""), MAX_TEXT_LENGTH),
        picture_url=absolute_url(url, described.get("og:image", "")),
        feed_url=absolute_url(url, feeds[0]) if feeds else "",
    )


def _describing_tags(html: str) -> str:
    """The tags that say something about the page, all of them beside each other.

    The time that the library takes grows with the square of the depth: half a megabyte of
    tags that are never closed would keep it busy for minutes.
    """
    found = DESCRIBING.finditer(html)
    return "".join(
        match[2] or f"{match[3]}</title>" for match in found if match[2] or match[3]
    )


def absolute_url(base: str, link: str) -> str:
    """Return a complete http or https address for a link in a document, else ""."""
    link = link.strip()
    if not link or len(link) > MAX_URL_LENGTH:
        return ""
    try:
        url = urljoin(base, link)
    except ValueError:
        return ""
    return url if links.is_complete(url) and len(url) <= MAX_URL_LENGTH else ""


def plain_text(html: str) -> str:
    """Return the text of a fragment of HTML, without its tags and scripts."""
    if "<" not in html and "&" not in html:
        return html
    # Only names of characters are left for the library; see _describing_tags.
    tree = LexborHTMLParser(TAG.sub(" ", html[:MAX_FRAGMENT_LENGTH]))
    return tree.body.text() if tree.body is not None else ""


def shorten(text: str, limit: int) -> str:
    """Return the text on one line, with at most `limit` characters."""
    line = names.clean("".join(char if char.isprintable() else " " for char in text))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
