"""Files that an import keeps on disk, damaged while it runs: refused, never half-counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from qunce.core import batch_writes
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.importing import background_imports, pipeline, plan_review
from qunce.importing.files import external_sort, file_changes, staging
from qunce.importing.jobs import jobs, reports, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.targets.facts import spill
from qunce.sales.models import Order
from tests import factories
from tests.factories import AT
from tests.importing import helpers

ROWS = 400


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def zero(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size - size // 2))


def replace(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"something else")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "zeroed": zero,
    "removed": Path.unlink,
    "replaced": replace,
}


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "ROWS_PER_PART", 50)
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 20)
    monkeypatch.setattr(batch_writes, "MIN_ROWS", 1)


def write_facts(folder: Path) -> Path:
    rows = "".join(
        f"page.viewed,m{n % 50},2026-01-01 10:{n % 60:02}:00,k{n}\n"
        for n in range(ROWS)
    )
    return helpers.write(folder, f"kind,member_key,happened_at,key\n{rows}")


def write_orders(folder: Path) -> Path:
    rows = "".join(f"o{n},m{n % 50},2026-01-01,{n % 90 + 10}.50\n" for n in range(ROWS))
    return helpers.write(folder, f"order_key,member_key,paid_at,amount\n{rows}")


def assert_whole(job: ImportJob, stored: int) -> None:
    job = ImportJob.objects.get(pk=job.pk)
    fates = reports.count_fates(job)
    assert job.state == "done"
    assert (job.rows_read, sum(fates.values())) == (ROWS, ROWS)
    assert (fates["new"], fates["known"]) == (ROWS, 0)
    assert stored == ROWS
    assert not list((Path(settings.HOME) / "imports").glob("*"))


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damage", ["cut", "zeroed"])
@pytest.mark.parametrize("mode", ["all", "valid"])
def test_damaged_spill_of_facts_is_refused_and_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, mode: str
) -> None:
    """The files have no name, so that only their process can damage them."""
    shop, path = factories.community(), write_facts(tmp_path)
    plan, finish = helpers.plan(shop, path, "facts", mode=mode), spill.FactSpill.finish

    def finish_and_damage(rows: spill.FactSpill) -> None:
        finish(rows)
        number = rows.numbers()[-1]
        file = rows.parts[number].file
        DAMAGES[damage](Path(f"/proc/self/fd/{file.fileno()}"))

    monkeypatch.setattr(spill.FactSpill, "finish", finish_and_damage)
    with pytest.raises(staging.StagedFileDamaged, match="goes on where it stopped"):
        pipeline.run(plan)
    monkeypatch.setattr(spill.FactSpill, "finish", finish)
    job = helpers.run(shop, path, "facts", mode=mode).job
    assert_whole(job, Fact.objects.filter(key__isnull=False).count())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_layout_of_facts_is_refused_and_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    shop, path = factories.community(), write_facts(tmp_path)
    stamp, calls = staging.stamp, 0

    def stamp_and_damage(file: Any) -> staging.Stamp:
        nonlocal calls
        found = stamp(file)
        if isinstance(file, Path) and file.name == "part-2.sqlite" and not calls:
            calls += 1
            DAMAGES[damage](file)
        return found

    monkeypatch.setattr(staging, "stamp", stamp_and_damage)
    with pytest.raises(staging.StagedFileDamaged):
        helpers.run(shop, path, "facts")
    job = ImportJob.objects.get()
    assert 0 < job.counts["facts"] < ROWS
    assert job.counts.get("known", 0) == 0
    assert Fact.objects.filter(key__isnull=False).count() == job.counts["facts"]
    monkeypatch.setattr(staging, "stamp", stamp)
    job = helpers.run(shop, path, "facts").job
    assert_whole(job, Fact.objects.filter(key__isnull=False).count())
    assert calls


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("mode", ["all", "valid"])
def test_damaged_table_of_order_lines_loses_no_order(
    shop: Community,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
    mode: str,
) -> None:
    path = write_orders(tmp_path)
    read = external_sort.SpillTable.sorted

    def damage_and_read(table: external_sort.SpillTable, *given: Any) -> Any:
        table._connection.execute("CHECKPOINT")
        file = table._folder.path / "rows.duckdb"
        if file.exists():
            DAMAGES[damage](file)
        return read(table, *given)

    monkeypatch.setattr(external_sort.SpillTable, "sorted", damage_and_read)
    try:
        job = helpers.run(shop, path, "orders", mode=mode).job
    except staging.StagedFileDamaged:
        assert damage in ("cut", "zeroed")
    else:
        assert_whole(job, Order.objects.count())
    monkeypatch.undo()
    job = helpers.run(shop, path, "orders", mode=mode).job
    assert Order.objects.count() == ROWS
    assert sum(reports.count_fates(job).values()) == ROWS


@pytest.mark.parametrize("target", ["members", "tags"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_file_that_is_damaged_while_it_is_written_is_refused(
    shop: Community,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
    target: str,
) -> None:
    rows = "".join(f"m{n},t{n % 7}\n" for n in range(ROWS))
    heading = "key,name" if target == "members" else "member_key,tag"
    path = helpers.write(tmp_path, f"{heading}\n{rows}")
    plan = helpers.plan(shop, path, target, mode="all", chunk_rows=100)
    is_damaged = False

    def progress(phase: str, done: int, _expected: int) -> None:
        nonlocal is_damaged
        if phase == pipeline.WRITING and not is_damaged:
            is_damaged = True
            DAMAGES[damage](path)

    with pytest.raises(file_changes.FileChanged, match="changed while"):
        pipeline.run(plan, progress=progress)
    job = ImportJob.objects.get()
    assert job.state == "failed"
    assert "Import it again" in job.error


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_upload_is_refused_when_it_is_resumed(
    by: Staff, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    rows = "".join(f"m{n},Name {n}\n" for n in range(ROWS))
    job = factories.import_job(by, f"key,name\n{rows}")
    advance = jobs.advance

    def stop(*_given: Any, **_step: Any) -> None:
        raise staging.StagedFileDamaged

    monkeypatch.setattr(jobs, "advance", stop)
    background_imports.run(str(job.pk), at=AT)
    monkeypatch.setattr(jobs, "advance", advance)
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.upload is not None
    DAMAGES[damage](uploads.path_of(job.upload))
    if damage == "removed":
        with pytest.raises(uploads.FileGone):
            background_imports.resume(job=job, by=by, at=AT)
        return
    background_imports.resume(job=job, by=by, at=AT)
    background_imports.run(str(job.pk), at=AT)
    job.refresh_from_db()
    assert (job.state, job.counts) == ("failed", {})
    assert "Upload it again" in job.error or "重新上传" in job.error


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_first_rows_of_an_upload_are_made_again(by: Staff, damage: str) -> None:
    upload = factories.upload(
        by, "key,name\n" + "".join(f"m{n},Ann\n" for n in range(99))
    )
    sample = uploads.path_of(upload).with_name(
        uploads.path_of(upload).name + uploads.SAMPLE_SUFFIX
    )
    DAMAGES[damage](sample)
    assert uploads.sample_values(upload, "key", 2) == ["m0", "m1"]
    review = plan_review.review(upload, by=by, at=AT)
    assert [row["key"] for row in review.preview.rows[:2]] == ["m0", "m1"]
