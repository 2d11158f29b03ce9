"""Parses RSS 2.0, RSS 1.0 and Atom. The documents are not trusted.

The XML is read as a stream with limits on depth, elements and lengths, in time that grows
with its size only. Declarations of entities are refused. feedparser was tried first: of
240 KB of unclosed tags it makes 12 seconds of work, in which no other thread runs.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import ParseError

import defusedxml
from defusedxml.ElementTree import DefusedXMLParser

from qunce.outreach.ideas.documents import decoding, html_pages
from qunce.outreach.ideas.documents.results import (
    BROKEN,
    FORBIDDEN,
    NOT_A_FEED,
    Entry,
    FeedDocument,
)

MAX_DEPTH, MAX_ELEMENTS, MAX_ENTRIES = 60, 100_000, 200
MAX_FIELD_LENGTH, HEAD_LENGTH = 20_000, 2_000
ATOM, RSS_1, DUBLIN_CORE = (
    "http://www.w3.org/2005/Atom",
    "http://purl.org/rss/1.0/",
    "http://purl.org/dc/elements/1.1/",
)
CONTENT = "http://purl.org/rss/1.0/modules/content/"
XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
ROOTS = {
    "rss": ("rss", "channel"),
    f"{{{ATOM}}}feed": ("feed",),
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF": ("RDF",),
}
"""Root element → the elements around each entry."""
FIELDS = {
    "title": "title",
    "link": "link",
    "guid": "id",
    "id": "id",
    "description": "summary",
    "summary": "summary",
    "content": "content",
    f"{{{CONTENT}}}encoded": "content",
    "pubDate": "published",
    "published": "published",
    "updated": "updated",
    f"{{{DUBLIN_CORE}}}date": "published",
}
"""Element of an entry, without the namespaces of feeds → the field that it fills."""
DECLARATION = re.compile(r"<\?xml[^>]{0,200}>")
DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]{0,500}>")
INVALID_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
NAMED = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)(\w{1,31};)?"
)


class NotAFeed(Exception):
    """The document is well-formed, and something else."""


class OverLimit(Exception):
    """The document is deeper or larger than any feed."""


def parse(body: bytes, *, url: str, content_type: str = "") -> FeedDocument:
    """Return the entries of a feed at `url`, or the code of an error."""
    text = INVALID_CHARACTERS.sub("", decoding.decode(body, content_type))
    text = text.lstrip("\ufeff").lstrip()
    if (declaration := DECLARATION.match(text)) is not None:
        text = text[declaration.end() :].lstrip()
    text = DOCTYPE.sub("", text[:HEAD_LENGTH], count=1) + text[HEAD_LENGTH:]
    try:
        try:
            reader = _read(text)
        except ParseError:
            # Bare ampersands and HTML's names of characters are the usual mistakes.
            reader = _read(NAMED.sub(_escape, text))
    except ParseError:
        return FeedDocument(error=BROKEN if "<rss" in text[:500] else NOT_A_FEED)
    except NotAFeed:
        return FeedDocument(error=NOT_A_FEED)
    except (defusedxml.DefusedXmlException, OverLimit):
        return FeedDocument(error=FORBIDDEN)
    return _to_document(reader, url)


def _read(text: str) -> Reader:
    reader = Reader()
    parser = DefusedXMLParser(target=reader, forbid_dtd=True)
    parser.feed(text)
    parser.close()
    return reader


def _escape(match: re.Match[str]) -> str:
    name = match[1] or ""
    known = html.entities.html5.get(name)
    return known if known is not None else f"&amp;{name}"


@dataclass
class Raw:
    """The texts of an entry as they are written; `types` are those of Atom."""

    texts: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    base: str = ""
    is_permanent: bool = True


class Reader:
    """Collects the entries while the parser reads; it never builds a tree."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.around: tuple[str, ...] = ()
        self.feed, self.entries = Raw(), list[Raw]()
        self.entry: Raw | None = None
        self.field, self.field_depth, self.count = "", 0, 0
        self.is_full = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.count += 1
        if not self.path:
            if tag not in ROOTS:
                raise NotAFeed
            self.around = ROOTS[tag]
            self.feed.base = attributes.get(XML_BASE, "")
        if len(self.path) >= MAX_DEPTH or self.count > MAX_ELEMENTS:
            raise OverLimit
        namespace, _brace, local = tag.removeprefix("{").rpartition("}")
        self.path.append(local)
        if self.field:
            return
        is_own = namespace in ("", ATOM, RSS_1)
        parents = tuple(self.path[:-1])
        is_entry = is_own and local in ("item", "entry") and parents == self.around
        if self.entry is None and is_entry:
            self.entry = Raw(base=attributes.get(XML_BASE, ""))
            return
        self._start_field(FIELDS.get(local if is_own else tag, ""), attributes)

    def _start_field(self, name: str, attributes: Mapping[str, str]) -> None:
        depth = len(self.path) - 1
        target, inside = self.feed, len(self.around)
        if self.entry is not None:
            target, inside = self.entry, inside + 1
        elif self.path[0] == "RDF":
            inside = 2
        if not name or depth != inside or name in target.texts:
            return
        if name == "link" and "href" in attributes:
            if attributes.get("rel", "alternate") == "alternate":
                target.texts["link"] = attributes["href"]
            return
        if name == "id":
            target.is_permanent = attributes.get("isPermaLink", "true") != "false"
        self.field, self.field_depth = name, depth + 1
        target.texts[name] = ""
        target.types[name] = attributes.get("type", "")

    def data(self, text: str) -> None:
        if self.field:
            texts = (self.entry or self.feed).texts
            if len(texts[self.field]) < MAX_FIELD_LENGTH:
                texts[self.field] += text[:MAX_FIELD_LENGTH]

    def end(self, tag: str) -> None:
        if self.field and len(self.path) == self.field_depth:
            self.field = ""
        self.path.pop()
        if self.entry is not None and len(self.path) == len(self.around):
            if len(self.entries) < MAX_ENTRIES:
                self.entries.append(self.entry)
            self.entry = None

    def close(self) -> None:
        """The parser calls it at the end."""


