"""Metrics computed from a plain list of events, one day at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from qunce.insight.metric_definitions import GROUP


@dataclass(frozen=True)
class Event:
    """`kind` is `registered` or a kind of fact. All facts about a group are of one group."""

    kind: str
    day: date
    person: int | None = None
    amount: int = 0


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
        """At the level of a group, only events of people who are in it at the end."""
        events = self.find(day, *kinds)
        if self.level == GROUP:
            members = self.group_members(date.max)
            events = [event for event in events if event.person in members]
        return events

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


ACTIVITIES = (
    "order.paid",
    "coupon.redeemed",
    "message.posted",
    "reaction.added",
    "send.clicked",
    "checkin.done",
)

METRICS: dict[str, Callable[[History, date], int]] = {
    "orders": lambda history, day: len(history.find_counted(day, "order.paid")),
    "buyers": lambda history, day: count_people(history.find(day, "order.paid")),
    "sales": lambda history, day: sum(
        event.amount for event in history.find(day, "order.paid")
    ),
    "new_members": lambda history, day: count_people(history.find(day, "registered")),
    "joins": lambda history, day: len(history.find(day, "group.joined")),
    "leaves": lambda history, day: len(history.find(day, "group.left")),
    "members": lambda history, day: len(history.group_members(day)),
    "active_members": lambda history, day: count_people(
        history.find_counted(day, *ACTIVITIES)
    ),
}
