from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
from django.db import OperationalError, connections, transaction

from qunce.core.communities import Community
from qunce.core.facts import committed_facts, fact_consumers, facts, interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from tests import factories, threads
from tests.core.test_facts import BellRung
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ECHO = "echo"


def ring(shop: Community, *times: int, account: int | None = None) -> None:
    bells = [BellRung(account=account, times=each) for each in times]
    facts.record_many(bells, community=shop, by=None, at=AT)


def echo(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Store a name for each fact; the same fact twice violates a constraint."""
    for fact in facts:
        name = interned_names.InternedName(
            namespace=ECHO, community_id=community.pk, name=str(fact.payload["times"])
        )
        name.save(force_insert=True)


def echoes(shop: Community) -> list[int]:
    return sorted(
        int(name) for name in interned_names.names_by_id(ECHO, shop.pk).values()
    )


def consumer(*reactions: fact_consumers.Reaction) -> fact_consumers.Consumer:
    return fact_consumers.Consumer("test", {"bell.rung": reactions or (echo,)})


def drain(consumer: fact_consumers.Consumer) -> None:
    while consumer.catch_up(at=AT):
        pass


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_consumers, "BATCH_SIZE", 3)


def test_each_fact_is_reacted_to_once(small_batches: None) -> None:
    shop = factories.community()
    ring(shop, *range(10))
    drain(consumer())
    assert echoes(shop) == list(range(10))
    ring(shop, 10)
    drain(consumer())
    drain(consumer())
    assert echoes(shop) == list(range(11))


def test_reaction_gets_facts_of_one_kind_and_community_together() -> None:
    shop, other = factories.community(), factories.community("other")
    received: list[tuple[str, list[int]]] = []

    def collect(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        received.append((community.key, [fact.payload["times"] for fact in facts]))

    ring(shop, 1)
    ring(other, 2)
    ring(shop, 3)
    drain(consumer(collect))
    assert sorted(received) == [("other", [2]), ("shop", [1, 3])]


def test_reaction_gets_the_recorded_fact() -> None:
    shop = factories.community()
    received: list[RecordedFact] = []

    def collect(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        received.extend(facts)

    ring(shop, 4, account=7)
    drain(consumer(collect))
    fact = received[0]
    assert (fact.kind, fact.account, fact.community) == ("bell.rung", 7, shop.pk)
    assert (fact.happened_at, fact.payload) == (AT, {"times": 4, "tone": None})
    assert committed_facts.find(fact.id) == fact
    assert committed_facts.find(fact.id + 1) is None


def test_facts_of_other_kinds_are_skipped_without_a_write(
    small_batches: None,
) -> None:
    shop = factories.community()
    ring(shop, *range(7))
    interned_names.ensure("kind", 0, ["bell.cracked"])
    bells = fact_consumers.Consumer("test", {"bell.cracked": (echo,)})
    drain(bells)
    assert fact_consumers.position("test") == 0
    assert bells.catch_up(at=AT) == 0
    assert echoes(shop) == []
    drain(consumer())
    assert echoes(shop) == list(range(7))


def test_first_fact_of_a_kind_is_not_skipped_if_it_is_recorded_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = factories.community()
    last_position = committed_facts.last_position
    numbers = iter([1])

    def last_position_after_ringing() -> int:
        for number in numbers:
            ring(shop, number)
        return last_position()

    monkeypatch.setattr(committed_facts, "last_position", last_position_after_ringing)
    bells = consumer()
    drain(bells)
    ring(shop, 2)
    drain(bells)
    assert echoes(shop) == [1, 2]


def test_position_is_stored_after_many_skipped_facts(
    small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_consumers, "MAX_SCAN", 5)
    shop = factories.community()
    ring(shop, 99)
    drain(consumer())  # whatever number the log has stored by other tests
    before = fact_consumers.position("test")
    for number in range(9):
        ring(shop, number)
    drain(fact_consumers.Consumer("test", {"bell.cracked": (echo,)}))
    stored = fact_consumers.position("test")
    assert stored > before
    drain(consumer())
    assert fact_consumers.position("test") > stored
    assert 1 < len(echoes(shop)) < 10


def test_effects_and_position_are_committed_together(small_batches: None) -> None:
    shop = factories.community()
    for number in range(6):
        ring(shop, number)
    calls = iter(range(100))

    def fail_on_second_call(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        echo(community=community, facts=facts, at=at)
        if next(calls) == 1:
            raise OperationalError("the connection is gone")

    bells = consumer(fail_on_second_call)
    with pytest.raises(OperationalError):
        drain(bells)
    assert len(echoes(shop)) < 6
    drain(bells)
    assert echoes(shop) == list(range(6))


def test_fact_on_which_a_reaction_fails_is_queued_and_retried() -> None:
    shop = factories.community()
    ring(shop, *range(9))
    broken = {4}

    def fail_on_broken(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        echo(community=community, facts=facts, at=at)
        if any(fact.payload["times"] in broken for fact in facts):
            raise ValueError("not this one")

    bells = consumer(fail_on_broken)
    drain(bells)
    assert echoes(shop) == [0, 1, 2, 3, 5, 6, 7, 8]
    rows = job_queue.claim(at=AT)
    assert [row.job for row in rows] == [fact_consumers.RETRY_JOB]
    with pytest.raises(ValueError, match="not this one"):
        bells.retry(rows[0].key, at=AT)
    broken.clear()
    bells.retry(rows[0].key, at=AT)
    assert echoes(shop) == list(range(9))


def test_only_one_of_concurrent_processes_reacts(small_batches: None) -> None:
    shop = factories.community()
    ring(shop, *range(30))

    def consume() -> None:
        drain(consumer())

    tasks: list[Callable[[], None]] = [consume] * 4
    threads.run(*tasks)
    drain(consumer())
    assert echoes(shop) == list(range(30))


def test_no_fact_is_lost_while_others_are_written(small_batches: None) -> None:
    shop = factories.community()
    staff_models.system(shop)
    done = threading.Event()

    def write(start: int) -> Callable[[], None]:
        def write_facts() -> None:
            for number in range(start, start + 15):
                with transaction.atomic():
                    ring(shop, number)

        return write_facts

    def consume() -> None:
        while not done.is_set():
            consumer().catch_up(at=AT)
        connections.close_all()

    thread = threading.Thread(target=consume)
    thread.start()
    try:
        threads.run(*(write(100 * number) for number in range(4)))
    finally:
        done.set()
        thread.join()
    drain(consumer())
    written = {100 * number + n for number in range(4) for n in range(15)}
    assert set(echoes(shop)) == written


@pytest.mark.postgres_only
def test_fact_that_is_committed_late_is_not_skipped() -> None:
    shop = factories.community()
    facts.ensure_kinds(
        ["bell.rung"]
    )  # otherwise the second transaction would wait for the name
    paused, resume = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            ring(shop, 1)
            paused.set()
            resume.wait(threads.SECONDS)

    def fast() -> list[int]:
        paused.wait(threads.SECONDS)
        ring(shop, 2)
        drain(consumer())
        between = echoes(shop)
        resume.set()
        return between

    _slow, between = threads.run(slow, fast)
    assert between == []
    drain(consumer())
    assert echoes(shop) == [1, 2]
