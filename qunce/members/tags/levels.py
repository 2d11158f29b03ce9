"""Levels of a tag: words for how deep it is, such as “regular” from ×3."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qunce.core import errors, text_validation

Level = tuple[int, str]
"""The depth from which the level begins, and its name."""
MAX_LEVELS = 20
MAX_NAME_LENGTH = 40
MAX_DEPTH = 2**31
DEPTH = re.compile(r"(\+?) ?(\d{1,10})(?:\.0+)?", re.ASCII)
"""Spreadsheets write whole numbers as 3.0, too."""


class InvalidLevels(errors.Invalid):
    """Levels are ascending depths, each with a name of its own."""


class InvalidDepth(errors.Invalid):
    """A depth is a number, an addition such as +1, or the name of a level."""


@dataclass(frozen=True)
class DepthChange:
    """The depth to set, or what to add to it."""

    amount: int
    is_added: bool = False

    @property
    def is_removal(self) -> bool:
        return not self.amount and not self.is_added

    def apply(self, depth: int) -> int:
        return depth + self.amount if self.is_added else self.amount


def check(levels: Sequence[Level]) -> list[Level]:
    """Return the levels with trimmed names; raises InvalidLevels."""
    pairs = [(depth, " ".join(name.split())) for depth, name in levels]
    depths, names = [d for d, _name in pairs], [n.casefold() for _d, n in pairs]
    if len(pairs) > MAX_LEVELS:
        raise InvalidLevels(
            _("A tag can have at most %(n)s levels.") % {"n": MAX_LEVELS}
        )
    if any(depth < 1 for depth in depths) or depths != sorted(set(depths)):
        raise InvalidLevels(_("Levels begin at growing depths, such as 1, 3 and 10."))
    if len(set(names)) < len(names) or not all(map(_is_valid_name, names)):
        raise InvalidLevels(
            _(
                "Each level needs its own name, of at most %(n)s characters and not a number."
            )
            % {"n": MAX_NAME_LENGTH}
        )
    return pairs


def _is_valid_name(name: str) -> bool:
    # A number would be taken for a depth in files.
    is_word = bool(name) and not name.lstrip("+").isdigit()
    return is_word and len(name) <= MAX_NAME_LENGTH and text_validation.is_valid(name)


def parse(text: str) -> list[Level]:
    """Return the levels of `1 newcomer, 3 regular`; raises InvalidLevels."""
    levels: list[Level] = []
    for part in re.split(r"[,，、\n]", text):
        if not part.strip():
            continue
        depth, _space, name = part.strip().partition(" ")
        if not depth.isascii() or not depth.isdigit() or len(depth) > 9:
            raise InvalidLevels(
                _("Write each level as a depth and a word, like “3 regular”.")
            )
        levels.append((int(depth), name))
    return check(levels)


def to_text(levels: Sequence[Level]) -> str:
    return ", ".join(f"{depth} {name}" for depth, name in levels)


def find_name(levels: Sequence[Level], depth: int) -> str:
    """Return the name of the level at this depth, empty below the first level."""
    return next((name for least, name in reversed(levels) if depth >= least), "")


def find_depth(levels: Sequence[Level], name: str) -> int | None:
    """Return the depth from which the level with this name begins."""
    wanted = " ".join(name.split()).casefold()
    return next((least for least, own in levels if own.casefold() == wanted), None)


def parse_depth(text: str, levels: Sequence[Level]) -> DepthChange:
    """Return the change that `3`, `+1` or the name of a level means.

    Raises InvalidDepth.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if match := DEPTH.fullmatch(plain):
        sign, digits = match.groups()
        if int(digits) < MAX_DEPTH and (int(digits) or not sign):
            return DepthChange(int(digits), is_added=bool(sign))
    depth = find_depth(levels, plain)
    if depth is None:
        raise InvalidDepth(_describe_depths(levels))
    return DepthChange(depth)


def _describe_depths(levels: Sequence[Level]) -> str:
    if not levels:
        return _(
            "A depth is a whole number, 0 or more. 0 removes the tag, and +1 adds to "
            "its depth."
        )
    return _(
        "A depth is a whole number, 0 or more, an addition such as +1, or one of: "
        "%(names)s."
    ) % {"names": ", ".join(name for _depth, name in levels)}


# The notation of files


DEPTH_SUFFIX = re.compile(r"(.*\S) ?[×✕✖]\s?(\d{1,9})")


MARKED_DEPTH = re.compile(
    r"(.*[^\s(（\[【]) ?"
    r"(?:[(（\[【] ?(\d{1,9}) ?[)）\]】]|[*＊] ?(\d{1,9})"
    r"|(?:(?<=\s)|(?<=[^\x00-\x7f]))[xXｘＸ] ?(\d{1,9}))"
)
"""`VIP(3)`, `VIP*3` or `VIP x3`: a depth, or a part of the name."""


def split_marked_depth(entry: str) -> tuple[str, str]:
    """Like `split_depth` for an entry such as `VIP(3)`, which may be a name as well."""
    match = MARKED_DEPTH.fullmatch(entry)
    if match is None:
        return entry, ""
    return match[1], f"×{int(match[2] or match[3] or match[4])}"


def split_depth(entry: str) -> tuple[str, str]:
    """Return the name of an entry, and its depth like `×3` or nothing."""
    match = DEPTH_SUFFIX.fullmatch(entry)
    return (match[1], f"×{int(match[2])}") if match else (entry, "")


def join_depth(key: str, depth: int) -> str:
    """Return the entry for a tag with this depth, which `split_depth` takes apart."""
    # A key that looks like a name with a depth gets its depth in any case.
    if depth == 1 and not DEPTH_SUFFIX.fullmatch(key):
        return key
    return f"{key}×{depth}"
