"""What the clauses mean that place members among all others: rank, RFM, random share."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.oracle import clock, values
from tests.oracle.fact_clauses import WINDOWS, Rule, draw_facts

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle
    from tests.oracle.people import Person
    from tests.oracle.questions import Questions

Number = Fraction | int

# rank


def draw_rank(draw: Questions) -> Rule:
    top = draw.random.choice([1, 2, 3, 100, "10%", "34%", "50.5%", "100%"])
    if draw.random.random() < 0.3:
        return {"top": top, "attr": "score"}
    args = {"top": top, **draw_facts(draw)} | draw.maybe(draw.window)
    by = draw.random.choice([None, "times", "days", "sum", "sum"])
    field = {"field": draw.random.choice(["amount", "amount", "评分"])}
    return args | ({"by": by} if by else {}) | (field if by == "sum" else {})


def is_among_top(oracle: Oracle, args: Rule, person: Person) -> bool:
    """Whether fewer members are better than there are places."""
    members = [p for p in oracle.community.people() if oracle.is_present(p)]
    if person not in members:
        return False
    top = args["top"]
    if isinstance(top, str):
        top = math.ceil(Fraction(top[:-1]) / 100 * len(members))
    own = _number(oracle, args, person)
    if own is None:
        return False
    numbers = (_number(oracle, args, other) for other in members)
    better = sum(number is not None and number > own for number in numbers)
    return bool(better < top)


def _number(oracle: Oracle, args: Rule, person: Person) -> Number | None:
    """What a member is ranked by, if there is anything."""
    if "attr" in args:
        value: Any = oracle.community.value(args["attr"], person)
        return None if value is None else Fraction(value)
    window = {name: args[name] for name in WINDOWS if name in args}
    facts = [
        fact for fact in oracle.facts(person, args) if oracle.in_window(window, fact.at)
    ]
    number: Number = len(facts)
    if args.get("by") == "days":
        number = len({oracle.clock.day(fact.at) for fact in facts})
    if args.get("by") == "sum":
        found = [values.to_number(fact.get(args["field"])) for fact in facts]
        number = sum((n for n in found if n is not None), Fraction(0))
    return number if number > 0 else None


# rfm


def draw_rfm(draw: Questions) -> Rule:
    parts = draw.random.choice([2, 3, 4, 5])
    grades = {
        letter: draw.random.sample(range(1, parts + 1), draw.random.randint(1, 2))
        for letter in draw.random.sample("rfm", draw.random.choice([1, 1, 2, 3]))
    }
    args: Rule = {**grades, **draw_facts(draw)}
    args |= {} if parts == 5 else {"parts": parts}
    args |= draw.maybe(lambda: {"as_of": draw.day()})
    args |= draw.maybe(lambda: {"within": draw.random.choice(["2d", "7d", "30d"])})
    return args | draw.maybe(lambda: {"field": draw.random.choice(["amount", "评分"])})


def has_grades(oracle: Oracle, args: Rule, person: Person) -> bool:
    known = [
        each
        for each in oracle.community.people()
        if oracle.community.joined_by(each, oracle.at)
    ]
    numbers = {each: _rfm(oracle, args, each) for each in known}
    buyers = {each: own for each, own in numbers.items() if own is not None}
    if person not in buyers:
        return False
    return all(
        _grade([own[index] for own in buyers.values()], buyers[person][index], args)
        in args[letter]
        for index, letter in enumerate("rfm")
        if letter in args
    )


def _rfm(oracle: Oracle, args: Rule, person: Person) -> list[Number] | None:
    last = min(clock.as_date(args.get("as_of", "9999-12-31")), oracle.today)
    as_of = clock.as_date(args["as_of"]) if "as_of" in args else oracle.today
    facts = [
        fact
        for fact in oracle.facts(person, args)
        if oracle.clock.day(fact.at) <= last
        and (
            "within" not in args
            or oracle.clock.day(fact.at) > as_of - clock.span(args["within"])
        )
    ]
    if not facts:
        return None
    found = [values.to_number(fact.get(args.get("field", "amount"))) for fact in facts]
    last_day = max(oracle.clock.day(fact.at) for fact in facts)
    money = sum((number for number in found if number is not None), Fraction(0))
    return [last_day.toordinal(), len(facts), money]


def _grade(numbers: list[Number], own: Number, args: Rule) -> int:
    """One more than how many quantiles of all numbers it exceeds."""
    parts, ordered = args.get("parts", 5), sorted(numbers)
    grade = 1
    for part in range(1, parts):
        position = Fraction((len(ordered) - 1) * part, parts)
        low = math.floor(position)
        high = min(low + 1, len(ordered) - 1)
        bound = ordered[low] + (ordered[high] - ordered[low]) * (position - low)
        grade += own > bound
    return grade


# random


def draw_random(draw: Questions) -> Rule:
    percent, skip = draw.random.choice([(10, 0), (50, 0), (50, 50), (33.33, 12.5)])
    args = {"salt": draw.random.choice(["spring", "春"]), "percent": percent}
    return args | ({"skip": skip} if skip else {})


def is_in_share(oracle: Oracle, args: Rule, person: Person) -> bool:
    place = place_of(person[0], args["salt"])
    skip = Fraction(str(args.get("skip", 0)))
    return skip <= place < skip + Fraction(str(args["percent"]))


ALL = 2**64


def place_of(key: str, salt: str) -> Fraction:
    """The place of a key in a draw, in per cent, by arithmetic with whole numbers."""
    encoded = key.encode()
    number = _mix(len(encoded) ^ 0x9E3779B97F4A7C15)
    for begin in range(0, len(encoded), 8):
        word = encoded[begin : begin + 8]
        number = _mix(number ^ int.from_bytes(word.rjust(8, b"\0"), "little"))
    digest = hashlib.blake2b(salt.encode(), digest_size=8).digest()
    seed = int.from_bytes(digest, "big")
    mixed = _mix((_mix(number ^ seed) + seed) % ALL)
    return Fraction((mixed >> 32) * 100, 2**32)


def _mix(number: int) -> int:
    number = (number ^ (number >> 33)) * 0xFF51AFD7ED558CCD % ALL
    number = (number ^ (number >> 33)) * 0xC4CEB9FE1A85EC53 % ALL
    return number ^ (number >> 33)
