from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from django.db import connections

from qunce.core.communities import Community
from qunce.sets.log import log_schema
from qunce.sets.mirror import deriver, mirror
from qunce.sets.mirror import files as mirror_files
from tests.sets import logs
from tests.sets.logs import Row

pytestmark = pytest.mark.django_db(transaction=True)


def folder() -> Path:
    return mirror.folder(mirror.position().folder)


def count_parts() -> int:
    return len(mirror_files.list_parts(folder()))


def write_in_small_batches(shop: Community, batches: int) -> None:
    for seed in range(1, batches + 1):
        logs.write(shop, logs.sample_rows(12, seed=seed))
        deriver.catch_up()


def test_row_has_every_column_of_the_fact(shop: Community) -> None:
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
        "currency": None,
        "paid_at": None,
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
@pytest.mark.parametrize("limit", [0, 2_000])
def test_amount_is_a_whole_number_in_the_payload(
    shop: Community,
    payload: str | None,
    amount: int | None,
    limit: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_schema, "MAX_PAYLOADS_IN_PYTHON", limit)
    logs.write(shop, [Row(1, 7, payload=payload)])
    deriver.catch_up()
    assert mirror.query("SELECT amount FROM facts")["amount"].to_pylist() == [amount]


def test_empty_mirror_has_the_columns(shop: Community) -> None:
    table = mirror.query("SELECT id, payload FROM facts WHERE account = ?", [3])
    assert table.column_names == ["id", "payload"]
    assert table.num_rows == 0


def test_small_files_are_merged(shop: Community) -> None:
    write_in_small_batches(shop, 20)
    coverage = mirror.coverage(mirror.position())
    assert len(coverage.files) < 2 * mirror.MIN_FILES_PER_MERGE
    logs.assert_consistent(shop)


def test_merged_files_are_removed_after_their_grace_period(shop: Community) -> None:
    write_in_small_batches(shop, 9)
    position = mirror.position()
    assert count_parts() > len(mirror.coverage(position).names())
    mirror.prune(position)
    assert count_parts() > len(mirror.coverage(position).names()), (
        "a reader may still use them"
    )
    past = time.time() - mirror.GRACE_SECONDS - 1
    for path in folder().iterdir():
        os.utime(path, (past, past))
    mirror.prune(position)
    assert count_parts() == len(mirror.coverage(position).names())
    logs.assert_consistent(shop)


@pytest.mark.both_databases
def test_prune_keeps_the_file_that_another_process_is_merging(shop: Community) -> None:
    write_in_small_batches(shop, 1)
    name = mirror.coverage(mirror.position()).names()[0]
    unfinished = folder() / f"{name}.tmp"
    unfinished.touch()
    mirror.prune(mirror.position(), grace=0)
    assert unfinished.exists()
    mirror.merge()
    assert not unfinished.exists(), "with the lock it must be a leftover"


def test_reader_lists_again_when_a_file_is_gone(shop: Community) -> None:
    write_in_small_batches(shop, 7)
    logs.mirrored_ids()  # the view has the present files
    logs.write(shop, logs.sample_rows(5))
    deriver.catch_up()
    mirror.prune(mirror.position(), grace=0)
    logs.assert_consistent(shop)


def test_readers_are_correct_while_files_are_written_merged_and_removed(
    shop: Community,
) -> None:
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
    assert mirror.query("SELECT id FROM facts").num_rows == len(logs.fact_ids())


def test_broken_file_is_reported(shop: Community) -> None:
    write_in_small_batches(shop, 2)
    path = folder() / mirror.coverage(mirror.position()).names()[0]
    path.write_bytes(b"PAR1 no longer")
    assert "mirror.broken" in logs.codes()
