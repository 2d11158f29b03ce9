"""What a group talks about: words by people, rising and falling, brands, temperature."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, number_arrays, permissions
from qunce.insight import small_numbers
from qunce.insight.words import tokens, word_counts, word_settings
from qunce.insight.words.models import WordDay
from qunce.insight.words.word_counts import WordCounts
from qunce.insight.words.word_settings import Brand
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences, daily_totals
from qunce.sets.bitmaps import staff_accounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

    Ints = NDArray[np.int64]

VIEW = permissions.declare(
    "words.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    label=gettext_lazy("see which words members use"),
)
DEFAULT_SPAN, MAX_DAYS = 28, 400
MIN_PEOPLE = 5
"""People who said a word in both periods below which its trend says nothing."""
MIN_SPEAKERS = 10
MIN_RATIO, MIN_Z = 1.5, 3.0
"""How much larger a share is, and how sure: of a thousand words, hardly one by chance."""
RISING, FALLING, STEADY, UNSURE = "rising", "falling", "steady", "unsure"
THANKS = frozenset("谢谢 感谢 多谢 辛苦 thanks thank danke".split())
COMPLAINTS = frozenset(
    "投诉 退款 退货 差评 失望 骗人 太差 坏了 难吃 欺骗 举报 refund complaint broken terrible"
    " disappointed awful".split()
)


class InvalidSpan(errors.Invalid):
    """The span ends before it begins, is too long, or is in the future."""


class CountsHidden(errors.Refused):
    """Counts of deleted texts are only for staff who see all members."""


@dataclass(frozen=True)
class Word:
    """`people` said it `times` in the period; `_before` is the period before."""

    word: str
    people: int
    times: int
    people_before: int
    times_before: int
    trend: str


@dataclass(frozen=True)
class BrandShare:
    """`share` is of the people who named any brand, None for too few of them."""

    name: str
    is_own: bool
    people: int
    people_before: int
    share: float | None


@dataclass(frozen=True)
class Temperature:
    """`first` are days on which a member wrote first, of `days` with a message.

    Staff are in nobody's scope, so that `staff_words` is None for those who have one, and
    `days` are those on which somebody wrote whom they see.
    """

    member_words: int
    staff_words: int | None
    thanks: int
    complaints: int
    first: int
    days: int

    @property
    def words_per_staff_word(self) -> float | None:
        return self.member_words / self.staff_words if self.staff_words else None


@dataclass(frozen=True)
class Topics:
    """Words from the most to the least people; `by_day` says that people of several days
    count once a day, as the texts of some days were deleted.
    """

    first: date
    last: date
    speakers: int
    speakers_before: int
    by_day: bool
    words: tuple[Word, ...]
    brands: tuple[BrandShare, ...]
    temperature: Temperature

    def of_trend(self, trend: str, limit: int) -> list[Word]:
        """The words that rise or fall, those of most people first."""
        found = [word for word in self.words if word.trend == trend]
        if trend == FALLING:
            found.sort(key=lambda each: (-each.people_before, each.word))
        return found[:limit]


# Trend


def trend(people: int, speakers: int, before: int, speakers_before: int) -> str:
    """Whether a larger or smaller part of those who wrote said a word than before."""
    if people + before < MIN_PEOPLE or min(speakers, speakers_before) < MIN_SPEAKERS:
        return UNSURE
    now, then = people / speakers, before / speakers_before
    pooled = (people + before) / (speakers + speakers_before)
    spread = pooled * (1 - pooled) * (1 / speakers + 1 / speakers_before)
    z = (now - then) / math.sqrt(spread) if spread > 0 else 0.0
    if z >= MIN_Z and now >= MIN_RATIO * then:
        return RISING
    if z <= -MIN_Z and then >= MIN_RATIO * now:
        return FALLING
    return STEADY


# Reads


def compute(
    *, group: str | None, first: date, last: date, by: Staff, at: datetime
) -> Topics:
    """The words of a group, or of all groups that `by` sees, by people whom `by` sees."""
    permissions.check_may(by, VIEW)
    community = by.community
    days = _check_span(first, last, by, at)
    length = days[1] - days[0] + 1
    rows = _load(by, group, days[0] - length, days[1])
    parsed = [word_counts.decode(row.pairs) for row in rows]
    seen = _Seen.read(by, at, parsed)
    is_by_day = any(row.totals for row in rows)
    if is_by_day and by.scope is not None:
        raise CountsHidden(
            _(
                "The texts of some of these days were deleted. Their counts are of all"
                " members, so that you cannot see them. Choose later days."
            )
        )
    periods = [_Period(by_day=is_by_day), _Period(by_day=is_by_day)]
    for row, counts in zip(rows, parsed, strict=True):
        periods[row.day < days[0]].add(row, counts)
    now, before = periods
    for period in periods:
        period.finish(seen, is_scoped=by.scope is not None)
    settings = word_settings.get(community)
    stops = frozenset(settings.stop_words)
    words = [
        _word(word, now, before)
        for word in now.numbers.keys() | before.numbers.keys()
        if word not in stops
        and not word.startswith("#")
        and (now.numbers.get(word) or before.numbers.get(word))
    ]
    words.sort(key=lambda each: (-each.people, -each.times, each.word))
    return Topics(
        first=first,
        last=last,
        speakers=now.speakers,
        speakers_before=before.speakers,
        by_day=is_by_day,
        words=tuple(words),
        brands=tuple(_shares(settings.brands, now, before)),
        temperature=now.temperature(),
    )


def default_span(community: Community, at: datetime) -> tuple[date, date]:
    """The last complete days."""
    today = community.day(at)
    return (
        community_days.to_date(today - DEFAULT_SPAN),
        community_days.to_date(today - 1),
    )


def _check_span(first: date, last: date, by: Staff, at: datetime) -> tuple[int, int]:
    days = community_days.from_date(first), community_days.from_date(last)
    if not 0 <= days[1] - days[0] < MAX_DAYS:
        raise InvalidSpan(
            _(
                "Give a first day that is not after the last one, and at most %(n)s days."
            )
            % {"n": MAX_DAYS}
        )
    if days[1] > by.community.day(at) or first.year < 1970:
        raise InvalidSpan(_("Give days between 1970 and today."))
    return days


def _load(by: Staff, group: str | None, first: int, last: int) -> list[WordDay]:
    community = by.community
    rows = WordDay.objects.filter(
        community=community, day__gte=first, day__lte=last
    ).order_by("day", "group_id")
    keys = [group] if group is not None else by.groups
    if group is not None and by.groups is not None and group not in by.groups:
        raise errors.NotFound(_("There is no such group."))
    if keys is None:
        return list(rows)
    ids = [daily_totals.get_group_id(community, key) for key in keys]
    return list(rows.filter(group_id__in=ids))


@dataclass(frozen=True)
class _Seen:
    """Accounts, ascending, with their people, 0 for people whose words do not count."""

    accounts: NDArray[np.int64]
    people: NDArray[np.int64]
    is_staff: NDArray[np.bool_]

    @classmethod
    def read(cls, by: Staff, at: datetime, parsed: Iterable[WordCounts]) -> _Seen:
        # Whoever said a word is among those with words.
        known = (each.accounts_of(tokens.WORDS) for each in parsed)
        accounts = number_arrays.unique(np.concatenate([np.empty(0, np.int64), *known]))
        visible = audiences.people(
            community=by.community,
            rule={"with_left": audiences.EVERYONE},
            by=by,
            at=at,
        )
        person_of = account_queries.person_ids(accounts.tolist())
        staff = staff_accounts.read_all(by.community_id)
        people = (person_of[each] for each in accounts.tolist())
        return cls(
            accounts,
            np.array([each if each in visible else 0 for each in people], np.int64),
            np.array([each in staff for each in accounts.tolist()], bool),
        )


class _Period:
    """The words of some days. People are different ones, or added `by_day`.

    All days are gathered first, as a month of a busy group has 400,000 pairs of a word
    and a person.
    """

    def __init__(self, *, by_day: bool) -> None:
        self.by_day = by_day
        self.numbers: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.member_words = self.first = self.days = 0
        self.staff_words: int | None = 0
        self.speakers = 0
        self._codes: dict[str, int] = {}
        self._columns: list[tuple[Ints, Ints, Ints, Ints]] = []
        """Of each day of a group: codes of words, accounts, times, and the day."""

    def add(self, row: WordDay, counts: WordCounts) -> None:
        codes = self._codes
        # len() is the next code; a word that is known keeps its own.
        own = np.array(
            [codes.setdefault(word, len(codes)) for word in counts.words], np.int64
        )
        self._columns.append(
            (
                np.repeat(own, counts.lengths),
                counts.accounts,
                counts.times,
                np.full(len(counts.accounts), row.day),
            )
        )
        self.days += tokens.FIRST in counts.words
        if row.totals:
            for word, (people, times) in json.loads(row.totals).items():
                self._add_total(word, people, times)

    def _add_total(self, word: str, people: int, times: int) -> None:
        if word == tokens.FIRST:
            self.days += people + times
            self.first += people
        elif word == tokens.WORDS:
            self.member_words += people
            self.staff_words = (self.staff_words or 0) + times
        else:
            name = tokens.WORDS if word == tokens.PEOPLE else word
            self.numbers[name] = self.numbers.get(name, 0) + people
            self.times[name] = self.times.get(name, 0) + times

    def finish(self, seen: _Seen, *, is_scoped: bool) -> None:
        """Count people and times of every word that was added."""
        if is_scoped:
            self.days = sum(self._has_visible(column, seen) for column in self._columns)
        nothing = np.empty(0, np.int64)
        words, accounts, times, days = map(
            np.concatenate, zip((nothing,) * 4, *self._columns, strict=True)
        )
        places = np.searchsorted(seen.accounts, accounts)
        people = seen.people[places]
        is_total = words == self._codes.get(tokens.WORDS, -1)
        said = int(times[is_total & seen.is_staff[places]].sum())
        self.staff_words = None if is_scoped else (self.staff_words or 0) + said
        counted = people > 0
        self._words, self._people = words[counted], people[counted]
        size = len(self._codes)
        sums = np.bincount(self._words, times[counted], size).astype(np.int64).tolist()
        # One number per word and person, of which one sort finds the different ones.
        _people, ranks = np.unique(seen.people, return_inverse=True)
        pairs = self._words * len(ranks) + ranks[places][counted]
        length = len(ranks)
        if self.by_day:
            _days, numbers = np.unique(days, return_inverse=True)
            pairs = pairs * len(numbers) + numbers[counted]
            length *= len(numbers)
        words_of = number_arrays.unique(pairs) // max(length, 1)
        counts = np.bincount(words_of, minlength=size).tolist()
        for word, code in self._codes.items():
            self.numbers[word] = self.numbers.get(word, 0) + counts[code]
            self.times[word] = self.times.get(word, 0) + sums[code]
        self.first += self.times.pop(tokens.FIRST, 0)
        self.member_words += self.times.get(tokens.WORDS, 0)
        self.speakers = self.numbers.get(tokens.WORDS, 0)

    def _has_visible(self, column: tuple[Ints, Ints, Ints, Ints], seen: _Seen) -> bool:
        """Whether somebody who is seen wrote in a group on a day."""
        words, accounts, _times, _days = column
        wrote = accounts[words == self._codes.get(tokens.WORDS, -1)]
        return bool((seen.people[np.searchsorted(seen.accounts, wrote)] > 0).any())

    def count(self, *words: str) -> int:
        """People who said any of the words; by day, those of the word with most."""
        if self.by_day or len(words) == 1:
            return max((self.numbers.get(word, 0) for word in words), default=0)
        codes = [self._codes[word] for word in words if word in self._codes]
        return len(number_arrays.unique(self._people[np.isin(self._words, codes)]))

    def temperature(self) -> Temperature:
        return Temperature(
            member_words=self.member_words,
            staff_words=self.staff_words,
            thanks=self.count(*THANKS),
            complaints=self.count(*COMPLAINTS),
            first=self.first,
            days=self.days,
        )


def _word(word: str, now: _Period, before: _Period) -> Word:
    people, people_before = now.numbers.get(word, 0), before.numbers.get(word, 0)
    return Word(
        word,
        people,
        now.times.get(word, 0),
        people_before,
        before.times.get(word, 0),
        trend(people, now.speakers, people_before, before.speakers),
    )


def _shares(
    brands: Sequence[Brand], now: _Period, before: _Period
) -> Iterable[BrandShare]:
    if now.by_day:
        whole = sum(now.count(*brand.words) for brand in brands)
    else:
        whole = now.count(*(word for brand in brands for word in brand.words))
    for brand in brands:
        people = now.count(*brand.words)
        share = small_numbers.percent(people, whole)
        yield BrandShare(
            brand.name, brand.is_own, people, before.count(*brand.words), share
        )
