from __future__ import annotations

import itertools

import pytest
from django.db import transaction

from qunce.core import db, revisions
from qunce.core.communities import Community
from qunce.core.facts import committed_facts, facts
from tests import factories
from tests.core.test_facts import BellRung
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def ring(shop: Community, *times: int) -> None:
    bells = [BellRung(account=each, times=each) for each in times]
    facts.record_many(bells, community=shop, by=None, at=AT)


@pytest.fixture(autouse=True)
def start() -> int:
    """The position before the test. SQLite counts on from the test before."""
    ring(factories.community("before"), 0)
    return committed_facts.read(after=0, limit=10**9, kinds=[]).until


def read_all(after: int, limit: int) -> list[list[int]]:
    batches: list[list[int]] = []
    while True:
        batch = committed_facts.read(after=after, limit=limit, kinds=["bell.rung"])
        if not batch.size:
            return batches
        batches.append([fact.payload["times"] for fact in batch.facts])
        after = batch.until


def idle(transactions: int) -> None:
    """Transactions without facts, which use up transaction ids on PostgreSQL."""
    for _number in range(transactions):
        with transaction.atomic():
            revisions.bump(1, "tag", [1])


def test_every_fact_is_read_once(start: int) -> None:
    shop = factories.community()
    for number in range(25):
        ring(shop, number)
        idle(number % 4)
    batches = read_all(start, limit=4)
    assert list(itertools.chain(*batches)) == list(range(25))
    assert max(map(len, batches)) <= 4
    assert len(batches) <= 13


def test_reading_continues_after_transactions_without_facts(start: int) -> None:
    shop = factories.community()
    ring(shop, 1)
    idle(40)
    for number in range(2, 12):
        ring(shop, number)
    assert list(itertools.chain(*read_all(start, limit=3))) == list(range(1, 12))


def test_nothing_is_read_after_the_last_fact(start: int) -> None:
    shop = factories.community()
    ring(shop, 1)
    end = committed_facts.read(after=start, limit=10, kinds=[]).until
    idle(3)
    assert committed_facts.read(after=end, limit=10, kinds=[]).size == 0
    ring(shop, 2)
    assert committed_facts.read(after=end, limit=10, kinds=[]).size == 1


@pytest.mark.postgres_only
def test_facts_of_one_transaction_are_read_together(start: int) -> None:
    ring(factories.community(), *range(10))
    assert [len(batch) for batch in read_all(start, limit=3)] == [10]


@pytest.mark.postgres_only
def test_facts_have_the_id_of_their_transaction() -> None:
    shop = factories.community()
    with transaction.atomic():
        ring(shop, 1)
        own = db.rows("SELECT pg_current_xact_id()::text::bigint + qunce_bias()")
        assert db.rows("SELECT max(xid) FROM core_fact") == own
        assert committed_facts.last_position() <= own[0][0]
    assert committed_facts.last_position() > own[0][0]


def test_affected_accounts_are_read_by_community(start: int) -> None:
    shop, other = factories.community(), factories.community("other")
    ring(shop, 3, 1)
    ring(other, 3)
    ring(shop, 3)
    affected = committed_facts.read_accounts(
        after=start, limit=100, kinds=["bell.rung"]
    )
    assert affected.size == 4
    assert affected.accounts == {shop.pk: [1, 3], other.pk: [3]}
