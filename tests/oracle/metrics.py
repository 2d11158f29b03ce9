"""Metrics computed from a plain list of events, one day at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from qunce.insight.metric_definitions import GROUP


@dataclass(frozen=True)
class Event:
    """`kind` is `registered` or a kind of fact. There is one group."""

    kind: str
    day: date
    person: int | None = None
    amount: int = 0
    in_group: bool = False


@dataclass(frozen=True)
class History:
    """Events in the order in which they happened, as seen at one level."""

    events: list[Event]
    level: str

    def find(self, day: date, *kinds: str) -> list[Event]:
        return [
            event for event in self.events if event.day == day and event.kind in kinds
        ]

    def find_counted(self, day: date, *kinds: str) -> list[Event]:
        """At the level of a group, only what happened in it."""
        events = self.find(day, *kinds)
        return [event for event in events if event.in_group or self.level != GROUP]

    def members(self, until: date) -> set[int | None]:
        if self.level == GROUP:
            return self.group_members(until)
        registered = (event for event in self.events if event.kind == "registered")
        return {event.person for event in registered if event.day <= until}

    def group_members(self, until: date) -> set[int | None]:
        members = set()
        for event in self.events:
            if event.kind == "group.joined" and event.day <= until:
                members.add(event.person)
            if event.kind == "group.left" and event.day <= until:
                members.discard(event.person)
        return members


def count_people(events: list[Event]) -> int:
    return len({event.person for event in events} - {None})


MESSAGES = ("message.posted",)
INTERACTIONS = ("coupon.redeemed", "reaction.added", "send.clicked", "checkin.done")
ACTIVITIES = ("order.paid", *MESSAGES, *INTERACTIONS)


def sum_paid(history: History, day: date) -> int:
    return sum(event.amount for event in history.find(day, "order.paid"))


def sum_refunded(history: History, day: date) -> int:
    return sum(event.amount for event in history.find(day, "order.refunded"))


METRICS: dict[str, Callable[[History, date], int]] = {
    "orders": lambda history, day: len(history.find(day, "order.paid")),
    "buyers": lambda history, day: count_people(history.find(day, "order.paid")),
    "paid": sum_paid,
    "refunded": sum_refunded,
    "net_sales": lambda history, day: (
        sum_paid(history, day) - sum_refunded(history, day)
    ),
    "new_members": lambda history, day: count_people(history.find(day, "registered")),
    "joins": lambda history, day: len(history.find(day, "group.joined")),
    "leaves": lambda history, day: len(history.find(day, "group.left")),
    "members": lambda history, day: len(history.members(day)),
    "active_members": lambda history, day: count_people(
        history.find_counted(day, *ACTIVITIES)
    ),
    "messages": lambda history, day: len(history.find_counted(day, *MESSAGES)),
    "speakers": lambda history, day: count_people(history.find_counted(day, *MESSAGES)),
    "interactions": lambda history, day: len(history.find_counted(day, *INTERACTIONS)),
    "interacting_members": lambda history, day: count_people(
        history.find_counted(day, *INTERACTIONS)
    ),
}
