"""What each clause over facts means: did, in this order, stopped, came back, ratio."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.oracle import clock, strategies, values

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle
    from tests.oracle.people import Fact, Person
    from tests.oracle.questions import Questions

Rule = dict[str, Any]
WINDOWS = ("within", "between", "before", "since", "during")
DAY = timedelta(days=1)
DAYS = ["1d", "2d", "6d", "7d", "13d", "30d"]


# did


def draw_did(draw: Questions) -> Rule:
    measures: dict[str, Callable[[], Rule]] = {
        "times": draw.bounds,
        "days": draw.bounds,
        "weeks": draw.bounds,
        "days_in_a_row": draw.bounds,
        "weeks_in_a_row": draw.bounds,
        "sum": lambda: draw_number(draw),
        "average": lambda: draw_number(draw),
        "min": lambda: draw_number(draw),
        "max": lambda: draw_number(draw),
        "first": draw.window,
        "last": draw.window,
    }
    names = draw.random.sample(list(measures), draw.random.choice([0, 1, 1, 1, 2]))
    args = draw_facts(draw) | draw.maybe(draw.window)
    return args | {name: measures[name]() for name in names}


def draw_number(draw: Questions) -> Rule:
    bounds = draw.bounds(6)
    if draw.random.random() < 0.5:
        bound = draw.random.choice([0.1, 2.5, "0.10000000000000000001", "-0.75", 10])
        bounds = {draw.random.choice(["gte", "gt", "lte", "lt", "eq"]): bound}
    return {"field": draw.random.choice(["amount", "amount", "评分"]), **bounds}


HOURS: list[list[Any]] = [
    [0, 6],
    [22, 6],
    [0, 24],
    ["01:30", "03:00"],
    ["23:30", "0:30"],
]


def draw_facts(draw: Questions) -> Rule:
    args: Rule = {"kind": draw.random.choice(strategies.KINDS)}
    if draw.random.random() < 0.2:
        args["hours"] = draw.random.choice(HOURS)
    if draw.random.random() < 0.2:
        args["weekdays"] = draw.random.sample(range(7), draw.random.randint(1, 7))
    if draw.random.random() < 0.3:
        args["where"] = draw_where(draw)
    return args


def draw_where(draw: Questions) -> Rule:
    conditions: list[Rule] = [
        {"group": draw.random.choice(["north", ["north", "quiet"], []])},
        {"page": draw.random.choice(["home", ["home", "cart"], "", []])},
        {"amount": draw.bounds(5)},
        {"amount": draw.random.choice([0, 1, 2, 2.5, "2", True, [1, 2, "2", -0.75]])},
        {"评分": draw.random.choice([{"gt": 4.25}, {"lte": "0.1"}, [4.5, 5]])},
        {"ok": draw.random.choice([True, False, 1, 0, "true"])},
    ]
    first, second = draw.random.sample(conditions, 2)
    return first if draw.random.random() < 0.7 else first | second


def did(oracle: Oracle, args: Rule, person: Person) -> bool:
    ever = oracle.facts(person, args)
    window = {name: args[name] for name in WINDOWS if name in args}
    facts = [fact for fact in ever if oracle.in_window(window, fact.at)]
    days = {oracle.community.clock.day(fact.at) for fact in facts}
    weeks = {(oracle.today - day) // timedelta(days=7) for day in days}
    results = []
    if "times" in args:
        results.append(values.compares(len(facts), args["times"]))
    if "days" in args:
        results.append(values.compares(len(days), args["days"]))
    if "weeks" in args:
        results.append(values.compares(len(weeks), args["weeks"]))
    if "days_in_a_row" in args:
        streak = longest_streak(day.toordinal() for day in days)
        results.append(values.compares(streak, args["days_in_a_row"]))
    if "weeks_in_a_row" in args:
        results.append(values.compares(longest_streak(weeks), args["weeks_in_a_row"]))
    for name in ("sum", "average", "min", "max"):
        if name in args:
            results.append(_number_compares(facts, name, args[name]))
    if "first" in args:
        results.append(_edge_is_in(oracle, ever, min, args["first"]))
    if "last" in args:
        results.append(_edge_is_in(oracle, ever, max, args["last"]))
    return all(results) if results else len(facts) >= 1


def longest_streak(numbers: Iterable[int]) -> int:
    found = set(numbers)
    return max((_streak_from(number, found) for number in found), default=0)


def _streak_from(number: int, found: set[int]) -> int:
    return 1 + _streak_from(number + 1, found) if number in found else 0


def _number_compares(facts: list[Fact], name: str, args: Rule) -> bool:
    found = [values.to_number(fact.get(args["field"])) for fact in facts]
    numbers = [number for number in found if number is not None]
    bounds = {key: bound for key, bound in args.items() if key != "field"}
    if name == "sum":
        return values.compares(sum(numbers, Fraction(0)), bounds)
    if not numbers:
        return False
    number = {
        "average": sum(numbers, Fraction(0)) / len(numbers),
        "min": min(numbers),
        "max": max(numbers),
    }[name]
    return values.compares(number, bounds)


def _edge_is_in(
    oracle: Oracle, ever: list[Fact], edge: Callable[..., Fact], window: Rule
) -> bool:
    if not ever:
        return False
    return oracle.in_window(window, edge(ever, key=lambda fact: fact.at).at)


# seq


def draw_sequence(draw: Questions) -> Rule:
    steps = [draw_facts(draw) for _ in range(draw.random.choice([2, 2, 3]))]
    within = {"within": draw.random.choice(["1h", "12h", "1d", "7d"])}
    args: Rule = {"steps": steps} | draw.maybe(lambda: within)
    return args | draw.maybe(lambda: {"during": draw.window()})


def did_in_order(oracle: Oracle, args: Rule, person: Person) -> bool:
    """Try every fact as the first step, then every later one as the next."""
    within = clock.span(args["within"]) if "within" in args else None
    steps = [
        [
            fact.at
            for fact in oracle.facts(person, step)
            if oracle.in_window(args.get("during", {}), fact.at)
        ]
        for step in args["steps"]
    ]
    return any(_follows(steps[1:], first, first, within) for first in steps[0])


def _follows(
    steps: list[list[datetime]],
    first: datetime,
    before: datetime,
    within: timedelta | None,
) -> bool:
    if not steps:
        return within is None or before - first <= within
    return any(
        _follows(steps[1:], first, time, within) for time in steps[0] if time > before
    )


# Breaks and ratios


def days_of(oracle: Oracle, person: Person, args: Rule) -> list[date]:
    """The day of each fact, once for each of them, in order."""
    return sorted(oracle.clock.day(fact.at) for fact in oracle.facts(person, args))


def draw_stopped(draw: Questions) -> Rule:
    bound = draw.random.choice([{"gte": 1}, {"gte": 2}, {"gt": 1, "lte": 3}, {"eq": 1}])
    args = {**draw_facts(draw), "for": draw.random.choice(DAYS)}
    args |= draw.maybe(lambda: {"times": bound})
    return args | draw.maybe(lambda: {"within": draw.random.choice(DAYS)})


def has_stopped(oracle: Oracle, args: Rule, person: Person) -> bool:
    days = days_of(oracle, person, args)
    last = oracle.today - clock.span(args["for"])
    first = last - clock.span(args["within"]) if "within" in args else date.min
    before = [day for day in days if first < day <= last]
    since = [day for day in days if day > last]
    times = args.get("times", {"gte": 1})
    return values.compares(len(before), times) and not since


def draw_returned(draw: Questions) -> Rule:
    window = draw.window()
    if str(window.get("within", "")).endswith("h"):
        window = {}
    return {**draw_facts(draw), "after": draw.random.choice(DAYS), **window}


def has_returned(oracle: Oracle, args: Rule, person: Person) -> bool:
    days = sorted(set(days_of(oracle, person, args)))
    window = {name: args[name] for name in WINDOWS if name in args}
    return any(
        clock.in_days(window, after, oracle.today)
        and after - before - DAY >= clock.span(args["after"])
        for before, after in itertools.pairwise(days)
    )


def draw_ratio(draw: Questions) -> Rule:
    bound = draw.random.choice([0, 0.5, "0.3333333333", 1, 1.5, 2])
    args: Rule = {
        "of": draw_facts(draw),
        "per": draw_facts(draw),
        draw.random.choice(["gte", "gt", "lte", "lt", "eq"]): bound,
    }
    least = {"least": draw.random.randint(1, 3)}
    return args | draw.maybe(draw.window) | draw.maybe(lambda: least)


def has_ratio(oracle: Oracle, args: Rule, person: Person) -> bool:
    window = {name: args[name] for name in WINDOWS if name in args}
    of, per = (
        sum(oracle.in_window(window, fact.at) for fact in oracle.facts(person, each))
        for each in (args["of"], args["per"])
    )
    bounds = {sign: n for sign, n in args.items() if sign in values.COMPARISONS}
    if per < args.get("least", 1):
        return False
    return values.compares(Fraction(of, per), bounds)
