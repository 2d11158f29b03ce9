"""Random communities that are small but nasty, and random rules over all of their parts.

Few names and few moments, so that things collide: the same instant twice, the two sides
of midnight, the hour that a clock shows twice and the one that it leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.oracle.clock import Clock
from tests.oracle.oracle import Rule

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
FROZEN = ["march"]
KINDS = ["page.visited", "test.passed", "order.paid", "order.refunded"]
TEXTS = ["Tea", "tea house", "茶", "", "ß", "a%b_c"]
CITIES = ["gansu", "shaanxi", "Gansu"]

OFFSETS = [-400, -31, -30, -29, -14, -13, -8, -7, -6, -3, -2, -1, 0, 0, 0, 1, 2]
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
    setting: Setting, offsets: list[int] = OFFSETS
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
    return moments(setting, [0, 0, 0, 1, -1])


def texts_of_days(setting: Setting) -> st.SearchStrategy[str]:
    return st.sampled_from(OFFSETS).map(
        lambda offset: (setting.today + timedelta(days=offset)).isoformat()
    )


def windows(setting: Setting) -> st.SearchStrategy[Rule]:
    days = texts_of_days(setting)
    return st.one_of(
        st.sampled_from(["1d", "2d", "3d", "7d", "30d", "1h", "12h", "25h"]).map(
            lambda span: {"within": span}
        ),
        st.tuples(days, days).map(lambda pair: {"between": sorted(pair)}),
        (days | st.sampled_from(["1d", "7d", "30d"])).map(lambda d: {"before": d}),
        days.map(lambda day: {"since": day}),
    )


def bounds(most: int = 3) -> st.SearchStrategy[Rule]:
    return st.dictionaries(
        st.sampled_from(["gte", "gt", "lte", "lt", "eq"]),
        st.integers(0, most),
        min_size=1,
        max_size=2,
    )


def some_of(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), max_size=3, unique=True)


def sets_of(names: list[str]) -> st.SearchStrategy[Rule]:
    """any, all, none of these, or several of them together."""
    return st.dictionaries(
        st.sampled_from(["any", "all", "none"]), some_of(names), min_size=1, max_size=2
    )


# Leaves


def tag() -> st.SearchStrategy[Rule]:
    names = sets_of([*TAG_GROUPS, *SYNONYMS])
    untagged = st.sampled_from([True, "worth", "taste"]).map(lambda u: {"untagged": u})
    with_depth = st.tuples(names, bounds()).map(lambda b: {**b[0], "depth": b[1]})
    return st.one_of(names, untagged, with_depth, _joined(names, untagged))


def _joined(*parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    return st.tuples(*parts).map(
        lambda some: {name: body for part in some for name, body in part.items()}
    )


def values(setting: Setting, name: str) -> st.SearchStrategy[Any]:
    """Values of an attribute as Python has them."""
    born = st.sampled_from(OFFSETS).map(
        lambda offset: (setting.today + timedelta(days=offset)).replace(day=1)
    )
    near = st.sampled_from([0, 1, 6, 7]).map(
        lambda n: setting.today + timedelta(days=n)
    )
    by_name: dict[str, st.SearchStrategy[Any]] = {
        "note": st.sampled_from([text for text in TEXTS if text]),
        "score": st.sampled_from(["0", "0.1", "-3", "7.0001", "12000000"]).map(Decimal),
        "fan": st.booleans(),
        "birthday": born | near | st.just(date(2000, 2, 29)),
        "seen": moments(setting),
        "city": st.sampled_from(CITIES),
        "likes": st.frozensets(st.sampled_from(["tea", "milk", "茶"]), min_size=1),
    }
    return by_name[name]


def written(value: Any) -> Any:
    """A value as a rule writes it."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


OPERATORS = {
    "note": ["in", "eq", "ne", "contains", "starts"],
    "score": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "fan": ["eq", "ne"],
    "birthday": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "seen": ["gte", "gt", "lte", "lt"],
    "city": ["in", "eq", "ne"],
    "likes": ["in"],
}


