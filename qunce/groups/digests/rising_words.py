"""Words that many more people say than on the days before. Pure, except for splitting.

How texts are split into words is registered from above, where words are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qunce.groups.digests import lines
from qunce.groups.digests.lines import Line

MIN_PEOPLE, MIN_RATIO, MAX_WORDS = 3, 2.0, 8


def _pairs(text: str) -> list[str]:
    return sorted(lines.features(text))


@dataclass
class Splitter:
    """`split` returns the words of a text that may be a topic."""

    split: Callable[[str], Sequence[str]] = field(default=_pairs)


SPLITTER = Splitter()


def register(split: Callable[[str], Sequence[str]]) -> None:
    SPLITTER.split = split


@dataclass(frozen=True)
class RisingWord:
    """`people` said it on the day; `before` is how many did on a usual day."""

    word: str
    people: int
    before: float
    lines: tuple[Line, ...]


def find(
    day: Sequence[Line], *, before: Sequence[Line], days_before: int
) -> list[RisingWord]:
    """Return the rising words of members, those of most people first.

    `before` are the messages of the `days_before` days before.
    """
    today, usual = _by_word(day), _people_days(before)
    found = []
    for word, own in today.items():
        people = len({line.account for line in own})
        mean = usual.get(word, 0) / days_before if days_before else 0.0
        if people >= MIN_PEOPLE and people >= MIN_RATIO * max(mean, 0.5):
            found.append(RisingWord(word, people, mean, tuple(own)))
    found.sort(key=lambda each: (-each.people / max(each.before, 0.5), each.word))
    return _without_parts(found)[:MAX_WORDS]


def _by_word(day: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in day:
        if not line.is_staff:
            for word in set(SPLITTER.split(line.text)):
                found.setdefault(word, []).append(line)
    return found


def _people_days(before: Sequence[Line]) -> dict[str, int]:
    """Word → on how many days how many people said it, each person once a day."""
    said = {
        (word, line.account, line.at.date())
        for line in before
        if not line.is_staff
        for word in set(SPLITTER.split(line.text))
    }
    counts: dict[str, int] = {}
    for word, _account, _day in said:
        counts[word] = counts.get(word, 0) + 1
    return counts


def _without_parts(found: list[RisingWord]) -> list[RisingWord]:
    """Of words that are in the same messages, the longest only."""
    kept: list[RisingWord] = []
    for each in sorted(found, key=lambda word: -len(word.word)):
        ids = {line.id for line in each.lines}
        if not any(
            each.word in other.word and ids <= {line.id for line in other.lines}
            for other in kept
        ):
            kept.append(each)
    return [each for each in found if each in kept]
