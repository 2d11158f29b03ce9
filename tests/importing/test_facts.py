from __future__ import annotations

import dataclasses
import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.core import batch_writes, db
from qunce.core.communities import Community
from qunce.core.facts import facts, ingest, key_hashes
from qunce.core.facts.facts import Fact, FactKey, FactKeyOverflow
from qunce.importing import pipeline
from qunce.importing.files import json_files
from qunce.importing.jobs import jobs
from qunce.importing.plan.plan import ImportPlan
from tests import factories
from tests.importing import helpers


def lines(count: int, start: int = 0) -> list[dict[str, Any]]:
    draw = random.Random(start)  # noqa: S311 - a seed, not a secret
    return [
        {
            "kind": draw.choice(["message.posted", "page.viewed"]),
            "member_key": f"m{draw.randrange(50)}",
            "group_key": draw.choice(["g1", "g2", None]),
            "happened_at": f"2026-02-0{draw.randrange(1, 9)}T09:07:08Z",
            "payload": {"n": number},
            "key": f"k{number:05}",
        }
        for number in range(start, start + count)
    ]


def ndjson(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def stored() -> list[tuple[Any, ...]]:
    rows = Fact.objects.filter(key__isnull=False).order_by("key")
    return list(
        rows.values_list(
            "key", "kind_id", "account_id", "group_id", "happened_at", "payload"
        )
    )


@pytest.mark.both_databases
def test_unknown_members_and_groups_of_facts_are_created(
    shop: Community, tmp_path: Path
) -> None:
    rows = lines(300)
    outcome = helpers.run(shop, ndjson(tmp_path / "facts.ndjson", rows), "facts")
    assert outcome.job.counts["facts"] == 300
    members = {row["member_key"] for row in rows}
    assert outcome.job.counts["members"] == len(members)
    assert set(factories.matching_keys(shop, {"all": []})) == members
    kinds = facts.ensure_kinds(["message.posted", "page.viewed"])
    payloads = [json.dumps(row["payload"], separators=(",", ":")) for row in rows]
    assert [(row[0], row[1], row[5]) for row in stored()] == [
        (row["key"], kinds[row["kind"]], payload)
        for row, payload in zip(rows, payloads, strict=True)
    ]
    assert [row[3] is None for row in stored()] == [
        row["group_key"] is None for row in rows
    ]


def test_file_imported_again_adds_only_new_facts(
    shop: Community, tmp_path: Path
) -> None:
    path = ndjson(tmp_path / "facts.ndjson", lines(300))
    helpers.run(shop, path, "facts")
    before = stored()
    again = helpers.run(shop, path, "facts")
    assert again.job.counts == {
        "facts": 0,
        "known": 300,
        "members": 0,
        "found_by_member_key": 300,
    }
    assert stored() == before
    more = ndjson(tmp_path / "more.ndjson", lines(300) + lines(50, 300))
    later = helpers.run(shop, more, "facts")
    assert later.job.counts["facts"] == 50
    assert stored()[:300] == before


def test_keys_of_different_sources_are_independent(
    shop: Community, tmp_path: Path
) -> None:
    path = ndjson(tmp_path / "facts.ndjson", lines(20))
    helpers.run(shop, path, "facts")
    other = helpers.run(shop, path, "facts", source="shop")
    assert other.job.counts["facts"] == 20


@pytest.mark.both_databases
def test_equal_facts_without_a_key_are_imported_once(
    shop: Community, tmp_path: Path
) -> None:
    rows = [{**row, "key": None} for row in lines(20)]
    path = ndjson(tmp_path / "facts.ndjson", rows + rows[:5])
    assert helpers.run(shop, path, "facts").job.counts["facts"] == 20
    assert helpers.run(shop, path, "facts").job.counts["facts"] == 0


def test_broken_facts_are_reported(shop: Community, tmp_path: Path) -> None:
    rows = [
        {"kind": "bad", "happened_at": "2026-03-05"},
        {"kind": "page.viewed", "happened_at": "soon"},
        {"kind": "page.viewed", "happened_at": "2026-03-05", "payload": "text"},
        {"kind": "page.viewed", "happened_at": "2026-03-05", "key": "x\0y"},
        {"kind": "page.viewed"},
        {"kind": "page.viewed", "happened_at": "2026-03-05"},
    ]
    outcome = helpers.run(shop, ndjson(tmp_path / "facts.ndjson", rows), "facts")
    reported = [(one.row, one.field) for one in outcome.problems]
    assert reported == [
        (1, "kind"),
        (2, "happened_at"),
        (3, "payload"),
        (4, "key"),
        (5, "happened_at"),
    ]
    assert outcome.job.counts["facts"] == 1


class Killed(Exception):
    """The process is gone."""


@pytest.mark.both_databases
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(
    kill_points=st.lists(st.integers(0, 12), max_size=4),
    mode=st.sampled_from(["all", "valid"]),
)
def test_killed_import_resumes_where_it_stopped(
    shop: Community,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kill_points: list[int],
    mode: str,
) -> None:
    numbers = itertools.count(Fact.objects.count())
    rows = [{**row, "key": f"{row['key']}-{next(numbers)}"} for row in lines(200)]
    path = ndjson(tmp_path / "facts.ndjson", rows)
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 20)
    monkeypatch.setattr(batch_writes, "MIN_ROWS", 3)
    monkeypatch.setattr(json_files, "BLOCK_BYTES", 4096)
    plan = helpers.plan(shop, path, "facts", mode=mode)
    plan.options = dataclasses.replace(plan.options, chunk_rows=60)
    is_done = False
    for kill_at in kill_points:
        is_done = is_done or _run_until(plan, kill_at, monkeypatch)
    if not is_done:
        pipeline.run(plan)
    job = jobs.ImportJob.objects.get(digest=plan.source.digest)
    assert (job.state, job.rows_read, job.counts["facts"]) == ("done", 200, 200)
    assert {row[0] for row in stored()} >= {row["key"] for row in rows}