def attr(setting: Setting) -> st.SearchStrategy[Rule]:
    named = [_compared(setting, name) for name in TYPES]
    known = st.tuples(st.sampled_from([*TYPES]), st.booleans()).map(
        lambda body: {"name": body[0], "known": body[1]}
    )
    near = st.sampled_from(["1d", "2d", "7d", "30d"]).map(
        lambda span: {"name": "birthday", "anniversary": {"within": span}}
    )
    return st.one_of(*named, known, near)


def _compared(setting: Setting, name: str) -> st.SearchStrategy[Rule]:
    value = values(setting, name)
    if name == "likes":
        value = st.sampled_from(["tea", "milk", "茶"])
    one = value.map(written)

    def body(operator: str) -> st.SearchStrategy[Rule]:
        bound = st.lists(one, max_size=3) if operator == "in" else one
        return bound.map(lambda b: {"name": name, operator: b})

    return st.sampled_from(OPERATORS[name]).flatmap(body)


def where() -> st.SearchStrategy[Rule]:
    return st.one_of(
        st.sampled_from(["north", ["north", "quiet"]]).map(lambda g: {"group": g}),
        st.sampled_from(["home", ["home", "cart"], []]).map(lambda p: {"page": p}),
        bounds(5).map(lambda some: {"amount": some}),
        st.sampled_from([True, False, 1, 0]).map(lambda ok: {"ok": ok}),
        st.integers(0, 3).map(lambda n: {"amount": n, "page": "home"}),
    )


def did(setting: Setting) -> st.SearchStrategy[Rule]:
    window = windows(setting)
    more: dict[str, st.SearchStrategy[Any]] = {
        "times": bounds(),
        "days": bounds(),
        "weeks": bounds(),
        "sum": bounds(6).map(lambda some: {"field": "amount", **some}),
        "first": window,
        "last": window,
    }
    asked = st.sets(st.sampled_from(sorted(more)), max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({n: more[n] for n in sorted(names)})
    )
    kind = st.sampled_from(KINDS).map(lambda name: {"kind": name})
    nothing: st.SearchStrategy[Rule] = st.just({})
    filtered = nothing | where().map(lambda w: {"where": w})
    return _joined(kind, nothing | window, filtered, asked)


def seq(setting: Setting) -> st.SearchStrategy[Rule]:
    kind = st.sampled_from(KINDS).map(lambda name: {"kind": name})
    nothing: st.SearchStrategy[Rule] = st.just({})
    step = _joined(kind, nothing | where().map(lambda w: {"where": w}))
    steps = st.lists(step, min_size=2, max_size=3).map(lambda s: {"steps": s})
    spans = st.sampled_from(["1h", "12h", "1d", "7d"]).map(lambda s: {"within": s})
    during = windows(setting).map(lambda window: {"during": window})
    return _joined(steps, nothing | spans, nothing | during)


def segment(names: list[str]) -> st.SearchStrategy[Rule]:
    frozen = some_of(FROZEN).map(lambda keys: {"frozen": keys})
    return (sets_of(names) | frozen) if names else frozen


def leaves(
    setting: Setting, accounts: list[str], segments: list[str]
) -> st.SearchStrategy[Rule]:
    """One leaf of each kind; `accounts` and `segments` are the keys it may name."""
    layers = some_of(LAYERS).map(lambda keys: {"of": LAYERING, "in": keys})
    bodies = {
        "tag": tag(),
        "attr": attr(setting),
        "group": sets_of(GROUPS),
        "layer": layers,
        "segment": segment(segments),
        "joined": windows(setting),
        "left": windows(setting),
        "source": some_of(SOURCES).map(lambda names: {"any": names}),
        "members": some_of(accounts).map(lambda keys: {"keys": keys}),
        "did": did(setting),
        "seq": seq(setting),
    }
    # What people did is the widest field, so it is drawn more often.
    names = [*bodies, "did", "did", "did", "seq", "tag"]
    return st.sampled_from(names).flatmap(
        lambda name: bodies[name].map(lambda body: {name: body})
    )


def rules(
    setting: Setting, accounts: list[str], segments: list[str] = SEGMENTS
) -> st.SearchStrategy[Rule]:
    return st.recursive(
        leaves(setting, accounts, segments),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
            inner.map(lambda part: {"with_left": part}),
        ),
        max_leaves=5,
    )
