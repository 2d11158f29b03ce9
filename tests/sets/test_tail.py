from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import communities, db
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.sets import derived_models, log
from qunce.sets.derived_models import DayCount, Position
from qunce.sets.log import schema
from qunce.sets.mirror import day_counts, deriver, locks, mirror
from qunce.sets.mirror.community_clocks import Clock
from tests.sets import logs
from tests.sets.logs import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    return logs.made()


def test_each_fact_is_counted_on_its_community_day(shop: Community) -> None:
    logs.write(shop, logs.some(500))
    assert deriver.catch_up().facts == 500
    logs.assert_sound(shop)


def test_a_second_catch_up_finds_nothing_to_do(shop: Community) -> None:
    logs.write(shop, logs.some(20))
    first = deriver.catch_up()
    again = deriver.catch_up()
    assert (first.facts, again.facts) == (20, 0)
    assert again.reached >= first.reached
    logs.assert_sound(shop)


def test_late_facts_are_added_to_days_of_the_past(shop: Community) -> None:
    for seed in (1, 5, 7):
        logs.write(shop, logs.some(300, seed=seed))
        deriver.catch_up()
    logs.assert_sound(shop)


def test_facts_of_nobody_go_to_the_mirror_only(shop: Community) -> None:
    logs.write(shop, [Row(0, None), Row(0, 5)])
    deriver.catch_up()
    assert sum(logs.counted(shop).values()) == 1
    assert len(logs.mirrored()) == 2


def test_lag_is_what_waits(shop: Community) -> None:
    logs.write(shop, logs.some(7))
    assert deriver.lag() == 7
    deriver.catch_up()
    assert deriver.lag() == 0


def test_an_empty_log_is_caught_up_with(shop: Community) -> None:
    assert deriver.catch_up().facts == 0
    assert logs.mirrored() == []
    logs.assert_sound(shop)


def test_a_long_log_is_read_by_a_child_process(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.sqlite, "FEW", 10)
    monkeypatch.setattr(log.postgresql, "FEW", 10)
    monkeypatch.setattr(schema, "TABLE", 250)
    logs.write(shop, [Row(0, 3, payload='{"amount":-7,"note":"“你好”, \\"a\\"\\nb"}')])
    logs.write(shop, [*logs.some(900), Row(1, None)])
    assert deriver.catch_up().facts == 902
    logs.assert_sound(shop)


def test_a_child_that_fails_is_told(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.sqlite, "FEW", 1)
    monkeypatch.setattr(log.postgresql, "FEW", 1)
    monkeypatch.setenv("PYTHONHASHSEED", "no number")  # Python itself refuses that
    logs.write(shop, logs.some(5))
    with pytest.raises(log.child.LogNotRead):
        deriver.catch_up()
    monkeypatch.delenv("PYTHONHASHSEED")
    deriver.catch_up()
    logs.assert_sound(shop)


def test_two_at_once_derive_each_fact_once(shop: Community) -> None:
    logs.write(shop, logs.some(400))
    done: list[int] = []

    def work() -> None:
        done.append(deriver.catch_up().facts)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 400]
    logs.assert_sound(shop)


def test_who_does_not_wait_leaves_it_to_the_other(shop: Community) -> None:
    logs.write(shop, logs.some(4))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.acquire(locks.DERIVER):
            held.set()
            done.wait(30)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    assert deriver.catch_up(wait=False).facts == 0
    done.set()
    other.join()
    assert deriver.catch_up(wait=False).facts == 4


def test_communities_are_cut_by_their_own_clocks(shop: Community) -> None:
    west = logs.made("west", "America/Los_Angeles")
    for community in (shop, west):
        logs.write(community, logs.some(200))
    deriver.catch_up()
    for community in (shop, west):
        assert logs.counted(community) == logs.recorded(community)


def test_a_changed_clock_moves_every_fact(shop: Community) -> None:
    logs.write(shop, logs.some(200))
    deriver.catch_up()
    before = Position.objects.get().token
    communities.set_clock(community=shop, timezone="Africa/Cairo", day_start=330)
    deriver.catch_up()
    logs.assert_sound(shop)
    assert Position.objects.get().token != before, "what is cached must not be used"


def test_facts_behind_a_clock_change_are_cut_by_it_too(shop: Community) -> None:
    logs.write(shop, logs.some(50))
    deriver.catch_up()
    communities.set_clock(community=shop, timezone="America/Lima", day_start=0)
    logs.write(shop, logs.some(50, seed=5))
    deriver.catch_up()
    logs.assert_sound(shop)


def test_a_leftover_of_a_crash_is_neither_read_nor_kept(shop: Community) -> None:
    logs.write(shop, logs.some(30))
    reached = deriver.catch_up().reached
    logs.write(shop, logs.some(30))
    here = mirror.position()
    # What a process killed between segment and commit leaves behind:
    mirror.write(here.folder, reached + 1, log.end(), log.read(reached, log.end()))
    (mirror.folder(here.folder) / "growing-1-0.parquet").touch()
    assert len(logs.mirrored()) == 30
    logs.write(shop, logs.some(3))
    assert deriver.catch_up().facts == 33
    logs.assert_sound(shop)


