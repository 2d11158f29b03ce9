"""What a group talks about: words by people, rising and falling, brands, temperature."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Word(NamedTuple):
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


def find_trends(
    people: Ints, speakers: int, before: Ints, speakers_before: int
) -> list[str]:
    """Per word, whether a larger or smaller part of those who wrote said it than before."""
    if min(speakers, speakers_before) < MIN_SPEAKERS:
        return [UNSURE] * len(people)
    now, then = people / speakers, before / speakers_before
    pooled = (people + before) / (speakers + speakers_before)
    spread = pooled * (1 - pooled) * (1 / speakers + 1 / speakers_before)
    # A word of everybody or nobody in both periods has no spread, and no difference.
    z = np.divide(now - then, np.sqrt(spread), np.zeros(len(people)), where=spread > 0)
    trends = np.full(len(people), STEADY, dtype=object)
    trends[(z >= MIN_Z) & (now >= MIN_RATIO * then)] = RISING
    trends[(z <= -MIN_Z) & (then >= MIN_RATIO * now)] = FALLING
    trends[people + before < MIN_PEOPLE] = UNSURE
    return list(trends)


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
    codes = _Codes()
    now, before = (
        _Period(codes, seen, by_day=is_by_day, is_scoped=by.scope is not None)
        for _each in range(2)
    )
    for row, counts in zip(rows, parsed, strict=True):
        (now if row.day >= days[0] else before).add(row, counts)
    for period in (now, before):
        period.finish()
    settings = word_settings.get(community)
    return Topics(
        first=first,
        last=last,
        speakers=now.speakers,
        speakers_before=before.speakers,
        by_day=is_by_day,
        words=_list_words(codes, now, before, frozenset(settings.stop_words)),
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


class _Seen:
    """Numbers of the people behind accounts, from 1; 0 where their words do not count."""

    def __init__(self, accounts: Ints, numbers: Ints, is_staff: NDArray[np.bool_]):
        self._accounts = accounts
        self._numbers = numbers
        self._is_staff = is_staff
        self.size = int(numbers.max(initial=0)) + 1

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
        counted = np.array([each if each in visible else 0 for each in people], int)
        # A zero more, as nobody need be left out.
        _people, numbers = np.unique(np.append(counted, 0), return_inverse=True)
        is_staff = np.array([each in staff for each in accounts.tolist()], bool)
        return cls(accounts, numbers[:-1], is_staff)

    def numbers_of(self, accounts: Ints) -> Ints:
        places = number_arrays.find_places(self._accounts, accounts)
        numbers: Ints = self._numbers[places]
        return numbers

    def are_staff(self, accounts: Ints) -> NDArray[np.bool_]:
        return self._is_staff[np.searchsorted(self._accounts, accounts)]


class _Codes(dict[str, int]):
    """A number for each word that was asked for, from 0."""

    def __missing__(self, word: str) -> int:
        self[word] = code = len(self)
        return code

    def of(self, words: Sequence[str]) -> Ints:
        return np.fromiter(map(self.__getitem__, words), np.int64, len(words))


class _Period:
    """The words of some days. People are different ones, or added `by_day`.

    All days are gathered first, as a month of a busy group has 400,000 pairs of a word
    and a person.
    """

    def __init__(
        self, codes: _Codes, seen: _Seen, *, by_day: bool, is_scoped: bool
    ) -> None:
        self.by_day = by_day
        self.is_scoped = is_scoped
        self.member_words = self.first = self.days = self.speakers = 0
        self.staff_words: int | None = None if is_scoped else 0
        self.people: Ints = np.empty(0, np.int64)
        """By the code of a word, as `times`."""
        self.times: Ints = self.people
        self._codes, self._seen = codes, seen
        self._total, self._first = codes[tokens.WORDS], codes[tokens.FIRST]
        self._columns: list[tuple[Ints, ...]] = []
        """Of each day of a group: codes of words, numbers of people, and times."""
        self._deleted: list[tuple[int, int, int]] = []
        """Of words of deleted texts: their code, people and times."""

    def add(self, row: WordDay, counts: WordCounts) -> None:
        own = self._codes.of(counts.words)
        words = np.repeat(own, counts.lengths)
        people = self._seen.numbers_of(counts.accounts)
        is_total, is_counted = words == self._total, people > 0
        if self.is_scoped:
            self.days += bool((is_total & is_counted).any())
        else:
            self.days += bool((own == self._first).any())
            by_staff = self._seen.are_staff(counts.accounts[is_total])
            said = int(counts.times[is_total][by_staff].sum())
            self.staff_words = (self.staff_words or 0) + said
        if self.by_day:
            people = people + self._seen.size * row.day
        columns = (words, people, counts.times)
        self._columns.append(tuple(column[is_counted] for column in columns))
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
            self._deleted.append((self._codes[name], people, times))

    def finish(self) -> None:
        """Count people and times of every word that was added to either period."""
        size = len(self._codes)
        nothing = np.empty(0, np.int64)
        self._words, self._people, times = map(
            np.concatenate, zip((nothing,) * 3, *self._columns, strict=True)
        )
        self.times = np.bincount(self._words, times, size).astype(np.int64)
        self.first += int(self.times[self._first])
        self.member_words += int(self.times[self._total])
        # One number per word and person, of which one sort finds the different ones.
        length = int(self._people.max(initial=0)) + 1
        pairs: NDArray[Any] = self._words * length + self._people
        if size * length < 2**31:
            pairs = pairs.astype(np.int32)  # sorted in half the time
        words_of = number_arrays.unique(pairs) // length
        self.people = np.bincount(words_of, minlength=size)
        for code, people, of_deleted in self._deleted:
            self.people[code] += people
            self.times[code] += of_deleted
        self.speakers = int(self.people[self._total])

    def count(self, *words: str) -> int:
        """People who said any of the words; by day, those of the word with most."""
        codes = [self._codes[word] for word in words if word in self._codes]
        if self.by_day or len(words) == 1:
            return max((int(self.people[code]) for code in codes), default=0)
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


def _list_words(
    codes: _Codes, now: _Period, before: _Period, stops: Iterable[str]
) -> tuple[Word, ...]:
    """Words that somebody said, from the most to the least people."""
    trends = find_trends(now.people, now.speakers, before.people, before.speakers)
    is_listed = (now.people > 0) | (before.people > 0)
    is_listed[[codes[word] for word in (tokens.WORDS, tokens.FIRST)]] = False
    is_listed[[codes[word] for word in stops if word in codes]] = False
    columns = (now.people, now.times, before.people, before.times)
    rows = zip(
        *((-column[is_listed]).tolist() for column in columns[:2]),
        itertools.compress(codes, is_listed),
        *(column[is_listed].tolist() for column in columns),
        itertools.compress(trends, is_listed),
        strict=True,
    )
    return tuple(Word(*row) for _people, _times, *row in sorted(rows))


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