def _run_until(plan: ImportPlan, kill_at: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run until a kill after `kill_at` batches, for odd numbers inside a transaction.

    Returns whether the import was completed before.
    """
    left = itertools.count()
    take = ingest.insert_new

    def kill(batch: ingest.FactBatch) -> int:
        if next(left) == kill_at:
            if kill_at % 2:
                take(batch)
            raise Killed
        return take(batch)

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "insert_new", kill)
        try:
            pipeline.run(plan)
        except Killed:
            return False
        return True


@pytest.mark.both_databases
def test_second_import_of_a_running_job_is_refused(
    shop: Community, tmp_path: Path
) -> None:
    path = ndjson(tmp_path / "facts.ndjson", lines(50))
    plan = helpers.plan(shop, path, "facts")
    job = jobs.find_or_create(
        community=shop,
        file_name=path.name,
        digest=plan.source.digest,
        options=plan.options,
        by=plan.by,
        at=plan.at,
    )
    jobs.ImportJob.objects.filter(pk=job.pk).update(next_row=7)
    with pytest.raises(jobs.ImportRunsElsewhere):
        jobs.advance(job, next_chunk=1, next_row=0, counts={})


def batch(
    shop: Community, keys: list[str], hashes: list[int], kind: int = 1
) -> ingest.FactBatch:
    count = len(keys)
    return ingest.FactBatch(
        community_id=shop.pk,
        source_id=1,
        actor_id=None,
        recorded_at=0,
        kinds=[kind] * count,
        accounts=[None] * count,
        groups=[None] * count,
        happened_at=[0] * count,
        payloads=[None] * count,
        keys=keys,
        hashes=hashes,
    )


@pytest.mark.both_databases
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(0, 30), max_size=15), max_size=6), st.integers(1, 9)
)
def test_key_is_inserted_once_even_if_hashes_collide(
    shop: Community, batches: list[list[int]], hashes: int
) -> None:
    """With as few as `hashes` different ones, nearly all keys collide."""
    for table in (Fact, FactKey, FactKeyOverflow):
        table.objects.all().delete()
    existing: set[int] = set()
    for numbers in batches:
        keys = [f"k{number}" for number in numbers]
        inserted = ingest.insert_new(
            batch(shop, keys, [number % hashes for number in numbers])
        )
        assert inserted == len(set(numbers) - existing)
        existing |= set(numbers)
    found = Fact.objects.values_list("key", flat=True)
    assert sorted(map(str, found)) == sorted(f"k{number}" for number in existing)
    if not db.is_postgresql():
        stored_keys = FactKey.objects.count() + FactKeyOverflow.objects.count()
        assert stored_keys == len(existing)


def test_hashes_differ_by_key_and_source() -> None:
    words = ["a", "b", "茶", "", "a\0", "12345678", "123456789", "k" * 200, "k" * 199]
    words += [f"k{number}" for number in range(2_000)]
    keys = [word.encode() for word in words]
    found = np.concatenate([key_hashes.hashes_of(source, keys) for source in (1, 2)])
    assert len(set(found.tolist())) == 2 * len(keys)
    # The highest bits choose the part of a file.
    assert len(set((found[-1_000:] >> 56).tolist())) > 200


@given(st.lists(st.text(max_size=40)), st.integers(0, 3))
def test_hash_of_a_key_does_not_depend_on_its_neighbours(
    words: list[str], first: int
) -> None:
    keys = [word.encode() for word in words]
    column = pa.array(words, pa.string())[first:]
    alone = [key_hashes.hashes_of(7, [key])[0] for key in keys]
    assert key_hashes.hashes_of(7, keys).tolist() == alone
    assert key_hashes.hashes_of(7, column).tolist() == alone[first:]
