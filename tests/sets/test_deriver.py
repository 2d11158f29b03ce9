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
from qunce.sets.log import log_schema
from qunce.sets.mirror import day_counts, deriver, locks, mirror
from qunce.sets.mirror.fact_days import Clock
from tests.sets import logs
from tests.sets.logs import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_each_fact_is_counted_on_its_community_day(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(500))
    assert deriver.catch_up().facts == 500
    logs.assert_consistent(shop)


def test_second_catch_up_derives_nothing(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(20))
    first = deriver.catch_up()
    again = deriver.catch_up()
    assert (first.facts, again.facts) == (20, 0)
    assert again.reached >= first.reached
    logs.assert_consistent(shop)


def test_late_facts_are_added_to_earlier_days(shop: Community) -> None:
    for seed in (1, 5, 7):
        logs.write(shop, logs.sample_rows(300, seed=seed))
        deriver.catch_up()
    logs.assert_consistent(shop)


def test_facts_without_an_account_are_only_in_the_mirror(shop: Community) -> None:
    logs.write(shop, [Row(0, None), Row(0, 5)])
    deriver.catch_up()
    assert sum(logs.stored_counts(shop).values()) == 1
    assert len(logs.mirrored_ids()) == 2


def test_lag_is_the_number_of_underived_facts(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(7))
    assert deriver.lag() == 7
    deriver.catch_up()
    assert deriver.lag() == 0


def test_empty_log_can_be_derived(shop: Community) -> None:
    assert deriver.catch_up().facts == 0
    assert logs.mirrored_ids() == []
    logs.assert_consistent(shop)


def test_long_log_is_read_by_a_child_process(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.sqlite, "MAX_ROWS_IN_PROCESS", 10)
    monkeypatch.setattr(log.postgresql, "MAX_ROWS_IN_PROCESS", 10)
    monkeypatch.setattr(log_schema, "ROWS_PER_TABLE", 250)
    logs.write(shop, [Row(0, 3, payload='{"amount":-7,"note":"“你好”, \\"a\\"\\nb"}')])
    logs.write(shop, [*logs.sample_rows(900), Row(1, None)])
    assert deriver.catch_up().facts == 902
    logs.assert_consistent(shop)


def test_failed_child_process_is_reported(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.sqlite, "MAX_ROWS_IN_PROCESS", 1)
    monkeypatch.setattr(log.postgresql, "MAX_ROWS_IN_PROCESS", 1)
    monkeypatch.setenv(
        "PYTHONHASHSEED", "no number"
    )  # the child does not start with that
    logs.write(shop, logs.sample_rows(5))
    with pytest.raises(log.child.LogNotRead):
        deriver.catch_up()
    monkeypatch.delenv("PYTHONHASHSEED")
    deriver.catch_up()
    logs.assert_consistent(shop)


def test_threads_at_once_derive_each_fact_once(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(400))
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
    logs.assert_consistent(shop)


def test_without_wait_a_busy_deriver_is_left_alone(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(4))
    acquired, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.acquire(locks.DERIVER):
            acquired.set()
            done.wait(600)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    acquired.wait(600)
    assert deriver.catch_up(wait=False).facts == 0
    done.set()
    other.join()
    assert deriver.catch_up(wait=False).facts == 4


def test_each_community_has_days_of_its_own_clock(shop: Community) -> None:
    west = logs.create_community("west", "America/Los_Angeles")
    for community in (shop, west):
        logs.write(community, logs.sample_rows(200))
    deriver.catch_up()
    for community in (shop, west):
        assert logs.stored_counts(community) == logs.expected_counts(community)


def test_changed_clock_counts_every_fact_again(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(200))
    deriver.catch_up()
    before = Position.objects.get().token
    communities.set_clock(community=shop, timezone="Africa/Cairo", day_start=330)
    deriver.catch_up()
    logs.assert_consistent(shop)
    assert Position.objects.get().token != before, "cached counts must not be used"


def test_facts_after_a_clock_change_have_days_of_the_new_clock(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(50))
    deriver.catch_up()
    communities.set_clock(community=shop, timezone="America/Lima", day_start=0)
    logs.write(shop, logs.sample_rows(50, seed=5))
    deriver.catch_up()
    logs.assert_consistent(shop)


def test_files_left_by_a_crash_are_not_read_and_are_removed(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(30))
    reached = deriver.catch_up().reached
    logs.write(shop, logs.sample_rows(30))
    position = mirror.position()
    # Left by a process that was killed between writing the file and the commit
    mirror.write(position.folder, reached + 1, log.end(), log.read(reached, log.end()))
    (mirror.folder(position.folder) / "growing-1-0.parquet").touch()
    assert len(logs.mirrored_ids()) == 30
    logs.write(shop, logs.sample_rows(3))
    assert deriver.catch_up().facts == 33
    logs.assert_consistent(shop)


