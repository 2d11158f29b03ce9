"""Sentences that were stored in the language of their author, read in another one.

The problems of an import are written once, in the language of whoever imports; their
reader may have another. A sentence is found again in the catalogue of translations by its
fixed words, and its values are put into the same sentence of the reader's language. What
is not found stays as it is.
"""

from __future__ import annotations

import functools
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import trans_real

VALUE = re.compile(r"%\((\w+)\)[sd]")
MIN_FIXED = 4
"""Characters besides the values; fewer would fit other sentences, too."""
SOURCE_LANGUAGE = "en"
"""That of the code, and of the catalogues' keys."""


Key = str | tuple[str, int]
"""That of the catalogue; a sentence with a plural has the number of its form, too."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of the catalogue in a language; `key` names it in all of them."""

    key: Key
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
        template = _template(target, sentence.key, match)
        if set(VALUE.findall(template)) <= match.groupdict().keys():
            best = sentence.fixed, _fill(template, match)
    return None if best is None else best[1]


def _template(language: str, key: Key, match: re.Match[str]) -> str:
    """Return the sentence in a language, in the form that its number needs."""
    texts = _texts(language)
    if isinstance(key, str):
        return texts[key]
    singular = key[0]
    if language != SOURCE_LANGUAGE:
        return texts[singular, 0]
    numbers = (text.replace(",", "") for text in match.groups())
    count = next((int(text) for text in numbers if text.isdecimal()), 2)
    return texts[singular, int(count != 1)]


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
def _plurals() -> dict[str, str]:
    """Return the English plurals by their singulars, which the files of catalogues have.

    Django's catalogue forgets them, as its keys are the singulars.
    """
    found: dict[str, str] = {}
    for path in Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.mo"):
        data = path.read_bytes()
        # The head of a file of GNU gettext: magic number, version, how many sentences
        # there are, and where the table of the English ones begins.
        order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
        count, start = struct.unpack(f"{order}2I", data[8:16])
        for number in range(count):
            place = start + 8 * number
            length, offset = struct.unpack(f"{order}2I", data[place : place + 8])
            forms = data[offset : offset + length].decode().split("\0")
            if len(forms) == 2:
                found[forms[0]] = forms[1]
    return found


@functools.cache
def _texts(language: str) -> dict[Key, str]:
    """Return all sentences by the catalogue's key, which has any context."""
    others = (code for code, _name in settings.LANGUAGES if code != SOURCE_LANGUAGE)
    keys = {
        key
        for code in others
        for key in _catalog(code).keys()  # noqa: SIM118 - it cannot be iterated over
        if isinstance(key, str) and key
    }
    plurals = _plurals()
    if language == SOURCE_LANGUAGE:
        texts: dict[Key, str] = {key: key.rpartition("\x04")[2] for key in keys}
        for singular, plural in plurals.items():
            texts[singular, 0] = singular.rpartition("\x04")[2]
            texts[singular, 1] = plural
        return texts
    catalog = _catalog(language)
    texts = {key: str(catalog[key]) for key in keys if key in catalog}
    for singular in plurals:
        if (singular, 0) in catalog:
            texts[singular, 0] = str(catalog[singular, 0])
    return texts
