"""Sentences that were stored in the language of their author, read in another one.

The problems of an import are written once, in the language of whoever imports; their
reader may have another. A sentence is found again in the catalogue of translations by its
fixed words, and its values are put into the same sentence of the reader's language. What
is not found stays as it is.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import trans_real

VALUE = re.compile(r"%\((\w+)\)[sd]")
MIN_FIXED = 4
"""Characters besides the values; fewer would fit other sentences, too."""
SOURCE_LANGUAGE = "en"
"""That of the code, and of the catalogues' keys."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of the catalogue in a language; `key` names it in all of them."""

    key: str
    pattern: re.Pattern[str]
    fixed: int


def translate(text: str) -> str:
    """Return the stored sentence in the active language."""
    target = translation.get_language() or SOURCE_LANGUAGE
    for language, _name in settings.LANGUAGES:
        found = _translate(text, language, target) if language != target else None
        if found is not None:
            return found
    return text


@functools.lru_cache(maxsize=2_000)
def _translate(text: str, source: str, target: str) -> str | None:
    best: tuple[int, str] | None = None
    sentences = _sentences(source)
    for sentence in (*sentences.get(text[:1], ()), *sentences.get("", ())):
        match = sentence.pattern.fullmatch(text)
        # Of two sentences that fit, the one with more words of its own is meant.
        if match is None or (best is not None and sentence.fixed <= best[0]):
            continue
        template = _texts(target)[sentence.key]
        if set(VALUE.findall(template)) <= match.groupdict().keys():
            best = sentence.fixed, _fill(template, match)
    return None if best is None else best[1]


def _fill(template: str, match: re.Match[str]) -> str:
    return VALUE.sub(lambda value: match[value[1]], template)


@functools.cache
def _sentences(language: str) -> dict[str, list[Sentence]]:
    """Return the sentences by their first character, "" for those that begin with a value."""
    found: dict[str, list[Sentence]] = {}
    for key, text in _texts(language).items():
        parts = VALUE.split(text)
        # A value between two fixed parts; the same value again has to be the same.
        pattern, seen = re.escape(parts[0]), set[str]()
        for name, fixed in zip(parts[1::2], parts[2::2], strict=True):
            value = f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
            # Without backtracking, as a value may be hostile: each ends where the text
            # after it begins.
            pattern += f"(?>{value}{re.escape(fixed)})" if fixed else value
            seen.add(name)
        length = sum(map(len, parts[::2]))
        if length >= MIN_FIXED:
            sentence = Sentence(key, re.compile(pattern, re.DOTALL), length)
            found.setdefault(parts[0][:1], []).append(sentence)
    return found


def _catalog(language: str) -> Any:
    """Return Django's catalogue of a language, which its stubs do not know."""
    return getattr(trans_real.translation(language), "_catalog")  # noqa: B009


@functools.cache
def _texts(language: str) -> dict[str, str]:
    """Return all sentences of one form by the catalogue's key, which has any context."""
    others = (code for code, _name in settings.LANGUAGES if code != SOURCE_LANGUAGE)
    keys = {
        key
        for code in others
        for key in _catalog(code).keys()  # noqa: SIM118 - it cannot be iterated over
        if isinstance(key, str) and key
    }
    if language == SOURCE_LANGUAGE:
        return {key: key.rpartition("\x04")[2] for key in keys}
    catalog = _catalog(language)
    return {key: str(catalog[key]) for key in keys if key in catalog}