def test_a_lost_segment_is_filled_in_by_the_next_start(shop: Community) -> None:
    for _ in range(3):
        logs.write(shop, logs.some(20))
        deriver.catch_up()
    middle = mirror.coverage(mirror.position()).names()[1]
    (mirror.folder(mirror.position().folder) / middle).unlink()
    with pytest.raises(mirror.MirrorIncomplete):
        logs.mirrored()
    deriver.catch_up()
    logs.assert_sound(shop)


@pytest.fixture
def paused() -> Iterator[psycopg.Connection]:
    """Another session, whose transaction stays open."""
    params = connection.get_connection_params()
    words = {
        name: params[name] for name in ("dbname", "user", "host") if name in params
    }
    with psycopg.connect(**words) as session:
        yield session


INSERT = """
INSERT INTO core_fact (community_id, kind_id, account_id, happened_at, recorded_at)
SELECT %s, id, 77, %s, 0 FROM core_interned_name WHERE name = 'bell.rung'
"""


@pytest.mark.postgres_only
def test_a_transaction_that_commits_late_is_not_skipped(
    shop: Community, paused: psycopg.Connection
) -> None:
    logs.write(shop, logs.some(5))
    deriver.catch_up()
    paused.execute(INSERT, [shop.pk, logs.micros()])
    logs.write(shop, logs.some(10))
    passed = Fact.objects.order_by("-pk").values_list("pk", flat=True)[0]
    assert deriver.catch_up().facts == 0, "who knows what the open one still writes"
    paused.commit()
    late = Fact.objects.get(account_id=77).pk
    assert late < passed, "a reader that goes by ids had passed it"
    assert deriver.catch_up().facts == 11
    logs.assert_sound(shop)


@pytest.mark.postgres_only
def test_a_transaction_that_is_rolled_back_holds_nobody_up_for_good(
    shop: Community, paused: psycopg.Connection
) -> None:
    logs.write(shop, logs.some(5))
    paused.execute(INSERT, [shop.pk, logs.micros()])
    logs.write(shop, logs.some(10))
    paused.rollback()
    assert deriver.catch_up().facts == 15
    logs.assert_sound(shop)


@pytest.mark.postgres_only
def test_a_writer_in_another_database_holds_nobody_up(
    shop: Community, paused: psycopg.Connection
) -> None:
    params = connection.get_connection_params()
    words = {name: params[name] for name in ("user", "host") if name in params}
    with psycopg.connect(dbname="template1", **words) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        logs.write(shop, logs.some(5))
        assert deriver.catch_up().facts == 5
        paused.execute("SELECT pg_current_xact_id()")
        logs.write(shop, logs.some(3))
        assert deriver.catch_up().facts == 0, "this one may still write facts"


@pytest.mark.postgres_only
def test_what_the_own_transaction_wrote_is_not_settled(shop: Community) -> None:
    logs.write(shop, logs.some(2))
    with transaction.atomic():
        logs.write(shop, logs.some(3))
        assert log.end() < db.rows("SELECT max(xid) FROM core_fact")[0][0]


@pytest.mark.postgres_only
def test_savepoints_bear_the_number_of_their_transaction(shop: Community) -> None:
    logs.write(shop, logs.some(3))
    with transaction.atomic():
        for _ in range(3):
            with transaction.atomic():
                logs.write(shop, logs.some(4))
    assert deriver.catch_up().facts == 15
    assert len({row[0] for row in db.rows("SELECT xid FROM core_fact")}) == 2


# Cutting alone, which reads nothing


Fated = st.tuples(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(-40, 40)
)


@given(st.lists(st.lists(Fated, max_size=30), max_size=4))
def test_cutting_counts_as_one_would_by_hand(
    batches: list[list[tuple[int, int, int, int]]],
) -> None:
    clocks = {1: Clock("Asia/Shanghai", 0, 0), 2: Clock("America/Lima", 240, 0)}
    cutter, wanted = (
        day_counts.DayCounter(clocks),
        dict[day_counts.Day, dict[int, int]](),
    )
    for batch in batches:
        rows = [
            (1, who, kind, account, None, hours * 3_600_000_000, 0, None, None, None)
            for who, kind, account, hours in batch
        ]
        cutter.add(schema.table_of_rows(rows))
        for who, kind, account, hours in batch:
            shift = {1: 8, 2: -5 - 4, 3: 0}[who]
            day = wanted.setdefault((who, kind, (hours + shift) // 24), {})
            day[account] = day.get(account, 0) + 1
    found = {
        day: stack.counts(stack.nonzero()) for day, stack in cutter.counters().items()
    }
    assert found == wanted


def test_a_cutter_that_is_full_counts_and_goes_on(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_counts, "MANY", 100)
    monkeypatch.setattr(schema, "TABLE", 60)
    logs.write(shop, logs.some(700))
    deriver.catch_up()
    logs.assert_sound(shop)


def test_derived_is_another_file_on_sqlite() -> None:
    assert (derived_models.db_alias() == "derived") == ("derived" in settings.DATABASES)
    assert DayCount.objects.db == derived_models.db_alias()
