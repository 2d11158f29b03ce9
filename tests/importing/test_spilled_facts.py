"""Imports of facts outside a test's transaction, where SQLite takes them from laid files."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.conf import settings

from qunce.core import batch_writes, db
from qunce.core.communities import Community
from qunce.core.facts import ingest, key_hashes, laid_facts
from qunce.core.facts.facts import Fact, FactKey, FactKeyOverflow
from qunce.importing import pipeline
from qunce.importing.files import json_files, staging
from qunce.importing.jobs import jobs
from qunce.importing.targets.facts import spill
from tests import factories
from tests.importing import helpers
from tests.shares import IS_EXACT, some_on_both_databases

pytestmark = pytest.mark.django_db(transaction=True)
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "ROWS_PER_PART", 100)
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 20)
    monkeypatch.setattr(batch_writes, "MIN_ROWS", 3)
    monkeypatch.setattr(json_files, "BLOCK_BYTES", 4096)


@pytest.fixture
def shop() -> Community:
    return factories.community()


def rows(numbers: Sequence[int]) -> list[Row]:
    return [
        {
            "kind": ("page.viewed", "message.posted")[n % 2],
            "member_key": f"m{n % 50}" if n % 7 else None,
            "group_key": f"g{n % 3}" if n % 3 else None,
            "happened_at": f"2026-02-{n % 28 + 1:02}T09:07:08Z",
            "payload": {"n": n} if n % 5 else None,
            "key": f"k{n}",
        }
        for n in numbers
    ]


def write(folder: Path, facts: list[Row]) -> Path:
    lines = [json.dumps(row) for row in facts]
    return helpers.write(folder, "\n".join(lines), "facts.ndjson")


def stored() -> dict[str, tuple[Any, ...]]:
    facts = Fact.objects.filter(key__isnull=False)
    columns = ("account_id", "group_id", "happened_at", "payload")
    found = list(facts.values_list("key", *columns))
    assert len({row[0] for row in found}) == len(found)
    return {row[0]: row[1:] for row in found}


def assert_nothing_left() -> None:
    assert not list((Path(settings.HOME) / "imports").glob(f"{staging.PREFIX}*"))


def test_every_fact_is_stored_as_it_is_written(shop: Community, tmp_path: Path) -> None:
    numbers = list(range(1_000))
    random.Random(1).shuffle(numbers)  # noqa: S311 - a seed, not a secret
    facts = rows(numbers)
    result = helpers.run(shop, write(tmp_path, facts), "facts")
    assert (result.job.counts["facts"], result.job.rows_read) == (1_000, 1_000)
    found = stored()
    for row in facts:
        account, group, happened_at, payload = found[row["key"]]
        assert (account is None) == (row["member_key"] is None)
        assert (group is None) == (row["group_key"] is None)
        assert happened_at.isoformat()[:10] == row["happened_at"][:10]
        assert (json.loads(payload) if payload else None) == row["payload"]
    assert set(factories.matching_keys(shop, {"all": []})) == {
        row["member_key"] for row in facts if row["member_key"]
    }
    assert_nothing_left()


def test_overlapping_files_add_each_key_once(shop: Community, tmp_path: Path) -> None:
    helpers.run(shop, write(tmp_path, rows(range(600))), "facts")
    before = stored()
    # Known, new and repeated keys in one batch.
    facts = rows([*range(300, 900), *range(500, 700)])
    again = helpers.run(shop, write(tmp_path, facts), "facts")
    assert (again.job.counts["facts"], again.job.counts["known"]) == (300, 500)
    after = stored()
    assert {key: after[key] for key in before} == before
    assert set(after) == {f"k{n}" for n in range(900)}


@pytest.mark.both_databases
def test_colliding_hashes_lose_and_double_no_key(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def few_hashes(_source: int, keys: pa.Array) -> np.ndarray:
        # Eleven different ones for hundreds of keys, spread over all parts.
        spread = 2**59
        numbers = [int(key[1:]) % 11 for key in keys.to_pylist()]
        return np.array([(number - 5) * spread for number in numbers], np.int64)

    monkeypatch.setattr(key_hashes, "hashes_of", few_hashes)
    for numbers in (range(150), range(100, 250), [7, 7, 300, 300, 301]):
        facts = rows(list(numbers))
        new = {row["key"] for row in facts} - set(stored())
        result = helpers.run(shop, write(tmp_path, facts), "facts")
        assert result.job.counts["facts"] == len(new)
        assert set(stored()) >= {row["key"] for row in facts}
    assert len(stored()) == 252
    if not db.is_postgresql():
        assert (FactKey.objects.count(), FactKeyOverflow.objects.count()) == (11, 241)


class Killed(Exception):
    """The process is gone."""


def list_kills() -> list[tuple[str, list[int]]]:
    """Return modes with batches that die: each in one mode, in `make exact` in both."""
    modes = ("all", "valid")
    return [
        (mode, kills)
        for turn, kills in enumerate(([0], [1], [3, 0, 2], [2, 3, 1], [6]))
        for mode in (modes if IS_EXACT else modes[turn % 2 :][:1])
    ]


@pytest.mark.parametrize(("mode", "kills"), some_on_both_databases(list_kills(), 2))
def test_killed_import_goes_on_where_it_stopped(
    shop: Community,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kills: list[int],
    mode: str,
) -> None:
    path = write(tmp_path, rows(range(500)))
    for kill_at in kills:
        with monkeypatch.context() as patched:
            for module in (ingest, laid_facts):
                patched.setattr(
                    module, "insert_new", _dying(module.insert_new, kill_at)
                )
            with pytest.raises(Killed):
                helpers.run(shop, path, "facts", mode=mode)
        assert_nothing_left()
    result = pipeline.run(helpers.plan(shop, path, "facts", mode=mode))
    job = jobs.ImportJob.objects.get()
    assert (job.state, job.rows_read, job.counts["facts"]) == ("done", 500, 500)
    assert result.job.pk == job.pk
    assert set(stored()) == {f"k{n}" for n in range(500)}


def _dying(insert: Callable[[Any], int], kill_at: int) -> Callable[[Any], int]:
    calls = itertools.count()

    def die(batch: Any) -> int:
        if next(calls) == kill_at:
            if kill_at % 2:
                insert(batch)
            raise Killed
        return insert(batch)

    return die


def test_broken_row_at_the_end_keeps_everything_out(
    shop: Community, tmp_path: Path
) -> None:
    facts = [*rows(range(500)), {"kind": "page.viewed", "happened_at": "soon"}]
    with pytest.raises(pipeline.HasBrokenRows):
        helpers.run(shop, write(tmp_path, facts), "facts", mode="all")
    assert not stored()
    assert factories.matching_keys(shop, {"all": []}) == []
    assert_nothing_left()


@pytest.mark.both_databases
def test_folder_of_a_killed_process_is_removed(shop: Community, tmp_path: Path) -> None:
    folder = Path(settings.HOME) / "imports"
    left = folder / f"{staging.PREFIX}left"
    left.mkdir(parents=True)
    (left / "part-0.sqlite").write_bytes(b"x")
    helpers.run(shop, write(tmp_path, rows(range(10))), "facts")
    assert_nothing_left()