def _to_document(reader: Reader, url: str) -> FeedDocument:
    is_atom = reader.around == ("feed",)
    base = html_pages.absolute_url(url, reader.feed.base) or url
    found: dict[str, Entry] = {}
    for raw in reader.entries:
        entry = _to_entry(raw, base, is_atom)
        if entry is not None:
            found.setdefault(entry.key, entry)
    # Sorting is stable, so that entries without dates keep the order of the document.
    oldest = datetime.min.replace(tzinfo=UTC)
    entries = sorted(
        found.values(), key=lambda each: each.published_at or oldest, reverse=True
    )
    title = _text_of(reader.feed, "title", is_atom)
    return FeedDocument(
        html_pages.shorten(title, html_pages.MAX_TITLE_LENGTH), tuple(entries)
    )


def _to_entry(raw: Raw, base: str, is_atom: bool) -> Entry | None:
    base = html_pages.absolute_url(base, raw.base) or base
    written, link = raw.texts.get("id", "").strip(), raw.texts.get("link", "")
    if not link.strip() and raw.is_permanent and written.startswith("http"):
        link = written
    url = html_pages.absolute_url(base, link.replace("&amp;", "&"))
    texts = [_text_of(raw, name, is_atom) for name in ("title", "summary", "content")]
    title = html_pages.shorten(
        next((text for text in (*texts, url) if text.strip()), ""),
        html_pages.MAX_TITLE_LENGTH,
    )
    if not title:
        return None
    published = raw.texts.get("published") or raw.texts.get("updated") or ""
    identity = written or url or f"{title}\n{published}"
    return Entry(
        key=hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest(),
        title=title,
        text=html_pages.shorten(texts[1] or texts[2], html_pages.MAX_TEXT_LENGTH),
        url=url,
        published_at=_parse_date(published),
    )


def _text_of(raw: Raw, name: str, is_atom: bool) -> str:
    text = raw.texts.get(name, "")
    # Atom says which texts are HTML; RSS does not.
    is_plain = is_atom and raw.types.get(name, "") in ("", "text", "xhtml")
    return text if is_plain else html_pages.plain_text(text)


def _parse_date(text: str) -> datetime | None:
    text = text.strip()[:60]
    for parser in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parser(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(
                UTC
            )
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
