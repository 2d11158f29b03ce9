"""Small random communities, as rows in plain Python and in the database."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.sets.mirror import deriver
from tests import factories
from tests.oracle.clock import Clock

CLOCKS = {
    "Asia/Shanghai": (0, datetime(2026, 3, 2, tzinfo=UTC)),
    # Both clock changes of a year are between these days.
    "America/Los_Angeles": (0, datetime(2025, 10, 1, tzinfo=UTC)),
    "Africa/Cairo": (240, datetime(2026, 3, 20, tzinfo=UTC)),
}
DAYS = {"America/Los_Angeles": 180}
KINDS = ("message.posted", "checkin.done", "reaction.added")
SOURCES = ("shop", "parcel", "")


@dataclass
class Person:
    """`accounts` are keys; `left` is when the last account left, if all have."""

    accounts: list[str]
    joined: datetime
    source: str
    left: datetime | None = None
    is_staff: bool = False
    number: int = 0


@dataclass
class World:
    community: Community
    clock: Clock
    people: list[Person]
    facts: list[tuple[str, Person, datetime]]
    at: datetime

    @property
    def members(self) -> list[Person]:
        return [person for person in self.people if not person.is_staff]

    def day(self, moment: datetime) -> date:
        return self.clock.day(moment)

    def times(self, person: Person, *kinds: str) -> list[datetime]:
        """When the person did one of these, up to the moment of the question."""
        return sorted(
            moment
            for kind, whose, moment in self.facts
            if whose is person and kind in kinds and moment <= self.at
        )

    def numbers(self, people: list[Person]) -> set[int]:
        return {person.number for person in people}


def build(zone: str, seed: int, *, people: int = 24, facts: int = 260) -> World:
    """A community whose facts crowd around the starts of its days."""
    rng = random.Random(seed)  # noqa: S311 - no secrets
    start, begin = CLOCKS[zone]
    span = DAYS.get(zone, 75)
    at = begin + timedelta(days=span, hours=rng.randrange(24))
    community = factories.community(
        timezone=zone, day_start=start, at=begin - timedelta(days=1)
    )
    world = World(community, Clock(zone, start), [], [], at)
    for number in range(people):
        world.people.append(_add_person(world, rng, number, begin, span))
    chosen = [rng.choice(world.people) for _ in range(facts)]
    for person in chosen:
        moment = _moment(world, rng, begin, span)
        world.facts.append((rng.choice(KINDS), person, moment))
    # The same moment twice, which is no order.
    kind, person, moment = world.facts[0]
    world.facts.append((KINDS[1] if kind == KINDS[0] else KINDS[0], person, moment))
    ingest.record_facts(
        community=community,
        incoming=[
            IncomingFact(
                kind=kind, member=rng.choice(person.accounts), happened_at=when
            )
            for kind, person, when in world.facts
        ],
        by=staff_models.system(community),
        at=at + timedelta(hours=2),
    )
    deriver.catch_up()
    return world


def _add_person(
    world: World, rng: random.Random, number: int, begin: datetime, span: int
) -> Person:
    community, at = world.community, world.at
    keys = [f"p{number}"] + ([f"p{number}b"] if rng.random() < 0.25 else [])
    joined = [_moment(world, rng, begin, span) for _key in keys]
    source = rng.choice(SOURCES)
    for key, moment in zip(keys, joined, strict=True):
        factories.member(
            community, key, joined_at=moment, at=max(at, moment), source=source
        )
    if len(keys) == 2:
        factories.merge(community, keys[0], keys[1], at=at)
    person = Person(keys, min(joined), source)
    if rng.random() < 0.3:
        left = [_moment(world, rng, max(joined), 20) for _key in keys]
        person.left = max(left)
        for key, moment in zip(keys, left, strict=True):
            factories.leave(community, key, at=min(moment, at))
        person.left = max(min(moment, at) for moment in left)
    accounts = [account_queries.get(community, key) for key in keys]
    person.number = min(account.pk for account in accounts)
    if number == 0:
        person.is_staff = True
        staff_accounts.mark(
            accounts=[accounts[0].pk], by=factories.staff(community), at=at
        )
    return person


def _moment(world: World, rng: random.Random, begin: datetime, span: int) -> datetime:
    day = begin + timedelta(days=rng.randrange(span))
    if rng.random() < 0.3:
        # Near the start of a community day, where the clock decides.
        local = day.astimezone(ZoneInfo(world.clock.zone)).replace(
            hour=world.clock.start // 60, minute=0, second=0, microsecond=0
        )
        return local.astimezone(UTC) + timedelta(seconds=rng.choice((-1, 0, 1)))
    return day + timedelta(seconds=rng.randrange(86_400))
