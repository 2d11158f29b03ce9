"""The voice of a community: words that texts for members never say.

Verbs that save such texts call `check`, so that it holds for pages, programs, commands and
files alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.insight.positioning import sheets
from qunce.insight.positioning.sheet import Word

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
Text = tuple["StrOrPromise", str]
"""What the text is, such as “The text” or “Variant B”, and the text."""


class NeverSaid(errors.Refused):
    """A text has a word that the positioning sheet says never to say."""


@dataclass(frozen=True)
class Use:
    """A word that is never said, and the text that has it."""

    label: str
    word: Word


def check(community: Community, texts: Iterable[Text]) -> None:
    """Raise NeverSaid for the first text with a word of the list."""
    written = [(label, text) for label, text in texts if text.strip()]
    if not written:
        return
    for use in find_uses(sheets.load(community).never_say, written):
        values = {
            "field": use.label,
            "word": use.word.word,
            "instead": use.word.instead,
        }
        if use.word.instead:
            raise NeverSaid(
                _(
                    "%(field)s says “%(word)s”, which the positioning sheet says never to"
                    " say. Say “%(instead)s” instead."
                )
                % values
            )
        raise NeverSaid(
            _(
                "%(field)s says “%(word)s”, which the positioning sheet says never to"
                " say. Say it differently, or change the sheet."
            )
            % values
        )


def find_uses(words: Sequence[Word], texts: Iterable[Text]) -> Iterable[Use]:
    """The words of the list in the texts, by text and then as they are listed."""
    patterns = [(word, _pattern(word.word)) for word in words]
    for label, text in texts:
        plain = fold(text)
        for word, pattern in patterns:
            if pattern.search(plain):
                yield Use(str(label), word)


def fold(text: str) -> str:
    """The text as it is compared: without case, width, invisible signs and double spaces."""
    plain = INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(plain.casefold().split())


def _pattern(word: str) -> re.Pattern[str]:
    """Letters and digits of ASCII end a word: “best” is not in “bestow”.

    Chinese has no spaces, so a Chinese word is found anywhere.
    """
    plain = fold(word)
    before = r"(?<![a-z0-9])" if plain[:1].isascii() and plain[:1].isalnum() else ""
    after = r"(?![a-z0-9])" if plain[-1:].isascii() and plain[-1:].isalnum() else ""
    return re.compile(before + re.escape(plain) + after)
