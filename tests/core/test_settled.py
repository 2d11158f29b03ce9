from __future__ import annotations

import itertools

import pytest
from django.db import transaction

from qunce.core import db, revisions
from qunce.core.communities import Community
from qunce.core.facts import committed, facts
from tests.core import made
from tests.core.made import AT
from tests.core.test_facts import BellRung

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def ring(shop: Community, *times: int) -> None:
    bells = [BellRung(account=each, times=each) for each in times]
    facts.record_many(bells, community=shop, by=None, at=AT)


@pytest.fixture(autouse=True)
def start() -> int:
    """SQLite goes on counting where the last test ended."""
    ring(made.community("before"), 0)
    return committed.read(after=0, limit=10**9, kinds={}).until


def walk(after: int, most: int) -> list[list[int]]:
    kind = facts.find_kind("bell.rung")
    assert kind is not None
    steps: list[list[int]] = []
    while True:
        stretch = committed.read(after=after, limit=most, kinds={kind: "bell.rung"})
        if not stretch.size:
            return steps
        steps.append([fact.payload["times"] for fact in stretch.facts])
        after = stretch.until


def idle(transactions: int) -> None:
    """On PostgreSQL these take numbers and hold no fact."""
    for _turn in range(transactions):
        with transaction.atomic():
            revisions.bump(1, "tag", [1])


def test_every_fact_is_in_one_stretch(start: int) -> None:
    shop = made.community()
    for number in range(25):
        ring(shop, number)
        idle(number % 4)
    steps = walk(start, most=4)
    assert list(itertools.chain(*steps)) == list(range(25))
    assert max(map(len, steps)) <= 4
    assert len(steps) <= 13


def test_a_gap_without_facts_does_not_end_the_walk(start: int) -> None:
    shop = made.community()
    ring(shop, 1)
    idle(40)
    for number in range(2, 12):
        ring(shop, number)
    assert list(itertools.chain(*walk(start, most=3))) == list(range(1, 12))


def test_there_is_nothing_new_after_the_last(start: int) -> None:
    shop = made.community()
    ring(shop, 1)
    upto = committed.read(after=start, limit=10, kinds={}).until
    idle(3)
    assert committed.read(after=upto, limit=10, kinds={}).size == 0


@pytest.mark.postgres_only
def test_what_one_transaction_wrote_is_not_taken_apart(start: int) -> None:
    ring(made.community(), *range(10))
    assert [len(step) for step in walk(start, most=3)] == [10]


@pytest.mark.postgres_only
def test_facts_carry_their_transaction() -> None:
    shop = made.community()
    with transaction.atomic():
        ring(shop, 1)
        own = db.rows("SELECT pg_current_xact_id()::text::bigint + qunce_bias()")
        assert db.rows("SELECT max(xid) FROM core_fact") == own
        assert committed.last_position() <= own[0][0]
    assert committed.last_position() > own[0][0]


def test_it_tells_whom_the_facts_are_about(start: int) -> None:
    shop, other = made.community(), made.community("other")
    ring(shop, 3, 1)
    ring(other, 3)
    ring(shop, 3)
    kind = facts.find_kind("bell.rung")
    assert kind is not None
    found = committed.read_accounts(after=start, limit=100, kinds=[kind])
    assert found.size == 4
    assert found.accounts == {shop.pk: [1, 3], other.pk: [3]}
