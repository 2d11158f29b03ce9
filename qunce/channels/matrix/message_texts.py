"""The text of a message as its readers see it: pure, in time linear in its length.

Clients show the formatted text where there is one, whatever the plain one says. An advert
could otherwise be in the one that nobody checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from selectolax.lexbor import LexborHTMLParser

MENTION = "https://matrix.to/"
HTML = "org.matrix.custom.html"
MAX_TAGS = 3_000
"""Documents of more are read without a tree: nested ones take quadratic time."""
TAG = re.compile(r"<[^<>]*>")
MAX_LENGTH = 70_000
"""An event has at most 65,536 bytes."""
BLOCKS = "p, div, br, li, h1, h2, h3, h4, h5, h6, blockquote, pre, tr, hr"
HIDDEN = ["script", "style", "head", "title", "template"]


@dataclass(frozen=True)
class MessageBody:
    """`quoted` is what is answered, where a client repeats it before the answer."""

    text: str
    quoted: str = ""


def read(content: Mapping[str, Any]) -> MessageBody:
    body = content.get("body")
    plain = body[:MAX_LENGTH] if isinstance(body, str) else ""
    formatted = content.get("formatted_body")
    if content.get("format") == HTML and isinstance(formatted, str):
        shown, visible = _read_html(formatted[:MAX_LENGTH])
        if shown.text:
            plain = _split_answer(plain)[0] if shown.quoted else plain
            # Notifications show the plain one, so it counts where it says something else.
            if _letters(plain) not in _letters(visible):
                shown = replace(shown, text=f"{shown.text}\n{clean(plain)}")
            return shown
    relation = content.get("m.relates_to")
    is_answer = isinstance(relation, Mapping) and "m.in_reply_to" in relation
    text, quoted = _split_answer(plain) if is_answer else (plain, "")
    return MessageBody(clean(text), clean(quoted))


def _read_html(html: str) -> tuple[MessageBody, str]:
    """The text of a document with the addresses of its links, and without them."""
    if html.count("<") > MAX_TAGS:
        html = _without_tags(html)
    tree = LexborHTMLParser(html)
    tree.strip_tags(HIDDEN)
    for node in tree.css(BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n")
    for node in tree.css("img"):
        # Shown as its text where it cannot be loaded.
        node.replace_with(node.attributes.get("alt") or "")
    quoted = []
    for node in tree.css("mx-reply"):
        quoted.append(node.text())
        node.decompose()
    body = tree.body
    if body is None:
        return MessageBody(""), ""
    visible = body.text()
    for node in tree.css("a"):
        address = node.attributes.get("href") or ""
        is_mention = address.startswith(MENTION)
        # A link is not always the text that one sees.
        if address and not is_mention and address not in node.text():
            node.insert_after(f" ({address})")
    text = clean(_tidy(body.text()))
    return MessageBody(text, clean(_tidy("\n".join(quoted)))), visible


def _without_tags(html: str) -> str:
    """The text, and after it what the tags say, such as where links lead."""
    said = [tag[1:-1] for tag in TAG.findall(html) if "=" in tag]
    return "\n".join([TAG.sub("", html), *said]).replace("<", " ")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _split_answer(text: str) -> tuple[str, str]:
    """The answer, and the lines before it that repeat what it answers."""
    lines = text.split("\n")
    count = 0
    while count < len(lines) and lines[count].startswith("> "):
        count += 1
    if not count:
        return text, ""
    quoted = "\n".join(line[2:] for line in lines[:count])
    return "\n".join(lines[count:]).strip("\n"), quoted


def _tidy(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def clean(text: str) -> str:
    """The text without characters that no database can store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
