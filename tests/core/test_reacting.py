from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
from django.db import OperationalError, connections, transaction

from qunce.core.communities import Community
from qunce.core.facts import committed, consumers, facts, interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from tests.core import made, together
from tests.core.made import AT
from tests.core.test_facts import BellRung

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ECHO = "echo"


def ring(shop: Community, *times: int, account: int | None = None) -> None:
    bells = [BellRung(account=account, times=each) for each in times]
    facts.record_many(bells, community=shop, by=None, at=AT)


def echo(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Leaves a name for each fact; the same one twice would be an error."""
    for fact in facts:
        made_now = interned_names.InternedName(
            namespace=ECHO, community_id=community.pk, name=str(fact.payload["times"])
        )
        made_now.save(force_insert=True)


def echoes(shop: Community) -> list[int]:
    return sorted(
        int(name) for name in interned_names.names_by_id(ECHO, shop.pk).values()
    )


def consumer(*reactions: consumers.Reaction) -> consumers.Consumer:
    return consumers.Consumer("test", {"bell.rung": reactions or (echo,)})


def drain(some: consumers.Consumer) -> None:
    while some.catch_up(at=AT):
        pass


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "BATCH_SIZE", 3)


def test_each_fact_is_reacted_to_once(small_batches: None) -> None:
    shop = made.community()
    ring(shop, *range(10))
    drain(consumer())
    assert echoes(shop) == list(range(10))
    ring(shop, 10)
    drain(consumer())
    drain(consumer())
    assert echoes(shop) == list(range(11))


def test_a_reaction_gets_the_facts_of_one_kind_and_community_together() -> None:
    shop, other = made.community(), made.community("other")
    seen: list[tuple[str, list[int]]] = []

    def note(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        seen.append((community.key, [fact.payload["times"] for fact in facts]))

    ring(shop, 1)
    ring(other, 2)
    ring(shop, 3)
    drain(consumer(note))
    assert sorted(seen) == [("other", [2]), ("shop", [1, 3])]


def test_a_reaction_sees_the_fact_as_it_was_recorded() -> None:
    shop = made.community()
    seen: list[RecordedFact] = []

    def note(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        seen.extend(facts)

    ring(shop, 4, account=7)
    drain(consumer(note))
    fact = seen[0]
    assert (fact.kind, fact.account, fact.community) == ("bell.rung", 7, shop.pk)
    assert (fact.happened_at, fact.payload) == (AT, {"times": 4, "tone": None})
    assert committed.find(fact.id) == fact
    assert committed.find(fact.id + 1) is None


def test_kinds_without_reaction_are_passed_over_without_a_write(
    small_batches: None,
) -> None:
    shop = made.community()
    ring(shop, *range(7))
    interned_names.ensure("kind", 0, ["bell.cracked"])
    some = consumers.Consumer("test", {"bell.cracked": (echo,)})
    drain(some)
    assert consumers.position("test") == 0
    assert some.catch_up(at=AT) == 0
    assert echoes(shop) == []


def test_what_was_passed_over_is_written_down_now_and_then(
    small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MAX_SCAN", 5)
    shop = made.community()
    ring(shop, 99)
    drain(consumer())  # whatever number the log has reached by other tests
    begun = consumers.position("test")
    for number in range(9):
        ring(shop, number)
    drain(consumers.Consumer("test", {"bell.cracked": (echo,)}))
    reached = consumers.position("test")
    assert reached > begun
    drain(consumer())
    assert consumers.position("test") > reached
    assert 1 < len(echoes(shop)) < 10


def test_effects_and_position_go_together(small_batches: None) -> None:
    shop = made.community()
    for number in range(6):
        ring(shop, number)
    turns = iter(range(100))

    def cut_off(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        echo(community=community, facts=facts, at=at)
        if next(turns) == 1:
            raise OperationalError("the connection is gone")

    some = consumer(cut_off)
    with pytest.raises(OperationalError):
        drain(some)
    assert len(echoes(shop)) < 6
    drain(some)
    assert echoes(shop) == list(range(6))


def test_a_fact_that_fails_waits_alone_and_is_tried_again() -> None:
    shop = made.community()
    ring(shop, *range(9))
    broken = {4}

    def picky(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        echo(community=community, facts=facts, at=at)
        if any(fact.payload["times"] in broken for fact in facts):
            raise ValueError("not this one")

    some = consumer(picky)
    drain(some)
    assert echoes(shop) == [0, 1, 2, 3, 5, 6, 7, 8]
    rows = job_queue.claim(at=AT)
    assert [row.job for row in rows] == [consumers.RETRY_JOB]
    with pytest.raises(ValueError, match="not this one"):
        some.retry(rows[0].key, at=AT)
    broken.clear()
    some.retry(rows[0].key, at=AT)
    assert echoes(shop) == list(range(9))


def test_of_several_processes_one_reacts(small_batches: None) -> None:
    shop = made.community()
    ring(shop, *range(30))

    def take() -> None:
        drain(consumer())

    tasks: list[Callable[[], None]] = [take] * 4
    together.run(*tasks)
    drain(consumer())
    assert echoes(shop) == list(range(30))


def test_facts_are_taken_while_they_are_written(small_batches: None) -> None:
    shop = made.community()
    staff_models.system(shop)
    done = threading.Event()

    def write(start: int) -> Callable[[], None]:
        def some() -> None:
            for number in range(start, start + 15):
                with transaction.atomic():
                    ring(shop, number)

        return some

    def take() -> None:
        while not done.is_set():
            consumer().catch_up(at=AT)
        connections.close_all()

    taker = threading.Thread(target=take)
    taker.start()
    try:
        together.run(*(write(100 * number) for number in range(4)))
    finally:
        done.set()
        taker.join()
    drain(consumer())
    written = {100 * number + n for number in range(4) for n in range(15)}
    assert set(echoes(shop)) == written


@pytest.mark.postgres_only
def test_a_fact_that_commits_late_is_not_skipped() -> None:
    shop = made.community()
    facts.ensure_kinds(["bell.rung"])  # else the second would wait for the name
    paused, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            ring(shop, 1)
            paused.set()
            go_on.wait(30)

    def fast() -> list[int]:
        paused.wait(30)
        ring(shop, 2)
        drain(consumer())
        between = echoes(shop)
        go_on.set()
        return between

    _slow, between = together.run(slow, fast)
    assert between == []
    drain(consumer())
    assert echoes(shop) == [1, 2]
