"""Names of members, tags and groups, as they are stored wherever they come from."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0001]"
)
"""Characters that show nothing: soft hyphens, joiners, marks of direction, fillers."""
JOINERS = "\u200c\u200d"
JOINED_SCRIPTS = "\u0600-\u06ff\u0900-\u0dff"
"""Scripts whose words are spelled with joiners, such as Persian and Hindi."""
NEEDS_JOINER = re.compile(f"[{JOINED_SCRIPTS}]")


def clean(name: str) -> str:
    """Return the name in NFC, on one line, with single spaces and nothing invisible."""
    if not name.isascii():
        # Two names that look the same would be two.
        name = INVISIBLE.sub(_keep_joiner, unicodedata.normalize("NFC", name))
    return " ".join(name.split())


def read_cell(text: str) -> str | None:
    """Return the cleaned name in a cell, None if there is nothing to see."""
    return clean(text) or None


def copy_of(name: str, *, limit: int = 80) -> str:
    """Return the name of a copy, such as “Copy of Sale”, of at most `limit` characters."""
    text = _("Copy of %(name)s") % {"name": name}
    excess = len(text) - limit
    if excess <= 0:
        return text
    return _("Copy of %(name)s") % {"name": f"{name[: -excess - 1]}…"}


def _keep_joiner(match: re.Match[str]) -> str:
    """Return a joiner between two emoji, or letters of JOINED_SCRIPTS, else nothing."""
    sign, text = match.group(), match.string
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    if sign not in JOINERS or not before or not after:
        return ""
    is_between_emoji = sign == "\u200d" and ord(before) > 0x2000 < ord(after)
    is_spelling = NEEDS_JOINER.match(before) and NEEDS_JOINER.match(after)
    return sign if is_between_emoji or is_spelling else ""
