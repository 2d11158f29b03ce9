"""Names of tags: their normal form, the naming rules of groups, and similar names."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from qunce.core import errors, names

MAX_LENGTH = 80
MIN_SIMILARITY = 0.84
"""Similarity from which two names are suggested as duplicates."""

SEPARATORS = re.compile(r"[\s\-_/·.,:|，。、：]+")
NAMES_PER_MATRIX = 500
"""Names compared in one call, whose matrix is a few megabytes."""
MAX_SHORT_LENGTH = 4
"""Letters of pinyin up to which different names are never similar."""


class InvalidTagName(errors.Invalid):
    """The name does not follow the naming rule of its tag group."""


@dataclass(frozen=True, kw_only=True)
class NamingRule:
    """How a group's tags are named; `guidance` is appended to the error message."""

    pattern: str = ""
    prefix: str = ""
    max_length: int = MAX_LENGTH
    guidance: str = ""


NO_RULE = NamingRule()


normalise = names.clean


def check(name: str, naming: NamingRule) -> str:
    """The normalised name; raises InvalidTagName."""
    name = normalise(name)
    error = _find_error(name, naming)
    if error:
        raise InvalidTagName(f"{error} {naming.guidance}".strip())
    return name


def _find_error(name: str, naming: NamingRule) -> str:
    if not name:
        return _("A tag needs a name.")
    if ";" in name or "；" in name:
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
    if naming.pattern and not _matches(naming.pattern, name):
        return _("“%(name)s” does not match the pattern %(pattern)s.") % {
            "name": name,
            "pattern": naming.pattern,
        }
    return ""


def _matches(pattern: str, name: str) -> bool:
    """Whether the whole name matches; raises ValueError for an invalid pattern.

    With RE2, as Python takes hours for a name of thirty letters and the pattern `(a+)+b`.
    """
    # Loaded on use, as most calls have no pattern.
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array([name], pa.string())
    found = pc.match_substring_regex(names, rf"\A(?:{pattern})\z")
    return bool(found[0].as_py())


def check_rule(naming: NamingRule) -> None:
    """Raises InvalidTagName if the rule itself is not valid."""
    try:
        # Checked when the rule is saved, or else the first tag would fail.
        _matches(naming.pattern, "")
    except ValueError as error:
        raise InvalidTagName(
            _("The pattern is not valid: %(error)s.") % {"error": error}
        ) from None
    if not 1 <= naming.max_length <= MAX_LENGTH:
        raise InvalidTagName(
            _("A name must be 1 to %(n)s characters long.") % {"n": MAX_LENGTH}
        )


@functools.lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """The name without case, width, spaces and punctuation, such as “vip1” for “ＶＩＰ - 1”."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return SEPARATORS.sub("", folded)


@functools.lru_cache(maxsize=20_000)
def pinyin_of(name: str) -> str:
    """The folded name in pinyin, so that homophones such as 会员 and 惠员 are equal."""
    folded = fold(name)
    if folded.isascii():
        return folded
    import pypinyin  # takes 0.25 s to import, needed for similar names only

    return "".join(pypinyin.lazy_pinyin(folded))


def similarity(name: str, other: str) -> float:
    """1 for names equal when folded, 0.95 for homophones, else a ratio of letters."""
    left, right = fold(name), fold(other)
    if left == right:
        return 1.0
    left_pinyin, right_pinyin = pinyin_of(name), pinyin_of(other)
    if left_pinyin == right_pinyin:
        return 0.95
    if re.sub(r"\d+", "", left) == re.sub(r"\d+", "", right):
        return 0.0  # only their numbers differ, as in “term 1” and “term 2”
    if min(len(left_pinyin), len(right_pinyin)) <= MAX_SHORT_LENGTH:
        return 0.0
    return fuzz.ratio(left_pinyin, right_pinyin) / 100


def similar_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair of similar names, once, in the order of `names`.

    2,000 names take about 0.2 s.
    """
    pinyin = [pinyin_of(name) for name in names]
    # All distances in one call. Names that are similar at all have similar pinyin, so
    # the exact measure is needed for the candidates only.
    scores = process.cdist(
        pinyin, pinyin, scorer=fuzz.ratio, score_cutoff=100 * MIN_SIMILARITY
    )
    left, right = np.nonzero(np.triu(scores, 1))
    candidates = zip(left.tolist(), right.tolist(), strict=True)
    return [
        (names[first], names[second])
        for first, second in candidates
        if similarity(names[first], names[second]) >= MIN_SIMILARITY
    ]


def similar_names(name: str, others: Iterable[str], *, limit: int = 5) -> list[str]:
    """Those of `others` that are similar to `name`, the most similar first."""
    scored = [(similarity(name, other), other) for other in others if other != name]
    ranked = sorted(
        (-score, other) for score, other in scored if score >= MIN_SIMILARITY
    )
    return [other for _score, other in ranked[:limit]]


def similar_names_of_each(
    names: Sequence[str], others: Sequence[str]
) -> dict[str, list[str]]:
    """By name, those of `others` that are similar to it, the most similar first.

    A thousand names and five thousand others take about a second.
    """
    pinyin_of_others = [pinyin_of(other) for other in others]
    similar: dict[str, list[str]] = {}
    for start in range(0, len(names), NAMES_PER_MATRIX):
        chunk = names[start : start + NAMES_PER_MATRIX]
        scores = process.cdist(
            [pinyin_of(name) for name in chunk],
            pinyin_of_others,
            scorer=fuzz.ratio,
            score_cutoff=100 * MIN_SIMILARITY,
        )
        for index, name in enumerate(chunk):
            columns = np.flatnonzero(scores[index]).tolist()
            candidates = [others[column] for column in columns]
            if found := similar_names(name, candidates):
                similar[name] = found
    return similar
