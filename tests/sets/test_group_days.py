"""Numbers of groups by day, compared with counts of one fact after the other."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from pyroaring import BitMap

from qunce import ingest
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.sets import group_days
from qunce.sets.mirror import deriver
from tests import factories

AT = datetime(2026, 4, 2, 12, tzinfo=UTC)
COLUMN_OF = {
    "message.posted": "messages",
    "reaction.added": "interactions",
    "checkin.done": "interactions",
    "group.joined": "joins",
    "group.left": "leaves",
}
PEOPLE = {
    "speakers": {"messages"},
    "interacting": {"interactions"},
    "active": {"messages", "interactions"},
}
KEYS = [f"m{number}" for number in range(12)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "max_facts", "is_scoped"),
    [
        ("Asia/Shanghai", 8_000_000, False),
        # The clocks change on March 8; the groups are read one by one.
        ("America/Los_Angeles", 30, False),
        ("Africa/Cairo", 8_000_000, True),
    ],
)
def test_numbers_of_groups_are_those_of_their_facts(
    monkeypatch: pytest.MonkeyPatch, zone: str, max_facts: int, is_scoped: bool
) -> None:
    monkeypatch.setattr(group_days, "MAX_FACTS", max_facts)
    rng = random.Random(zone)  # noqa: S311
    shop = factories.community(timezone=zone)
    by = staff_models.system(shop)
    factories.members(shop, *KEYS)
    groups = {key: factories.group(shop, key).pk for key in ("g1", "g2", "g3", "g4")}
    incoming = [
        IncomingFact(
            kind=rng.choice(sorted(COLUMN_OF)),
            happened_at=AT - timedelta(minutes=rng.randrange(45 * 24 * 60)),
            member=rng.choice(KEYS),
            group=rng.choice(["g1", "g1", "g2", "g3"]),
        )
        for _number in range(400)
    ]
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=AT)
    factories.merge(shop, "m1", "m2")
    ids = account_queries.find(shop, KEYS)
    staff_accounts.mark(accounts=[ids["m3"]], by=by, at=AT)
    deriver.catch_up()
    person_of = account_queries.person_ids(sorted(ids.values()))
    among = BitMap(sorted(person_of.values())[:7]) if is_scoped else None
    last = shop.day(AT) - 1
    first = last - 34

    numbers: dict[tuple[object, ...], int] = defaultdict(int)
    people: dict[tuple[object, ...], set[int]] = defaultdict(set)
    seen = set()
    # As stored, because a second join of somebody who is there is not a fact.
    kind_ids = {pk: name for name, pk in facts.ensure_kinds([*COLUMN_OF]).items()}
    stored = facts.Fact.objects.filter(community_id=shop.pk, kind_id__in=kind_ids)
    for fact in stored.exclude(group_id=None):
        day = shop.day(fact.happened_at)
        person, group = person_of[fact.account_id or 0], fact.group_id or 0
        column = COLUMN_OF[kind_ids[fact.kind_id]]
        is_counted = fact.account_id != ids["m3"] and (among is None or person in among)
        if group == groups["g3"] or not first <= day <= last or not is_counted:
            continue
        seen.add(group)
        for where in ((), (group,), (group, day)):
            numbers[(column, *where)] += 1
            for counted, parts in PEOPLE.items():
                if column in parts:
                    people[(counted, *where)].add(person)
    numbers |= {key: len(each) for key, each in people.items()}

    found = group_days.load(
        community=shop,
        messages=["message.posted"],
        interactions=["reaction.added", "checkin.done"],
        groups=[groups[key] for key in ("g4", "g1", "g2", "g1")],
        first=first,
        last=last,
        at=AT,
        among=among,
    )
    columns = [*sorted(set(COLUMN_OF.values())), *PEOPLE]
    assert found.together == {column: numbers[(column,)] for column in columns}
    assert found.by_group.keys() == found.by_day.keys() == seen
    assert len(seen) == 2
    for group in seen:
        assert found.by_group[group] == {c: numbers[(c, group)] for c in columns}
        assert found.by_day[group] == {
            column: [numbers[(column, group, day)] for day in range(first, last + 1)]
            for column in columns
        }
