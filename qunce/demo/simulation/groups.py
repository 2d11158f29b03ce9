"""Groups of each kind, and the members' stays in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.demo.simulation.calendar import later
from qunce.demo.simulation.people import OPERATORS, SHOPS, Person
from qunce.demo.simulation.random_numbers import Chance
from qunce.demo.simulation.settings import Settings

LOCAL_CAPACITY, CAPACITY = 200, 500
GROWING, LASTING, RECALLING, DEAD = "growing", "lasting", "recalling", "dead"
OPENING_CLOCK = 9.5
FULL_SHARE = 0.95
"""Of the capacity, from which on members are sent to the next group."""
FURTHER: dict[str, float] = {
    "interest": 0.24,
    "flash": 0.22,
    "seeding": 0.04,
    "service": 0.05,
}
"""Share of members who join a group of this kind."""
OPENINGS: dict[str, tuple[int, int, float]] = {
    "interest": (12, 52, 2.2),
    "vip": (40, 90, 1.6),
    "flash": (20, 110, 0.6),
    "seeding": (90, 120, 1.8),
    "service": (2, 1, 0.8),
    "iron_fan": (70, 1, 3.0),
}
"""The day of the first group of a kind, the days to the next, and how much they talk."""
COMPANY_SHARE = 0.012
VIP_ORDERS, BLACK_CARD_ORDERS, FRIEND_ORDERS = 0.6, 1.2, 1.3
"""Orders a week of members who are invited."""


@dataclass(frozen=True)
class SimulatedGroup:
    """`stages` are (day, transition) after its opening; quiet after `quiet_from`."""

    number: int
    key: str
    kind: str
    name: str
    opened_at: datetime
    owner: str
    capacity: int
    talk: float
    stages: tuple[tuple[int, str], ...]
    quiet_from: datetime | None = None
    closed_at: datetime | None = None

    @property
    def state(self) -> str:
        states = {"stabilize": LASTING, "recall": RECALLING, "close": DEAD}
        return states[self.stages[-1][1]] if self.stages else GROWING


@dataclass(frozen=True, slots=True)
class Stay:
    group: int
    person: Person
    joined_at: datetime
    left_at: datetime | None
    role: str = "member"


def open_groups(settings: Settings) -> list[SimulatedGroup]:
    """Return the forty groups in the order of their numbers."""
    words, calendar = settings.words, settings.calendar
    chance = settings.chance("groups")
    groups: list[SimulatedGroup] = []

    def add(kind: str, name: str, day: int, talk: float) -> None:
        number = len(groups)
        quiet, stages = _plan_stages(number, kind, day)
        closed = [at for at, transition in stages if transition == "close"]
        groups.append(
            SimulatedGroup(
                number=number,
                key=f"wr{number + 1:03}",
                kind=kind,
                name=name,
                opened_at=calendar.at(day, OPENING_CLOCK),
                owner=chance.pick(OPERATORS),
                capacity=LOCAL_CAPACITY if kind == "local" else CAPACITY,
                talk=talk,
                stages=stages,
                quiet_from=calendar.at(quiet, 0) if quiet else None,
                closed_at=calendar.at(closed[0], 20) if closed else None,
            )
        )

    for number in (1, 2):
        for shop in range(SHOPS):
            name = words.groups["local"][0].format(
                shop=words.shops[shop], number=number
            )
            day = shop // 3 if number == 1 else 60 + 24 * shop
            add("local", name, day, chance.between(0.7, 1.4))
    for kind, (first_day, gap, talk) in OPENINGS.items():
        for index, name in enumerate(words.groups[kind]):
            add(kind, name, first_day + gap * index, talk)
    return groups


def _plan_stages(
    number: int, kind: str, day: int
) -> tuple[int | None, tuple[tuple[int, str], ...]]:
    """Return the day from which a group is quiet, and its stages by day."""
    if number == 10 or (kind == "flash" and day == 240):
        return 280, ((day + 40, "stabilize"), (315, "recall"), (341, "close"))
    if number in (5, 8, 20, 26):
        return 300, ((day + 45, "stabilize"), (340, "recall"))
    if number in (3, 7, 29):
        # Nobody has noticed yet, so that the console's advice is to win them back.
        return 312, ((day + 45, "stabilize"),)
    return None, ((day + 60, "stabilize"),) if day < 250 else ()


def join_groups(
    groups: Sequence[SimulatedGroup], people: Sequence[Person], settings: Settings
) -> list[Stay]:
    """Return all stays in the order in which they began."""
    chance, now = settings.chance("stays"), settings.now
    by_kind: dict[str, list[SimulatedGroup]] = {}
    for group in groups:
        by_kind.setdefault(group.kind, []).append(group)
    sizes = [0] * len(groups)
    stays: list[Stay] = []
    for person in people:
        for group in _choose(person, by_kind, sizes, chance):
            delay = chance.exponential(0.7 if group.kind == "local" else 30.0)
            begin = later(max(person.joined_at, group.opened_at), delay)
            end = min(filter(None, (group.closed_at, person.left_at, now)))
            if begin >= end:
                continue
            sizes[group.number] += 1
            stays += _stay(group, person, begin, now, chance)
    return sorted(
        stays, key=lambda stay: (stay.joined_at, stay.person.number, stay.group)
    )


def _choose(
    person: Person,
    by_kind: dict[str, list[SimulatedGroup]],
    sizes: Sequence[int],
    chance: Chance,
) -> Iterator[SimulatedGroup]:
    if chance.happens(0.86):
        first, second = (by_kind["local"][person.shop + SHOPS * i] for i in (0, 1))
        is_full = sizes[first.number] >= FULL_SHARE * first.capacity
        # The second group of a shop opens later, and then takes the new members.
        is_open = second.opened_at <= person.joined_at
        chosen = second if is_open or is_full else first
        if sizes[chosen.number] < chosen.capacity:
            yield chosen
    for kind, share in FURTHER.items():
        if chance.happens(share):
            yield chance.pick(by_kind[kind])
    if person.orders >= VIP_ORDERS:
        yield by_kind["vip"][person.orders >= BLACK_CARD_ORDERS]
    if chance.happens(COMPANY_SHARE):
        yield by_kind["vip"][2]
    if person.orders >= FRIEND_ORDERS and person.talk > 0:
        yield by_kind["iron_fan"][0]


def _stay(
    group: SimulatedGroup,
    person: Person,
    begin: datetime,
    now: datetime,
    chance: Chance,
) -> Iterator[Stay]:
    """Yield a member's stays in a group: mostly one, sometimes a return."""
    ends = [person.left_at, group.closed_at]
    if chance.happens(0.2):
        ends.append(later(begin, chance.exponential(80.0)))
    end = min((each for each in ends if each), default=None)
    is_over = end is not None and end < now
    is_core = person.talk > 3.5 and person.orders > 0.25
    role = chance.pick(("koc", "core", "seed")) if is_core else "member"
    yield Stay(group.number, person, begin, end if is_over else None, role)
    if end and is_over and not person.left_at and not group.closed_at:
        again = later(end, chance.exponential(20.0))
        if chance.happens(0.08) and again < now:
            yield Stay(group.number, person, again, None, role)
