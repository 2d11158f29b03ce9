from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from django.db import connections

from qunce.core.communities import Community
from qunce.sets.log import schema
from qunce.sets.mirror import deriver, mirror
from qunce.sets.mirror import files as mirror_files
from tests.sets import logs
from tests.sets.logs import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    return logs.made()


def folder() -> Path:
    return mirror.folder(mirror.position().folder)


def files() -> int:
    return len(mirror_files.list_parts(folder()))


def write_in_small_batches(shop: Community, batches: int) -> None:
    for seed in range(1, batches + 1):
        logs.write(shop, logs.some(12, seed=seed))
        deriver.catch_up()


def test_a_row_holds_all_that_the_fact_says(shop: Community) -> None:
    logs.write(shop, [Row(1, 7, hours=2, payload='{"amount":12,"order":"a"}')])
    deriver.catch_up()
    (row,) = mirror.query("SELECT * FROM facts").to_pylist()
    assert row | {"id": 0, "kind": 0, "recorded_at": 0} == {
        "id": 0,
        "community": shop.pk,
        "kind": 0,
        "account": 7,
        "grp": None,
        "happened_at": logs.micros(hours=2),
        "recorded_at": 0,
        "actor": None,
        "source": None,
        "payload": '{"amount":12,"order":"a"}',
        "amount": 12,
    }


@pytest.mark.parametrize(
    ("payload", "amount"),
    [
        ('{"amount": -5 }', -5),
        ('{"amount":9007199254740993}', 9007199254740993),
        ('{"amount":1.5}', None),
        ('{"amount":"12"}', None),
        ('{"amount":true}', None),
        ('{"order":{"amount":3}}', None),
        ('{"note":"\\"amount\\":4"}', None),
        ('{"amount":[1]}', None),
        ('{"amount":9223372036854775808}', None),
        ('["amount"]', None),
        ('"amount": 3 is no JSON', None),
        (None, None),
    ],
)
@pytest.mark.parametrize("few", [0, 2_000])
def test_an_amount_is_a_whole_number_of_the_payload(
    shop: Community,
    payload: str | None,
    amount: int | None,
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema, "FEW", few)
    logs.write(shop, [Row(1, 7, payload=payload)])
    deriver.catch_up()
    assert mirror.query("SELECT amount FROM facts")["amount"].to_pylist() == [amount]


def test_an_empty_mirror_has_the_columns(shop: Community) -> None:
    found = mirror.query("SELECT id, payload FROM facts WHERE account = ?", [3])
    assert found.num_rows == 0


def test_small_segments_are_merged_upward(shop: Community) -> None:
    write_in_small_batches(shop, 20)
    cover = mirror.coverage(mirror.position())
    assert len(cover.files) < 2 * mirror.MIN_FILES_PER_MERGE
    logs.assert_sound(shop)


def test_what_was_merged_goes_after_its_grace(shop: Community) -> None:
    write_in_small_batches(shop, 9)
    here = mirror.position()
    assert files() > len(mirror.coverage(here).names())
    mirror.prune(here)
    assert files() > len(mirror.coverage(here).names()), "somebody may still read them"
    past = time.time() - mirror.GRACE_SECONDS - 1
    for path in folder().iterdir():
        os.utime(path, (past, past))
    mirror.prune(here)
    assert files() == len(mirror.coverage(here).names())
    logs.assert_sound(shop)


def test_a_start_leaves_alone_what_another_process_is_merging(shop: Community) -> None:
    write_in_small_batches(shop, 1)
    name = mirror.coverage(mirror.position()).names()[0]
    growing = folder() / f"{name}.tmp"
    growing.touch()
    mirror.prune(mirror.position(), grace=0)
    assert growing.exists()
    mirror.merge()
    assert not growing.exists(), "nobody merges but us: a kill left it"


def test_a_reader_whose_files_have_gone_looks_again(shop: Community) -> None:
    write_in_small_batches(shop, 7)
    logs.mirrored()  # the list is taken
    logs.write(shop, logs.some(5))
    deriver.catch_up()
    mirror.prune(mirror.position(), grace=0)
    logs.assert_sound(shop)


def test_readers_are_right_while_segments_come_merge_and_go(shop: Community) -> None:
    wrong: list[int] = []
    ending = threading.Event()

    def read() -> None:
        last = 0
        while not ending.is_set():
            found = mirror.query("SELECT count(*), count(DISTINCT id) FROM facts")
            facts, ids = (column[0].as_py() for column in found.columns)
            if facts != ids or facts % 12 or facts < last:
                wrong.append(facts)
            last = facts
        connections.close_all()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    write_in_small_batches(shop, 30)
    ending.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_broken_segment_is_told_by_duckdb_not_skipped(shop: Community) -> None:
    write_in_small_batches(shop, 2)
    path = folder() / mirror.coverage(mirror.position()).names()[0]
    path.write_bytes(b"PAR1 not any more")
    assert "mirror.broken" in logs.codes()
