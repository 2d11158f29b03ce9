"""Tracked links: the addresses in messages, replaced by short ones of our own.

A short address names the message that it is in, so that a click belongs to the member.
It leads only to the address that the message had: the target is read from the table, and
never from the request.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction

from qunce.core import db, personal_texts
from qunce.core.communities import Community
from qunce.outreach.links import tokens
from qunce.outreach.links.tokens import Token
from qunce.outreach.sending.ledger import Origin

PATH = "/l/"
MAX_URL_LENGTH = 2_000
A_URL = re.compile(r"https?://[!#-;=?-Z\[\]_a-z~]+", re.IGNORECASE | re.ASCII)
"""An address ends at the first sign that is not ASCII, as chat apps read it: in
"https://example.org/tea好喝" the last two characters belong to the sentence."""
TRAILING = ".,;:!?'"
"""Signs that end a sentence and not the address."""
BRACKETS = {")": "(", "]": "["}
"""So do closing brackets that were not opened in the address."""


@personal_texts.erased_in("url")
class TrackedLink(models.Model):
    """An address that messages of a community lead to. `digest` is its SHA-256.

    `previews` counts requests of programs, which are no clicks.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=32)
    url = models.TextField()
    previews = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "digest"], name="one_link_per_address"
            )
        ]

    def __str__(self) -> str:
        return self.url


def find_urls(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return [text[start:end] for start, end in _spans(text)]


def _spans(text: str) -> Iterable[tuple[int, int]]:
    for found in A_URL.finditer(text):
        start, end = found.span()
        while _is_after_end(text[start:end]):
            end -= 1
        host = text[start:end].partition("//")[2]
        if host and end - start <= MAX_URL_LENGTH:
            yield start, end


def _is_after_end(url: str) -> bool:
    """Whether the last sign belongs to the sentence around the address."""
    last = url[-1:]
    if last in BRACKETS:
        return url.count(last) > url.count(BRACKETS[last])
    return last != "" and last in TRAILING


def is_on() -> bool:
    """Whether the installation has an address that members can reach."""
    return bool(settings.PUBLIC_URL)


def differs_by_target(text: str) -> bool:
    """Whether each target gets other characters, as the text has an address."""
    return is_on() and bool(find_urls(text))


@dataclass(frozen=True)
class AddressedText:
    """The text of the message of one origin to one target."""

    text: str
    origin_id: int
    target: int


def shorten(
    texts: Sequence[AddressedText],
    *,
    community: Community,
    origin: Origin,
    is_group: bool,
    written: Iterable[str],
) -> list[str]:
    """Texts with short addresses in the place of those that staff wrote, in their order.

    `written` are the texts before variables were filled in. An address of another site
    comes from a member's name or another value and stays as it is: else a member could
    make our address lead wherever they like. So do all addresses without a public address
    of this installation.
    """
    sites = {_site(url) for text in written for url in find_urls(text)}
    if not (sites and is_on()):
        return [each.text for each in texts]
    found = {
        url for each in texts for url in find_urls(each.text) if _site(url) in sites
    }
    if not found:
        return [each.text for each in texts]
    links = _ensure(community, found)
    return [
        _replace(
            each.text,
            {
                url: _short(
                    Token(links[url], origin, each.origin_id, each.target, is_group)
                )
                for url in find_urls(each.text)
                if url in links
            },
        )
        for each in texts
    ]


def _site(url: str) -> str:
    return re.split(r"[/?#]", url.partition("//")[2], maxsplit=1)[0].lower()


def _short(token: Token) -> str:
    return f"{settings.PUBLIC_URL}{PATH}{tokens.encode(token)}"


def _replace(text: str, short: Mapping[str, str]) -> str:
    parts, done = [], 0
    for start, end in _spans(text):
        url = text[start:end]
        parts += [text[done:start], short.get(url, url)]
        done = end
    return "".join([*parts, text[done:]])


INSERT = """
INSERT INTO outreach_trackedlink (community_id, digest, url, previews) VALUES """


def _ensure(community: Community, urls: Iterable[str]) -> dict[str, int]:
    """Address → the id of its link, which is created if it is new."""
    by_digest = {_digest(url): url for url in urls}
    with transaction.atomic():
        known = _find(community, by_digest)
        new = [digest for digest in sorted(by_digest) if digest not in known]
        rows = [[community.pk, digest, by_digest[digest], 0] for digest in new]
        db.insert(INSERT, rows, on_conflict="ON CONFLICT DO NOTHING")
        if new:
            known |= _find(community, new)
    return {url: known[digest] for digest, url in by_digest.items()}


def _find(community: Community, digests: Iterable[bytes]) -> dict[bytes, int]:
    rows = TrackedLink.objects.filter(community=community, digest__in=list(digests))
    return {bytes(digest): pk for digest, pk in rows.values_list("digest", "pk")}


def _digest(url: str) -> bytes:
    return hashlib.sha256(url.encode()).digest()
