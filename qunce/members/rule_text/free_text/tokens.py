"""A sentence as tokens: names, words, numbers and dates, the longest first."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qunce.core import community_days, money
from qunce.members.rule_text.free_text import numerals, words
from qunce.sets.rules import calendar_periods
from qunce.sets.rules.grammar.days import DAY_TEXT, is_date
from qunce.sets.rules.grammar.reader import fold, is_inside_word

QUOTES = {"“": "”", "「": "」", "『": "』", '"': '"', "《": "》"}
MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug"
        "|september sept sep|october oct|november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
Meaning = tuple[str, str]
"""Kind of thing and key."""


@dataclass(frozen=True)
class Token:
    """`kind` is `name`, `number`, `day`, `unknown` or what a word does.

    The value of a `name` are the things that it may mean, as (kind, key).
    """

    start: int
    end: int
    kind: str
    value: Any = None


@dataclass
class Names:
    """Everything that can be named, by its name in lower case."""

    by_name: dict[str, list[Meaning]] = field(default_factory=dict)
    lengths: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[tuple[str, str, str]]) -> Names:
        result, lengths = cls(), dict[str, set[int]]()
        for kind, key, name in names:
            folded = fold(name.strip())
            if folded:
                meanings = result.by_name.setdefault(folded, [])
                if (kind, key) not in meanings:
                    meanings.append((kind, key))
                lengths.setdefault(folded[0], set()).add(len(folded))
        result._add_keys_of_namesakes(lengths)
        result.lengths = {
            first: sorted(each, reverse=True) for first, each in lengths.items()
        }
        return result

    def _add_keys_of_namesakes(self, lengths: dict[str, set[int]]) -> None:
        """Only their keys distinguish two things of one kind with one name."""
        namesakes = {
            (kind, key)
            for meanings in self.by_name.values()
            for kind, key in meanings
            if sum(other == kind for other, _key in meanings) > 1
        }
        for kind, key in sorted(namesakes):
            folded = fold(key)
            if folded not in self.by_name:
                self.by_name[folded] = [(kind, key)]
                lengths.setdefault(folded[0], set()).add(len(folded))


@functools.cache
def _word_index() -> tuple[dict[str, tuple[str, Any]], dict[str, list[int]]]:
    known = words.all_words()
    lengths: dict[str, set[int]] = {}
    for word in known:
        lengths.setdefault(word[0], set()).add(len(word))
    return known, {first: sorted(each, reverse=True) for first, each in lengths.items()}


def tokenize(text: str, names: Names, *, today: date, currency: str) -> list[Token]:
    """All of the text but spaces. What is nothing known is an `unknown` token."""
    folded = fold(text)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _scan(text, folded, at, names, today, currency) or _unknown(folded, at)
        last = tokens[-1] if tokens else None
        # Unknown characters that follow each other are one unknown word.
        if last is not None and token.kind == last.kind == "unknown" and last.end == at:
            token = Token(tokens.pop().start, token.end, "unknown")
        tokens.append(token)
        at = token.end
    return tokens


def _unknown(folded: str, at: int) -> Token:
    end = at + 1
    while is_inside_word(folded, end):
        end += 1
    return Token(at, end, "unknown")


def _scan(
    text: str, folded: str, at: int, names: Names, today: date, currency: str
) -> Token | None:
    """The longest thing that is known there."""
    if is_inside_word(folded, at):
        return None
    found = [*_scan_quoted(text, at, names), *_scan_named(folded, at, names)]
    found += _scan_word(folded, at)
    found += _scan_day(folded, at, today)
    if number := numerals.scan(folded, at):
        found.append(Token(at, number[1], "number", number[0]))
    found += _scan_currency(folded, at, currency)
    if not found:
        return None
    # Of equally long ones the first, so that names come before words; a word that is
    # also a name is in the name's token.
    longest = max(found, key=lambda token: token.end)
    word = next((t for t in found if t.end == longest.end and t.kind == "verb"), None)
    if longest.kind == "name" and word is not None:
        # A verb may well have the label of its kind of fact.
        others = [meaning for meaning in longest.value if meaning[0] != "kind"]
        return Token(at, longest.end, "clash", (others, word.value)) if others else word
    return longest


def _scan_quoted(text: str, at: int, names: Names) -> Iterator[Token]:
    close = QUOTES.get(text[at])
    end = text.find(close, at + 1) if close else -1
    if end > at + 1:
        name = text[at + 1 : end]
        meanings = names.by_name.get(fold(name.strip()))
        kind, value = ("name", meanings) if meanings else ("text", name)
        yield Token(at, end + 1, kind, value)


def _scan_named(folded: str, at: int, names: Names) -> Iterator[Token]:
    for length in names.lengths.get(folded[at], ()):
        meanings = names.by_name.get(folded[at : at + length])
        if meanings and not is_inside_word(folded, at + length):
            yield Token(at, at + length, "name", meanings)
            return


def _scan_word(folded: str, at: int) -> Iterator[Token]:
    known, lengths = _word_index()
    for length in lengths.get(folded[at], ()):
        word = known.get(folded[at : at + length])
        if word is not None and not is_inside_word(folded, at + length):
            yield Token(at, at + length, *word)
            return


def _scan_currency(folded: str, at: int, currency: str) -> Iterator[Token]:
    """A sign or word that may mean the community's currency."""
    if folded.startswith("块钱", at) and currency == "CNY":
        yield Token(at, at + 2, "money")
    if folded.startswith("yuan", at) and currency == "CNY":
        yield Token(at, at + 4, "money")
    for sign, codes in (*money.SIGNS.items(), *money.EUROPEAN_NAMES.items()):
        end = at + len(sign)
        is_there = folded.startswith(sign, at) and not is_inside_word(folded, end)
        if is_there and currency in codes.split():
            yield Token(at, end, "money")
    if folded.startswith(fold(currency), at):
        yield Token(at, at + len(currency), "money")


