"""Chat in groups: questions and thanks, chatter, complaints, adverts and floods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qunce.demo.simulation.groups import SimulatedGroup, Stay
from qunce.demo.simulation.people import MONTH, Person
from qunce.demo.simulation.random_numbers import Chance, Weights
from qunce.demo.simulation.settings import SPEECHES, Settings

TOPICS = {
    "chatter": 100,
    "question": 34,
    "greeting": 24,
    "praise": 18,
    "order_line": 18,
    "complaint": 3,
}
"""Topics with their weights; thanks, adverts and floods follow from others."""
HOURS = Weights(
    [1, 0, 0, 0, 0, 1, 4, 9, 12, 8, 6, 6, 9, 7, 5, 5, 5, 6, 7, 8, 11, 11, 8, 4]
)
QUIET_SHARE = 0.03
"""Of its messages, that a group has left when it has gone quiet."""
ADVERTISER_SHARE = 0.03
FLOODS = 14


@dataclass(frozen=True, slots=True)
class Message:
    """Those of the last weeks have their texts stored, all others only their length."""

    person: Person
    group: int
    at: datetime
    topic: str
    text: str


def write_messages(
    groups: Sequence[SimulatedGroup], stays: Sequence[Stay], settings: Settings
) -> list[Message]:
    """Return all messages in the order in which they were written."""
    chance, now = settings.chance("messages"), settings.now
    topics, weights = list(TOPICS), Weights(list(TOPICS.values()))
    messages: list[Message] = []
    for stay in stays:
        messages += _talk(stay, groups[stay.group], topics, weights, now, chance)
        if stay.person.source == "feed" and chance.happens(ADVERTISER_SHARE):
            messages += _advertise(stay, now, chance)
    for stay in chance.sample([stay for stay in stays if stay.person.talk > 0], FLOODS):
        messages += _flood(stay, now, chance)
    messages = [each for each in messages if each.at <= now]
    return sorted(messages, key=lambda each: (each.at, each.person.number, each.group))


def _talk(
    stay: Stay,
    group: SimulatedGroup,
    topics: Sequence[str],
    weights: Weights,
    now: datetime,
    chance: Chance,
) -> Iterator[Message]:
    end = stay.left_at or now
    days = (end - stay.joined_at).total_seconds() / 86_400
    for _number in range(chance.poisson(stay.person.talk * group.talk * days / MONTH)):
        day = stay.joined_at + timedelta(days=int(chance.random() * days))
        second = int(chance.random() * 3600)
        at = day.replace(
            hour=HOURS.draw(chance), minute=second // 60, second=second % 60
        )
        is_quiet = group.quiet_from and at >= group.quiet_from
        if is_quiet and not chance.happens(QUIET_SHARE):
            continue
        if not stay.joined_at <= at < end:
            continue
        topic = topics[weights.draw(chance)]
        yield _message(stay, at, topic, chance)
        if topic == "question" and chance.happens(0.55):
            answered = at + timedelta(seconds=chance.whole(60, 1800))
            if answered < end:
                yield _message(stay, answered, "thanks", chance)


def _message(stay: Stay, at: datetime, topic: str, chance: Chance) -> Message:
    text = SPEECHES[stay.person.speaks].chat.write(topic, chance)
    return Message(stay.person, stay.group, at, topic, text)


def _advertise(stay: Stay, now: datetime, chance: Chance) -> Iterator[Message]:
    """Yield the adverts of somebody who joined to post them."""
    at = stay.joined_at
    for _number in range(chance.whole(1, 4)):
        at += timedelta(seconds=chance.whole(20, 900))
        if at < (stay.left_at or now):
            yield _message(stay, at, "advert", chance)


def _flood(stay: Stay, now: datetime, chance: Chance) -> Iterator[Message]:
    """Yield many messages within a few minutes."""
    end = stay.left_at or now
    at = stay.joined_at + (end - stay.joined_at) * chance.random()
    at = at.replace(microsecond=0)
    for _number in range(chance.whole(12, 40)):
        at += timedelta(seconds=chance.whole(1, 8))
        if at < end:
            yield _message(stay, at, "flood", chance)
