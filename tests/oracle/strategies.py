"""Random communities that are small but nasty.

Few names and few moments, so that things collide: the same instant twice, the two sides
of midnight, the hour that a clock shows twice and the one that it leaves out.
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
SOURCES = ["shop", "import"]
LAYERING = "value"
LAYERS = ["high", "middle", "low"]
SEGMENTS = ["loyal", "silent", "mixed"]
KINDS = ["page.visited", "test.passed", "order.paid", "order.refunded"]
TEXTS = ["Tea", "tea house", "茶", "ß", "a%b_c", "\U0001f375"]
SCORES = ["0", "0.1", "-3", "7.0001", "12000000"]
CITIES = ["gansu", "shaanxi", "Gansu"]
LIKES = ["tea", "Milk", "茶"]

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
class Event:
    """A fact as its source tells it, under the key that the source gave it."""

    fact: Fact
    key: str


@dataclass(frozen=True)
class Setting:
    """A clock and the day around which everything happens."""

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


def moments(
    setting: Setting, offsets: tuple[int, ...] = OFFSETS
) -> st.SearchStrategy[datetime]:
    """Wall-clock times on and around the day, and one microsecond beside them."""
    return st.builds(
        _moment,
        st.just(setting),
        st.sampled_from(offsets),
        st.sampled_from(WALLS),
        st.sampled_from([0, 1]),
        st.sampled_from([timedelta(0), timedelta(0), MICROSECOND, -MICROSECOND]),
    )


def _moment(
    setting: Setting, offset: int, wall: time, fold: int, shift: timedelta
) -> datetime:
    minutes = timedelta(minutes=setting.clock.start if offset % 2 else 0)
    shown = datetime.combine(setting.today + timedelta(days=offset), wall) + minutes
    local = shown.replace(fold=fold, tzinfo=ZoneInfo(setting.clock.zone))
    return local.astimezone(UTC) + shift


def now(setting: Setting) -> st.SearchStrategy[datetime]:
    return moments(setting, (0, 0, 0, 1, -1))


@functools.cache
def nows(setting: Setting) -> list[datetime]:
    """Every wall-clock time on the day, and some on the days beside it."""
    some = [(offset, wall) for offset in (-1, 0, 0, 1) for wall in WALLS]
    return [_moment(setting, *each, 0, timedelta(0)) for each in some]


def payloads() -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    """What facts carry: whole numbers and what only looks like them, texts, lists."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "page": st.sampled_from(["home", "cart", "", "hom"])
        | st.just(("home", "cart")),
        "amount": st.integers(-2, 4) | st.sampled_from(["2", 2.5, None, True]),
        "ok": st.sampled_from([True, False, 1, 0, "true"]),
    }
    some = st.fixed_dictionaries({}, optional=fields)
    return some.map(lambda payload: tuple(sorted(payload.items())))


@functools.cache
def events(setting: Setting, accounts: tuple[str, ...]) -> st.SearchStrategy[Event]:
    fact = st.builds(
        Fact,
        kind=st.sampled_from(KINDS),
        account=st.sampled_from(accounts),
        at=moments(setting),
        group=st.none() | st.sampled_from(GROUPS),
        payload=payloads(),
    )
    # Few keys, so that sources tell some facts again, and not always in the same words.
    return st.builds(Event, fact=fact, key=st.integers(0, 60).map(str))


@functools.cache
def values(setting: Setting) -> dict[str, list[Any]]:
    """The values that an attribute may have; of several, each one."""
    near = [setting.today + timedelta(days=n) for n in (-30, -1, 0, 1, 6, 7, 29, 30)]
    return {
        "note": TEXTS,
        "score": [Decimal(text) for text in SCORES],
        "fan": [True, False],
        "birthday": [*near, date(2000, 2, 29), date(1999, 2, 28), date(1970, 1, 1)],
        "seen": [
            _moment(setting, offset, wall, 0, timedelta(0))
            for offset in (-1, 0, 1)
            for wall in WALLS[:4]
        ],
        "city": CITIES,
        "likes": LIKES,
    }


def value(setting: Setting, name: str) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values(setting)[name])
    return st.frozensets(one, min_size=1) if TYPES[name] == "multi" else one
