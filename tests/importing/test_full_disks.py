"""Imports on a full disk: a sentence that says what to do, and they go on afterwards."""

from __future__ import annotations

import contextlib
import errno
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError

from qunce.core import batch_writes, disk_space, errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing import background_imports, pipeline
from qunce.importing.files import staging
from qunce.importing.jobs import error_report, jobs, upload_handler, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.targets.facts import spill
from tests import factories
from tests.factories import AT
from tests.faults import import_files
from tests.importing import helpers
from tests.importing.test_jobs import run_jobs

ROWS = 3_000
SMALL_FILES = 40_000
"""Bytes that a file may have, fewer than what an import of ROWS lays out."""


@contextlib.contextmanager
def no_large_files(limit: int = SMALL_FILES) -> Iterator[None]:
    """Let every write fail that makes a file larger, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def staged() -> list[Path]:
    return list((Path(settings.HOME) / "imports").glob(f"{staging.PREFIX}*"))


def assert_explains(error: BaseException | str) -> None:
    sentence = str(error)
    assert str(settings.HOME) in sentence or tempfile.gettempdir() in sentence
    assert "Free some space" in sentence
    assert "Errno" not in sentence


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("target", ["facts", "orders"])
@pytest.mark.parametrize("moment", ["before", "staging"])
def test_full_disk_of_staged_rows_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, moment: str
) -> None:
    monkeypatch.setattr(spill, "ROWS_PER_PART", 2_000)
    shop = factories.community()
    path = tmp_path / f"{target}.csv"
    import_files.write(target, path, ROWS, seed=1)
    path.write_text(path.read_text().replace("2026-0", "2025-0"))
    plan = helpers.plan(shop, path, target)
    with contextlib.ExitStack() as full:
        start = staging.StagingFolder.__init__

        def fill(folder: staging.StagingFolder, parent: Path) -> None:
            start(folder, parent)
            full.enter_context(no_large_files())

        if moment == "before":
            full.enter_context(no_large_files())
        monkeypatch.setattr(staging.StagingFolder, "__init__", fill)
        with pytest.raises(disk_space.DiskFull) as refused:
            pipeline.run(plan)
    monkeypatch.undo()
    assert_explains(refused.value)
    assert "goes on where it stopped" in str(refused.value)
    assert not staged()
    job = helpers.run(shop, path, target).job
    assert (job.state, job.rows_read) == ("done", ROWS)
    assert ImportJob.objects.count() == 1
    assert not staged()


@pytest.mark.parametrize("batches", [0, 3])
def test_full_disk_of_the_database_is_explained(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 20)
    monkeypatch.setattr(batch_writes, "MIN_ROWS", 1)
    rows = "".join(f"m{n},vip\n" for n in range(100))
    path = helpers.write(tmp_path, f"member_key,tag\n{rows}")
    fail_after(monkeypatch, batches)
    with pytest.raises(disk_space.DiskFull) as refused:
        helpers.run(shop, path, "tags")
    assert_explains(refused.value)
    monkeypatch.undo()
    job = helpers.run(shop, path, "tags").job
    assert ImportJob.objects.count() == 1
    assert (job.state, job.counts["members"], job.rows_read) == ("done", 100, 100)


def fail_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """Let the database be full in the batch after so many."""
    advance, done = jobs.advance, 0

    def fail(job: ImportJob, **step: Any) -> None:
        nonlocal done
        done += 1
        if done > batches:
            full = sqlite3.OperationalError("database or disk is full")
            raise OperationalError(*full.args) from full
        advance(job, **step)

    monkeypatch.setattr(jobs, "advance", fail)


def test_import_in_the_background_fails_with_the_sentence_and_is_resumed(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    Staff.objects.filter(pk=by.pk).update(language="en")
    job = factories.import_job(by, "key,name\na,Ann\nb,Bob\n")
    fail_after(monkeypatch, 0)
    run_jobs()
    monkeypatch.undo()
    job.refresh_from_db()
    assert job.state == "failed"
    assert_explains(job.error)
    background_imports.resume(job=job, by=by, at=AT)
    run_jobs()
    job.refresh_from_db()
    assert (job.state, job.counts["members"], job.error) == ("done", 2, "")


def test_full_disk_of_the_error_report_is_explained(
    shop: Community, tmp_path: Path
) -> None:
    rows = "".join(f"m{n},soon\n" for n in range(ROWS))
    path = helpers.write(tmp_path, f"key,joined_at\n{rows}")
    with no_large_files(), pytest.raises(disk_space.DiskFull) as refused:
        helpers.run(shop, path, "members")
    assert_explains(refused.value)
    job = helpers.run(shop, path, "members").job
    assert (job.rows_read, job.rows_broken) == (ROWS, ROWS)
    lines = error_report.path_of(job).read_text("utf-8-sig").splitlines()
    assert len(lines) == ROWS + 1


def test_full_disk_of_an_upload_is_explained_and_leaves_nothing(
    by: Staff, shop: Community
) -> None:
    handler = upload_handler.UploadHandler(shop)
    handler.new_file("file", "members.csv", "text/csv", 10)
    folder = Path(settings.HOME) / "uploads" / str(shop.pk)
    with no_large_files(), pytest.raises(disk_space.DiskFull) as refused:
        handler.receive_data_chunk(b"m,Ann\n" * 20_000, 0)
    handler.discard()
    assert_explains(refused.value)
    assert not list(folder.iterdir())


def test_full_disk_of_an_inspected_upload_leaves_nothing(
    by: Staff, shop: Community
) -> None:
    path = uploads.new_upload_path(shop)
    path.write_text("key,name\n" + "".join(f"m{n},Ann\n" for n in range(2_000)))
    with no_large_files(1_000), pytest.raises(disk_space.DiskFull) as refused:
        uploads.accept(path=path, name="members.csv", by=by, at=AT)
    assert_explains(refused.value)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(
            "[Errno 28] Error writing bytes to file. Detail: No space left on device"
        ),
        RuntimeError("IO Error: Could not write file: No space left on device"),
        OperationalError("database or disk is full"),
    ],
)
def test_errors_of_full_disks_are_known(error: Exception) -> None:
    for found in (error, _hidden(error)):
        explanation = disk_space.explain(found)
        assert explanation is not None
        assert_explains(explanation)


def _hidden(error: Exception) -> Exception:
    hiding = RuntimeError("the file could not be closed")
    hiding.__context__ = error
    return hiding


def test_other_errors_are_no_full_disks() -> None:
    others = (
        OSError(errno.EACCES, "Permission denied"),
        errors.Refused("disk is full"),
    )
    assert [disk_space.explain(error) for error in others] == [None, None]
