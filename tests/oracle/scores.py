"""What the clause `score` means: points of a person's facts, added up one by one."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.oracle import clock, values

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle
    from tests.oracle.people import Person
    from tests.oracle.questions import Questions

Rule = dict[str, Any]
DAY = timedelta(days=1)


def part(area: str, weight: Any, cap: int, **more: Any) -> Rule:
    name = f"{area} {weight} {cap}"
    return {"name": name, "area": area, "weight": weight, "cap": cap, **more}


FIRST: Rule = {
    "parts": [
        part("content", 3, 2, kind="page.visited", within="7d"),
        part("interaction", "0.5", 4, kind="test.passed", by="days", within="30d"),
        part("service", "0.05", 20, by="tenure"),
    ]
}
SECOND: Rule = {
    "parts": [
        part("content", 2, 3, kind="page.visited", within="14d", half_life=3),
        part(
            "content",
            "1.5",
            2,
            kind="page.visited",
            by="days",
            within="30d",
            half_life=7,
            where={"group": ["north"]},
        ),
        part("service", 1, 2, kind="order.paid", by="repeats", within="31d"),
        part(
            "service", 99, 1, kind="order.paid", by="sum", field="amount", within="30d"
        ),
        part("content", 2, 5, kind="test.passed", by="sum", field="评分", within="30d"),
        part(
            "interaction",
            1,
            3,
            kind="test.passed",
            within="30d",
            half_life=2,
            hours=["22:00", "06:00"],
        ),
        part("service", "0.01", 400, by="tenure"),
    ]
}
SCORES: dict[str, tuple[tuple[int | None, Rule], ...]] = {
    "mix": ((None, FIRST), (-7, SECOND)),
    "plain": ((None, FIRST),),
}
"""Score → its versions, with the days from today on which they were saved."""
BOUNDS = [0, 0, 5, 10, "12.5", 20, 33.3, 50, 80, 100]


def draw_score(draw: Questions) -> Rule:
    signs = draw.random.sample(
        ["gte", "gt", "lte", "lt", "eq"], draw.random.choice([1, 1, 2])
    )
    args: Rule = {"name": draw.random.choice(list(SCORES))}
    args |= {sign: draw.random.choice(BOUNDS) for sign in signs}
    return args | draw.maybe(lambda: {"on": draw.day()})


def has_score(oracle: Oracle, args: Rule, person: Person) -> bool:
    bounds = {sign: n for sign, n in args.items() if sign in values.COMPARISONS}
    day = min(clock.as_date(args.get("on", "9999-12-31")), oracle.today)
    spec = spec_on(oracle, args["name"], day)
    return values.compares(Fraction(tenths(oracle, spec, day, person), 10), bounds)


def spec_on(oracle: Oracle, name: str, day: date) -> Rule:
    versions = oracle.community.scores[name]
    begun = [spec for first, spec in versions if first <= day]
    return begun[-1] if begun else versions[0][1]


def tenths(oracle: Oracle, spec: Rule, day: date, person: Person) -> int:
    """The score of a person, a whole number of tenths, rounded half up."""
    points = sum(
        (
            Fraction(str(each["weight"]))
            * min(each["cap"], measure(oracle, each, day, person))
            for each in spec["parts"]
        ),
        Fraction(0),
    )
    highest = sum(
        (Fraction(str(each["weight"])) * each["cap"] for each in spec["parts"]),
        Fraction(0),
    )
    return math.floor(points / highest * 1000 + Fraction(1, 2))


def measure(oracle: Oracle, part: Rule, day: date, person: Person) -> Fraction:
    if part.get("by") == "tenure":
        joined = min(a.joined for a in oracle.community.joined_by(person, oracle.at))
        return Fraction(max((day - oracle.clock.day(joined)).days, 0))
    first = day - clock.span(part["within"])
    dated = [(oracle.clock.day(f.at), f) for f in oracle.facts(person, part)]
    found = [(on, fact) for on, fact in dated if first < on <= day]
    if part.get("by") == "repeats":
        return Fraction(max(len(found) - 1, 0))
    if part.get("by") == "sum":
        numbers = [values.to_number(fact.get(part["field"])) for _on, fact in found]
        total = sum((n for n in numbers if n is not None), Fraction(0))
        # Money is counted in whole units of the currency.
        unit = 100 if part["field"] == "amount" else 1
        return max(Fraction(math.floor(total / unit * 100), 100), Fraction(0))
    days = [on for on, _fact in found]
    if part.get("by") == "days":
        days = sorted(set(days))
    return sum((_counts(part, (day - on).days) for on in days), Fraction(0))


def _counts(part: Rule, age: int) -> Fraction:
    if "half_life" not in part:
        return Fraction(1)
    return Fraction(round(100 * 0.5 ** (age / part["half_life"])), 100)
