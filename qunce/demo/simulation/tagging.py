"""Tags that staff set by hand, each in their own way: some use a twin of a tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.demo.simulation.calendar import WORKING_HOURS, at_clock, later
from qunce.demo.simulation.messages import Message
from qunce.demo.simulation.orders import SimulatedOrder
from qunce.demo.simulation.people import OPERATORS, Person
from qunce.demo.simulation.random_numbers import Chance
from qunce.demo.simulation.settings import Settings

TWIN_WRITERS = OPERATORS[2:]
"""Those who do not look at the library first, and create a twin of a tag."""
TAGGED_SHARE = 0.55
"""Of members, about whom staff noted anything."""
REGULAR_ORDERS, NEIGHBOUR_SHARE = 8, 0.3
HIGH_ORDERS, MID_ORDERS = 6, 2
RELATIONS = {"shop": ("neighbour", "office"), "parcel": ("gift",)}
OTHERS = {
    ("taste", "oat"): 0.12,
    ("taste", "no_sugar"): 0.09,
    ("relation", "company"): 0.02,
    ("service", "vip_care"): 0.04,
    ("service", "course"): 0.05,
}
"""Share of the tagged members with each of these, whoever they are."""


@dataclass(frozen=True, slots=True)
class SimulatedTagging:
    """`tag` is the key of a group and of a tag; `is_twin` says which name was used."""

    person: Person
    tag: tuple[str, str]
    is_twin: bool
    at: datetime
    depth: int = 1


def tag_members(
    people: Sequence[Person],
    orders: Sequence[SimulatedOrder],
    messages: Sequence[Message],
    settings: Settings,
) -> list[SimulatedTagging]:
    chance, now = settings.chance("tagging"), settings.now
    bought = Counter(order.person.number for order in orders)
    refunded = {order.person.number for order in orders if order.refunded}
    complained = Counter(
        each.person.number for each in messages if each.topic == "complaint"
    )
    taggings = []
    for person in people:
        number = person.number
        tags = dict.fromkeys(_tags_of(person, bought[number], chance), 1)
        if number in refunded and chance.happens(0.7):
            tags["service", "refund"] = 1
        if complained[number] and chance.happens(0.8):
            tags["service", "complained"] = complained[number]
        for (group, tag), depth in tags.items():
            day = later(person.joined_at, 1 + chance.exponential(40.0))
            at = min(at_clock(day, chance.between(*WORKING_HOURS)), now)
            words = settings.words.tags[group]
            is_twin = person.staff in TWIN_WRITERS and tag in words.twins
            taggings.append(
                SimulatedTagging(
                    person, (group, tag), is_twin and chance.happens(0.6), at, depth
                )
            )
    return taggings


def _tags_of(person: Person, orders: int, chance: Chance) -> Iterator[tuple[str, str]]:
    if not chance.happens(TAGGED_SHARE):
        return
    favourites = {"latte": "latte_fan", "pour_over": "pour_over_fan"}
    if person.favourite in favourites and orders:
        yield "taste", favourites[person.favourite]
    if orders >= REGULAR_ORDERS:
        yield "relation", "regular"
    relations = RELATIONS.get(person.source, ())
    if relations and chance.happens(NEIGHBOUR_SHARE):
        yield "relation", chance.pick(relations)
    level = (
        "high" if orders >= HIGH_ORDERS else "mid" if orders >= MID_ORDERS else "low"
    )
    if chance.happens(0.6):
        yield "intent", level
    for tag, share in OTHERS.items():
        if chance.happens(share):
            yield tag
