"""How tags are named: one spelling, a group's rule, and names that are nearly the same."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from qunce.core import errors

MAX_LENGTH = 80
MIN_SIMILARITY = 0.84
"""Shares of equal letters from which two names are offered as twins."""

SEPARATORS = re.compile(r"[\s\-_/·.,:|，。、：]+")
MAX_SHORT_LENGTH = 4


class InvalidTagName(errors.Invalid):
    """A tag's name does not follow the rule of its group."""


@dataclass(frozen=True, kw_only=True)
class NamingRule:
    """A group's rule. `guidance` is added to the error, to say how it is done right."""

    pattern: str = ""
    prefix: str = ""
    max_length: int = MAX_LENGTH
    guidance: str = ""


NO_RULE = NamingRule()


def normalise(name: str) -> str:
    """Composed characters, single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def check(name: str, naming: NamingRule) -> str:
    """The cleaned name, or an error that says what to write instead."""
    name = normalise(name)
    wrong = _fault(name, naming)
    if wrong:
        raise InvalidTagName(f"{wrong} {naming.guidance}".strip())
    return name


def _fault(name: str, naming: NamingRule) -> str:
    if not name:
        return _("A tag needs a name.")
    if ";" in name:
        return _("A tag name cannot contain “;”, which separates tags in files.")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return _("A tag name can contain only printable characters.")
    if len(name) > naming.max_length:
        return _("“%(name)s” is too long: at most %(n)s characters.") % {
            "name": name,
            "n": naming.max_length,
        }
    if not name.startswith(naming.prefix):
        return _("“%(name)s” must begin with “%(prefix)s”.") % {
            "name": name,
            "prefix": naming.prefix,
        }
    if naming.pattern and not re.fullmatch(naming.pattern, name):
        return _("“%(name)s” does not match the pattern %(pattern)s.") % {
            "name": name,
            "pattern": naming.pattern,
        }
    return ""


def check_rule(naming: NamingRule) -> None:
    try:
        re.compile(naming.pattern)
    except re.error as error:
        raise InvalidTagName(
            _("The pattern is not valid: %(error)s.") % {"error": error}
        ) from None
    if not 1 <= naming.max_length <= MAX_LENGTH:
        raise InvalidTagName(
            _("A name must be 1 to %(n)s characters long.") % {"n": MAX_LENGTH}
        )


@functools.lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """Without case, width, spaces and punctuation: “ＶＩＰ - 1” and “vip1” are equal."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return SEPARATORS.sub("", folded)


@functools.lru_cache(maxsize=20_000)
def pinyin_of(name: str) -> str:
    """In pinyin: 会员 and 惠员 sound the same."""
    import pypinyin  # a quarter of a second that only twins are worth

    return "".join(pypinyin.lazy_pinyin(fold(name)))


def similarity(one: str, other: str) -> float:
    """1 for the same but for spelling, 0.95 for the same sound, else by letters."""
    left, right = fold(one), fold(other)
    if left == right:
        return 1.0
    if pinyin_of(one) == pinyin_of(other):
        return 0.95
    if re.sub(r"\d+", "", left) == re.sub(r"\d+", "", right):
        return 0.0  # only their numbers differ, as in “term 1” and “term 2”
    if min(len(pinyin_of(one)), len(pinyin_of(other))) <= MAX_SHORT_LENGTH:
        return 0.0
    return fuzz.ratio(pinyin_of(one), pinyin_of(other)) / 100


def similar_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Every two that are nearly the same, each pair once, in the order of `names`.

    All distances are taken at once, 2,000 names in about 0.2 s; what is alike at all
    sounds alike.
    """
    said = [pinyin_of(name) for name in names]
    scores = process.cdist(
        said, said, scorer=fuzz.ratio, score_cutoff=100 * MIN_SIMILARITY
    )
    left, right = np.nonzero(np.triu(scores, 1))
    found = zip(left.tolist(), right.tolist(), strict=True)
    return [
        (names[one], names[other])
        for one, other in found
        if similarity(names[one], names[other]) >= MIN_SIMILARITY
    ]


def similar_names(name: str, others: Iterable[str], *, limit: int = 5) -> list[str]:
    """Those of `others` that are nearly `name`, the nearest first."""
    ranked = [(similarity(name, other), other) for other in others if other != name]
    near = sorted((-share, other) for share, other in ranked if share >= MIN_SIMILARITY)
    return [other for _, other in near[:limit]]
