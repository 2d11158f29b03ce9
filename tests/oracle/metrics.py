"""Metrics computed from a plain list of events, one day at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from qunce.insight.metric_definitions import GROUP


@dataclass(frozen=True)
class Event:
    """`kind` is `registered` or a kind of fact. There is one group."""

    kind: str
    day: date
    person: int | None = None
    amount: int = 0
    in_group: bool = False
    moment: datetime | None = None


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
        members = set()
        for event in self.events:
            if event.kind in ("registered", "member.rejoined") and event.day <= until:
                members.add(event.person)
            if event.kind == "member.left" and event.day <= until:
                members.discard(event.person)
        return members

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


def count_leaves(history: History, day: date) -> int:
    kind = "group.left" if history.level == GROUP else "member.left"
    return len(history.find(day, kind))


def count_net_growth(history: History, day: date) -> int:
    came = ("registered", "member.rejoined")
    kinds = ("group.joined",) if history.level == GROUP else came
    return len(history.find(day, *kinds)) - count_leaves(history, day)


def count_window(history: History, day: date, width: int, *kinds: str) -> int:
    days = [day - timedelta(days=ago) for ago in range(width)]
    return count_people(
        [event for each in days for event in history.find(each, *kinds)]
    )


def count_new_buyers(history: History, day: date) -> int:
    buyers = {event.person for event in history.find(day, "order.paid")}
    earlier = (e for e in history.events if e.kind == "order.paid" and e.day < day)
    return len(buyers - {event.person for event in earlier})


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
    "leaves": count_leaves,
    "returns": lambda history, day: len(history.find(day, "member.rejoined")),
    "net_growth": count_net_growth,
    "members": lambda history, day: len(history.members(day)),
    "opening_members": lambda history, day: len(
        history.members(day - timedelta(days=1))
    ),
    "new_buyers": count_new_buyers,
    "active_week": lambda history, day: count_window(history, day, 7, *ACTIVITIES),
    "active_month": lambda history, day: count_window(history, day, 28, *ACTIVITIES),
    "active_members": lambda history, day: count_people(
        history.find_counted(day, *ACTIVITIES)
    ),
    "messages": lambda history, day: len(history.find_counted(day, *MESSAGES)),
    "speakers": lambda history, day: count_people(history.find_counted(day, *MESSAGES)),
    "interactions": lambda history, day: len(history.find_counted(day, *INTERACTIONS)),
    "interacting_members": lambda history, day: count_people(
        history.find_counted(day, *INTERACTIONS)
    ),
    "complaints_raised": lambda history, day: len(
        history.find(day, "complaint.opened")
    ),
    "complaints_closed": lambda history, day: len(
        history.find(day, "complaint.closed")
    ),
    "complaint_ratings": lambda history, day: len(history.find(day, "complaint.rated")),
    "good_complaint_ratings": lambda history, day: sum(
        event.amount >= 4 for event in history.find(day, "complaint.rated")
    ),
}


def list_events(history: History, days: list[date], *kinds: str) -> list[Event]:
    return [event for day in days for event in history.find_counted(day, *kinds)]


def list_numbers_of_messages(history: History, days: list[date]) -> list[int]:
    """How many messages each person wrote, the most first."""
    writers = [event.person for event in list_events(history, days, *MESSAGES)]
    return sorted((writers.count(person) for person in set(writers)), reverse=True)


def list_now(history: History) -> set[int | None]:
    return history.members(date.max)


def list_speaking(history: History, days: list[date]) -> set[int | None]:
    events = list_events(history, days, *MESSAGES)
    return list_now(history) & {event.person for event in events}


def count_repeat_buyers(history: History, days: list[date]) -> int:
    buyers = [event.person for event in list_events(history, days, "order.paid")]
    return sum(buyers.count(person) >= 2 for person in set(buyers))


def sum_of_top_tenth(history: History, days: list[date]) -> int:
    numbers = list_numbers_of_messages(history, days)
    return sum(numbers[: -(-len(numbers) // 10)])


def sum_over_pairs(
    history: History, days: list[date], of: Callable[[int, int], int]
) -> int:
    numbers = list_numbers_of_messages(history, days)
    return sum(of(one, other) for one in numbers for other in numbers)


SILENCE = timedelta(days=3)


def count_conversations(history: History, days: list[date]) -> int:
    """Nobody of the staff writes, so that only a silence opens another conversation."""
    last: dict[int | None, datetime] = {}
    opened = 0
    messages = [
        (each.moment, 0 if each.in_group else each.person, each.day)
        for each in history.events
        if each.kind in MESSAGES and each.moment is not None
        if each.in_group or history.level != GROUP
    ]
    for moment, chat, day in sorted(messages, key=lambda each: each[0]):
        if chat not in last or moment - last[chat] >= SILENCE:
            opened += day in days
        last[chat] = moment
    return opened


SCORED = {"message.posted": 28, "send.clicked": 28, "content.shared": 28}
SCORED |= {"price.asked": 28, "friend.invited": 90, "feedback.given": 90}
"""Kinds of the activity score, and for how many days each counts."""


def count_scored(history: History, days: list[date]) -> int:
    scored = {
        event.person
        for event in history.events
        if event.kind in SCORED
        and 0 <= (days[-1] - event.day).days < SCORED[event.kind]
    }
    return len(list_now(history) & scored)


SPAN_METRICS: dict[str, Callable[[History, list[date]], int]] = {
    "active_members": lambda history, days: count_people(
        list_events(history, days, *ACTIVITIES)
    ),
    "speakers": lambda history, days: count_people(
        list_events(history, days, *MESSAGES)
    ),
    "interacting_members": lambda history, days: count_people(
        list_events(history, days, *INTERACTIONS)
    ),
    "buyers": lambda history, days: count_people(
        list_events(history, days, "order.paid")
    ),
    "opening_members": lambda history, days: len(
        history.members(days[0] - timedelta(days=1))
    ),
    "members_now": lambda history, days: len(list_now(history)),
    "speaking_members": lambda history, days: len(list_speaking(history, days)),
    "silent_members": lambda history, days: len(
        list_now(history) - list_speaking(history, days)
    ),
    "members_with_activity": count_scored,
    "repeat_buyers": count_repeat_buyers,
    "messages_of_top_tenth": sum_of_top_tenth,
    "message_pair_differences": lambda history, days: sum_over_pairs(
        history, days, lambda one, other: abs(one - other)
    ),
    "message_pair_sums": lambda history, days: sum_over_pairs(
        history, days, lambda one, other: one + other
    ),
    "conversations_opened": count_conversations,
    "conversations_answered": lambda history, days: 0,
    # No channel is connected; tests/insight/first_answers has those of the inbox.
    "mentions_opened": lambda history, days: 0,
    "mentions_answered": lambda history, days: 0,
    "first_answer_time": lambda history, days: 0,
}
"""Numbers of a span that are not the sum of its days, nor the last of them."""
