"""Random communities that are small but full of edge cases.

There are few names and few times, so that they collide: the same time twice, both sides
of midnight, the hour that a clock shows twice and the one that it skips.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.oracle.clock import Clock
from tests.oracle.people import Fact

TAG_GROUPS = {"vip": "worth", "koc": "worth", "tea": "taste", "milk": "taste"}
SYNONYMS = {"key-opinion": "koc"}
TYPES = {
    "note": "text",
    "score": "number",
    "fan": "bool",
    "birthday": "date",
    "seen": "instant",
    "city": "choice",
    "likes": "multi",
}
GROUPS = ["north", "south", "quiet"]
LISTS = ["black", "white"]
CAMPAIGNS = ["spring", "autumn"]
SOURCES = ["shop", "import"]
LAYERING = "value"
LAYERS = ["high", "middle", "low"]
SEGMENTS = ["loyal", "silent", "mixed"]
KINDS = ["page.visited", "test.passed", "order.paid", "order.refunded"]
TEXTS = ["Tea", "tea house", "茶", "ß", "a%b_c", "\U0001f375"]
SCORES = ["0", "0.1", "-3", "7.0001", "12000000"]
CITIES = ["gansu", "shaanxi", "Gansu"]
LIKES = ["tea", "Milk", "茶"]

DECIMALS = [
    Decimal(text)
    for text in ("2.5", "2.0", "-0.75", "0.10000000000000000001", "1e1", "2E-7")
]
"""Numbers in payloads that binary fractions do not hold, and one that is a whole number."""

TEXTS_IN_PAYLOADS = ["2", "2.50", "-0.10", "12345678901234567.5", "2 cups", "1e3", ""]

OFFSETS = (-400, -31, -30, -29, -14, -13, -7, -6, -2, -1, -1, -1, 0, 0, 0, 0, 1, 2)
MICROSECOND = timedelta(microseconds=1)
WALLS = [
    time(0),
    time(0, 0, 0, 1),
    time(0, 30),
    time(1, 30),
    time(2, 30),
    time(3),
    time(12),
    time(23, 30),
    time(23, 59, 59, 999_999),
]


@dataclass(frozen=True)
class KeyedFact:
    """A fact with the key that its source gave it."""

    fact: Fact
    key: str


@dataclass(frozen=True)
class Setting:
    """A clock and the day around which all times are."""

    clock: Clock
    today: date


SETTINGS = [
    Setting(Clock("Asia/Shanghai"), date(2026, 3, 1)),
    Setting(Clock("Asia/Shanghai", 240), date(2024, 2, 28)),
    Setting(Clock("America/Los_Angeles"), date(2026, 3, 8)),
    Setting(Clock("America/Los_Angeles", 150), date(2026, 3, 9)),
    Setting(Clock("America/Los_Angeles", 90), date(2026, 11, 1)),
    Setting(Clock("Africa/Cairo"), date(2026, 4, 24)),
    Setting(Clock("Africa/Cairo"), date(2026, 10, 30)),
    Setting(Clock("Africa/Cairo", 1410), date(2026, 10, 29)),
    Setting(Clock("Australia/Lord_Howe", 105), date(2026, 4, 5)),
    Setting(Clock("Pacific/Kiritimati"), date(2025, 12, 31)),
]

settings = st.sampled_from(SETTINGS)


def times(
    setting: Setting, offsets: tuple[int, ...] = OFFSETS
) -> st.SearchStrategy[datetime]:
    """Wall-clock times on and around the day, and one microsecond before and after."""
    return st.builds(
        _time,
        st.just(setting),
        st.sampled_from(offsets),
        st.sampled_from(WALLS),
        st.sampled_from([0, 1]),
        st.sampled_from([timedelta(0), timedelta(0), MICROSECOND, -MICROSECOND]),
    )


def _time(
    setting: Setting, offset: int, wall: time, fold: int, shift: timedelta
) -> datetime:
    minutes = timedelta(minutes=setting.clock.start if offset % 2 else 0)
    shown = datetime.combine(setting.today + timedelta(days=offset), wall) + minutes
    local = shown.replace(fold=fold, tzinfo=ZoneInfo(setting.clock.zone))
    return local.astimezone(UTC) + shift


def times_of_today(setting: Setting) -> st.SearchStrategy[datetime]:
    return times(setting, (0, 0, 0, 1, -1))


@functools.cache
def list_times(setting: Setting) -> list[datetime]:
    """Every wall-clock time on the day, the day before and the day after."""
    pairs = [(offset, wall) for offset in (-1, 0, 0, 1) for wall in WALLS]
    return [_time(setting, *pair, 0, timedelta(0)) for pair in pairs]


def payloads() -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    """Payloads with whole numbers, values that only look like numbers, texts and lists."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "page": st.sampled_from(["home", "cart", "", "hom"])
        | st.just(("home", "cart")),
        "amount": st.integers(-2, 4)
        | st.sampled_from([*TEXTS_IN_PAYLOADS, None, True, *DECIMALS]),
        "评分": st.sampled_from([Decimal("4.5"), Decimal("0.1"), 5, "5"]),
        "ok": st.sampled_from([True, False, 1, 0, "true"]),
    }
    payload = st.fixed_dictionaries({}, optional=fields)
    return payload.map(lambda payload: tuple(sorted(payload.items())))


@functools.cache
def keyed_facts(
    setting: Setting, accounts: tuple[str, ...]
) -> st.SearchStrategy[KeyedFact]:
    fact = st.builds(
        Fact,
        kind=st.sampled_from(KINDS),
        account=st.sampled_from(accounts),
        at=times(setting),
        group=st.none() | st.sampled_from(GROUPS),
        payload=payloads(),
    )
    # There are few keys, so that some are repeated, not always with the same fact.
    return st.builds(KeyedFact, fact=fact, key=st.integers(0, 60).map(str))


@functools.cache
def values(setting: Setting) -> dict[str, list[Any]]:
    """The values of each attribute; for `multi`, the single items."""
    near = [setting.today + timedelta(days=n) for n in (-30, -1, 0, 1, 6, 7, 29, 30)]
    return {
        "note": TEXTS,
        "score": [Decimal(text) for text in SCORES],
        "fan": [True, False],
        "birthday": [*near, date(2000, 2, 29), date(1999, 2, 28), date(1970, 1, 1)],
        "seen": [
            _time(setting, offset, wall, 0, timedelta(0))
            for offset in (-1, 0, 1)
            for wall in WALLS[:4]
        ],
        "city": CITIES,
        "likes": LIKES,
    }


def value(setting: Setting, name: str) -> st.SearchStrategy[Any]:
    single = st.sampled_from(values(setting)[name])
    return st.frozensets(single, min_size=1) if TYPES[name] == "multi" else single