# Dates


def _scan_day(folded: str, at: int, today: date) -> Iterator[Token]:
    match = DAY_TEXT.match(folded, at)
    if match is not None and is_date(match[0]):
        yield Token(at, match.end(), "day", date.fromisoformat(match[0]))
    for scan in (_chinese_day, _english_day):
        found = scan(folded, at, today)
        if found is not None:
            yield Token(at, found[1], "day", found[0])


def _chinese_day(folded: str, at: int, today: date) -> tuple[date, int] | None:
    """`2026年5月1日` or `5月1日`."""
    numbers: list[int] = []
    units, end = ["年", "月", "日号"], at
    while (found := numerals.scan(folded, end)) is not None and units:
        number, end = found
        index = next((i for i, u in enumerate(units) if folded[end : end + 1] in u), -1)
        if index < 0 or not folded[end : end + 1] or number != int(number):
            return None
        end += 1
        units = units[index + 1 :]
        numbers.append(int(number))
    return _day(numbers, end, today) if not units and len(numbers) > 1 else None


def _english_day(folded: str, at: int, today: date) -> tuple[date, int] | None:
    """`1 May`, `May 1` or either with a year."""
    parts: list[tuple[str, int]] = []
    end = at
    for _part in range(3):
        start = end
        while start < len(folded) and folded[start] in " ,":
            start += 1
        stop = start
        while stop < len(folded) and folded[stop].isascii() and folded[stop].isalnum():
            stop += 1
        word = folded[start:stop]
        if not (word in MONTHS or (word.isdigit() and len(word) in (1, 2, 4))):
            break
        parts.append((word, stop))
        end = stop
    for count in (3, 2):
        chosen = [word for word, _stop in parts[:count]]
        months = [MONTHS[word] for word in chosen if word in MONTHS]
        days = [int(word) for word in chosen if word.isdigit() and len(word) < 3]
        years = [int(word) for word in chosen if word.isdigit() and len(word) == 4]
        is_day = len(months) == len(days) == 1 and len(years) == count - 2
        if len(chosen) == count and is_day and chosen[-1:] != chosen[:1]:
            return _day([*years, months[0], days[0]], parts[count - 1][1], today)
    return None


def _day(numbers: list[int], end: int, today: date) -> tuple[date, int] | None:
    """The day; without a year the last such day up to today."""
    *years, month, day = numbers
    try:
        if years:
            return date(years[0], month, day), end
        found = date(today.year, month, day)
        return (found if found <= today else date(today.year - 1, month, day)), end
    except (ValueError, OverflowError):
        return None


def day_range(period: str, today: date) -> tuple[date, date]:
    """The first and last day of a calendar period such as `this week`."""
    first, last = calendar_periods.range_of(period, community_days.from_date(today))
    return community_days.to_date(first), community_days.to_date(last)
