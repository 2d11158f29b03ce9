"""Whether a message fits a rule of automatic replies, and which rules contradict. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from qunce.outreach.replies.models import Match, ReplyRule

EDGES = " \t\n\r.,!?;:。，！？；：、~～…\"'“”‘’()（）[]【】"
NUMBER = re.compile(r"[0-9]{1,3}")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What decides whether a rule answers; `groups` are ids, empty for all of them."""

    match: str
    words: frozenset[str]
    in_direct: bool = True
    in_groups: bool = True
    groups: frozenset[int] = frozenset()
    hour_from: int | None = None
    hour_until: int | None = None


def spec_of(rule: ReplyRule) -> Spec:
    return Spec(
        match=rule.match,
        words=frozenset(rule.words),
        in_direct=rule.in_direct,
        in_groups=rule.in_groups,
        groups=frozenset(rule.groups),
        hour_from=rule.hour_from,
        hour_until=rule.hour_until,
    )


def normalise(text: str) -> str:
    """Return the text without its width, case and outer punctuation."""
    return unicodedata.normalize("NFKC", text).casefold().strip(EDGES)


def find_word(spec: Spec, text: str) -> str:
    """Return the word of the rule that a message has, "" if it has none."""
    plain = normalise(text)
    if spec.match == Match.MENU:
        is_number = NUMBER.fullmatch(plain) is not None
        number = plain.lstrip("0") or "0"
        return number if is_number and number in spec.words else ""
    if spec.match == Match.EXACT:
        return plain if plain in spec.words else ""
    return next((word for word in sorted(spec.words) if word in plain), "")


def is_in_scope(spec: Spec, group: int | None) -> bool:
    if group is None:
        return spec.in_direct
    return spec.in_groups and (not spec.groups or group in spec.groups)


def is_in_hours(spec: Spec, minute: int) -> bool:
    """Whether a minute of the day is within the hours, which may span midnight."""
    return minute in _minutes(spec)


def _minutes(spec: Spec) -> set[int]:
    if spec.hour_from is None or spec.hour_until is None:
        return set(range(DAY_MINUTES))
    if spec.hour_from < spec.hour_until:
        return set(range(spec.hour_from, spec.hour_until))
    return {*range(spec.hour_from, DAY_MINUTES), *range(spec.hour_until)}


def find_conflict(one: Spec, other: Spec) -> str:
    """Return a word of a message that both rules would answer somewhere, "" if none."""
    direct = one.in_direct and other.in_direct
    groups = one.in_groups and other.in_groups
    if groups and one.groups and other.groups:
        groups = not one.groups.isdisjoint(other.groups)
    if not (direct or groups) or _minutes(one).isdisjoint(_minutes(other)):
        return ""
    for word in sorted(one.words | other.words):
        if find_word(one, word) and find_word(other, word):
            return word
    return ""
