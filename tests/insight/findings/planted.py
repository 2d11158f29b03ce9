"""A community with three groups in a steady weekly rhythm, and changes planted in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.ingest.incoming_facts import IncomingFact
from qunce.sets.mirror import deriver
from tests import factories

NOW = datetime(2026, 8, 24, 0, 30, tzinfo=UTC)
"""A Monday."""
DAYS = 72
SIZE = 40
KEYS = ("fruit", "tea", "bread")
BUSY = (12, 10, 14, 11, 13, 9, 8)
"""Members who write on each day of the week."""


@dataclass
class Shop:
    community: Community
    groups: dict[str, Group]
    members: dict[str, list[int]]


def day_at(days_ago: int) -> datetime:
    return NOW - timedelta(days=days_ago, minutes=-1)


def build(*, quiet: str = "", quiet_days: int = 3, region: str = "US") -> Shop:
    """Members write and order in a rhythm; those of `quiet` hardly wrote of late."""
    community = factories.community(
        timezone="UTC", language="en", region=region, at=NOW - timedelta(days=100)
    )
    began = NOW - timedelta(days=90)
    shop = Shop(community, {}, {})
    incoming = []
    for number, key in enumerate(KEYS):
        people = [
            factories.member(
                community,
                f"{key}-{n}",
                joined_at=began,
                at=NOW,
                source="parcel" if n < SIZE // 2 else "counter",
            ).pk
            for n in range(SIZE)
        ]
        group = groups.create(
            community=community,
            key=key,
            name=key.title(),
            by=staff_models.system(community),
            at=began,
        )
        add_members(shop, group, people, began)
        shop.groups[key], shop.members[key] = group, people
        for ago in range(1, DAYS + 1):
            is_quiet = key == quiet and ago <= quiet_days
            busy = BUSY[ago % 7] + (ago * 7 + number * 3) % 4
            writing = people[: 1 if is_quiet else busy]
            incoming += [_message(key, person, day_at(ago)) for person in writing]
    report(shop, incoming)
    return shop


def add_members(shop: Shop, group: Group, people: list[int], when: datetime) -> None:
    groups.add_members(
        group=group,
        accounts=people,
        happened_at=when,
        by=staff_models.system(shop.community),
        at=NOW,
    )


def remove_members(shop: Shop, key: str, people: list[int], when: datetime) -> None:
    groups.remove_members(
        group=shop.groups[key],
        accounts=people,
        happened_at=when,
        by=staff_models.system(shop.community),
        at=NOW,
    )
    deriver.catch_up()


def _message(group: str, person: int, when: datetime) -> IncomingFact:
    return IncomingFact(
        kind="message.posted", happened_at=when, account=person, group=group
    )


def report(shop: Shop, incoming: list[IncomingFact]) -> None:
    by = staff_models.system(shop.community)
    ingest.record_facts(
        community=shop.community, incoming=incoming, by=by, at=NOW + timedelta(days=60)
    )
    deriver.catch_up()


def go_on(shop: Shop, days: int, *, quiet: str = "") -> datetime:
    """Members write in their rhythm for more days, from today on; returns the moment."""
    incoming = [
        _message(key, person, day_at(-ahead))
        for ahead in range(days)
        for number, key in enumerate(KEYS)
        for person in shop.members[key][
            : 1 if key == quiet else BUSY[-ahead % 7] + (number * 3 - ahead * 7) % 4
        ]
    ]
    report(shop, incoming)
    return NOW + timedelta(days=days)