def test_lost_file_is_written_again_by_the_next_catch_up(shop: Community) -> None:
    for _ in range(3):
        logs.write(shop, logs.sample_rows(20))
        deriver.catch_up()
    middle = mirror.coverage(mirror.position()).names()[1]
    (mirror.folder(mirror.position().folder) / middle).unlink()
    with pytest.raises(mirror.MirrorIncomplete):
        logs.mirrored_ids()
    deriver.catch_up()
    logs.assert_consistent(shop)


@pytest.fixture
def other_session() -> Iterator[psycopg.Connection]:
    """Another session, whose transactions stay open."""
    params = connection.get_connection_params()
    options = {
        name: params[name] for name in ("dbname", "user", "host") if name in params
    }
    with psycopg.connect(**options) as session:
        yield session


INSERT = """
INSERT INTO core_fact (community_id, kind_id, account_id, happened_at, recorded_at)
SELECT %s, id, 77, %s, 0 FROM core_interned_name WHERE name = 'bell.rung'
"""


@pytest.mark.postgres_only
def test_facts_of_a_late_commit_are_derived(
    shop: Community, other_session: psycopg.Connection
) -> None:
    logs.write(shop, logs.sample_rows(5))
    deriver.catch_up()
    other_session.execute(INSERT, [shop.pk, logs.micros()])
    logs.write(shop, logs.sample_rows(10))
    newest = Fact.objects.order_by("-pk").values_list("pk", flat=True)[0]
    assert deriver.catch_up().facts == 0, "the open transaction may have lower numbers"
    other_session.commit()
    late = Fact.objects.get(account_id=77).pk
    assert late < newest, "a reader by ids would miss it"
    assert deriver.catch_up().facts == 11
    logs.assert_consistent(shop)


@pytest.mark.postgres_only
def test_rolled_back_transaction_does_not_block_the_deriver(
    shop: Community, other_session: psycopg.Connection
) -> None:
    logs.write(shop, logs.sample_rows(5))
    other_session.execute(INSERT, [shop.pk, logs.micros()])
    logs.write(shop, logs.sample_rows(10))
    other_session.rollback()
    assert deriver.catch_up().facts == 15
    logs.assert_consistent(shop)


@pytest.mark.postgres_only
def test_writer_in_another_database_does_not_block_the_deriver(
    shop: Community, other_session: psycopg.Connection
) -> None:
    params = connection.get_connection_params()
    options = {name: params[name] for name in ("user", "host") if name in params}
    with psycopg.connect(dbname="template1", **options) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        logs.write(shop, logs.sample_rows(5))
        assert deriver.catch_up().facts == 5
        other_session.execute("SELECT pg_current_xact_id()")
        logs.write(shop, logs.sample_rows(3))
        assert deriver.catch_up().facts == 0, "a writer in this database does"


@pytest.mark.postgres_only
def test_facts_of_the_open_transaction_are_not_final(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(2))
    with transaction.atomic():
        logs.write(shop, logs.sample_rows(3))
        assert log.end() < db.rows("SELECT max(xid) FROM core_fact")[0][0]


@pytest.mark.postgres_only
def test_savepoints_have_the_number_of_their_transaction(shop: Community) -> None:
    logs.write(shop, logs.sample_rows(3))
    with transaction.atomic():
        for _ in range(3):
            with transaction.atomic():
                logs.write(shop, logs.sample_rows(4))
    assert deriver.catch_up().facts == 15
    assert len({row[0] for row in db.rows("SELECT xid FROM core_fact")}) == 2


# The day counter alone


FACT = st.tuples(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(-40, 40)
)


@given(st.lists(st.lists(FACT, max_size=30), max_size=4))
def test_day_counter_agrees_with_counting_one_by_one(
    batches: list[list[tuple[int, int, int, int]]],
) -> None:
    clocks = {1: Clock("Asia/Shanghai", 0, 0), 2: Clock("America/Lima", 240, 0)}
    counter = day_counts.DayCounter(clocks)
    expected: dict[day_counts.Day, dict[int, int]] = {}
    for batch in batches:
        rows = [
            (
                1,
                community,
                kind,
                account,
                None,
                hours * 3_600_000_000,
                0,
                None,
                None,
                None,
            )
            for community, kind, account, hours in batch
        ]
        counter.add(log_schema.table_of_rows(rows))
        for community, kind, account, hours in batch:
            shift = {1: 8, 2: -5 - 4, 3: 0}[community]
            day = expected.setdefault((community, kind, (hours + shift) // 24), {})
            day[account] = day.get(account, 0) + 1
    assert expected == {
        day: counts.counts(counts.nonzero())
        for day, counts in counter.counters().items()
    }


def test_full_buffer_is_counted_and_emptied(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_counts, "MAX_BUFFERED_FACTS", 100)
    monkeypatch.setattr(log_schema, "ROWS_PER_TABLE", 60)
    logs.write(shop, logs.sample_rows(700))
    deriver.catch_up()
    logs.assert_consistent(shop)


def test_derived_tables_are_in_another_file_on_sqlite() -> None:
    assert (derived_models.db_alias() == "derived") == ("derived" in settings.DATABASES)
    assert DayCount.objects.db == derived_models.db_alias()
