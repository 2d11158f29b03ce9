"""Links in pasted text, and when two of them are the same."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from qunce.core import names, text_validation
from qunce.core.web import addresses

LINK = re.compile(
    r"https?://[^\s<>\"“”‘’「」《》【】（）()，。；、！？|\\^`{}]+", re.IGNORECASE
)
LAST_MARKS = ".,;:!?'…"
TRACKING = re.compile(r"(?:utm_\w+|spm|fbclid|gclid)=")
"""Parameters that name where a visitor came from, not the page."""


@dataclass(frozen=True)
class PastedLink:
    """`text` is the rest of its line, if the line has no other link."""

    url: str
    text: str


def find_all(text: str) -> list[PastedLink]:
    """Return the links of a text in their order, each once."""
    found: dict[str, PastedLink] = {}
    lines = text.splitlines()
    links = [
        [match.group().rstrip(LAST_MARKS) for match in LINK.finditer(line)]
        for line in lines
    ]
    is_single = sum(map(len, links)) == 1
    for line, urls in zip(lines, links, strict=True):
        rest = text if is_single else line
        for url in urls:
            note = (
                rest.replace(url, "", 1).strip(" \t\r\n:：-—|")
                if len(urls) == 1
                else ""
            )
            if is_complete(url):
                found.setdefault(key_of(url), PastedLink(url, note))
    return list(found.values())


def is_complete(url: str) -> bool:
    """Whether it is a complete http or https address; letters of any language may follow."""
    if re.search(r"[\s\x00-\x1f\x7f\\]", url) or "\ufffd" in url:
        return False
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in addresses.DEFAULT_PORTS and parts.port != 0
    except ValueError:  # letters that would become marks, or digits of another script
        return False
    ascii_form = url.encode("ascii", "ignore").decode()
    return (
        is_web
        and text_validation.is_valid(url)
        and addresses.parse(ascii_form) is not None
    )


def key_of(url: str) -> str:
    """Return the digest that two addresses of one page have in common; "" for ""."""
    if not url:
        return ""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = "&".join(
        part for part in parts.query.split("&") if part and not TRACKING.match(part)
    )
    # Some pages tell their parts apart by what follows "#!" or "#/".
    fragment = parts.fragment if parts.fragment[:1] in ("!", "/") else ""
    same = f"{host}{port}{parts.path.rstrip('/')}?{query}#{fragment}"
    return hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()


def short_form(url: str, limit: int) -> str:
    """Return host and path of an address, which is a title until the page's is read."""
    parts = urlsplit(url)
    text = names.clean(f"{parts.hostname or ''}{parts.path.rstrip('/')}")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
