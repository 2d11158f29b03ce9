"""Imports that are killed, whose file is damaged, or that meet another state of members."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from qunce.core import batch_writes, communities, db
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.importing import pipeline
from qunce.importing.files import external_sort, file_changes, staging
from qunce.importing.jobs import jobs, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import accounts
from tests import factories
from tests.factories import AT
from tests.faults import import_files
from tests.importing import helpers
from tests.importing.test_jobs import run_jobs
from tests.shares import some_on_both_databases

ROWS = 600


class Killed(BaseException):
    """Ends an import as a killed process ends, without any clean-up of its own."""


@pytest.fixture
def small_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IMPORT_CHUNK_ROWS = 200
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 30)
    monkeypatch.setattr(batch_writes, "MIN_ROWS", 1)


def kill_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """Kill the import in the transaction after so many batches."""
    done = 0
    advance = jobs.advance

    def die(job: ImportJob, **step: Any) -> None:
        nonlocal done
        done += 1
        if done > batches:
            raise Killed
        advance(job, **step)

    monkeypatch.setattr(jobs, "advance", die)


def report(job: ImportJob) -> tuple[int, int, dict[str, int]]:
    job = ImportJob.objects.get(pk=job.pk)
    counts = {name: count for name, count in job.counts.items() if count}
    return job.rows_read, job.rows_broken, counts


def list_facts(of: Community) -> Counter[tuple[str, str | None, int, str | None]]:
    """Return how often each fact is in the log, without those of the import itself."""
    rows = db.rows(
        # By person, as the size of batches decides which of their accounts has a tag.
        "SELECT k.name, a.key, f.happened_at, f.key FROM core_fact f"
        " JOIN core_interned_name k ON k.id = f.kind_id"
        " LEFT JOIN sets_alias s ON s.account_id = f.account_id"
        " LEFT JOIN members_account a ON a.id = coalesce(s.person_id, f.account_id)"
        " WHERE f.community_id = %s",
        [of.pk],
    )
    return Counter(row for row in rows if row[1])


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("target", some_on_both_databases(import_files.TARGETS, 2))
def test_killed_import_ends_like_an_undisturbed_one(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    path = tmp_path / f"{target}.csv"
    import_files.write(target, path, ROWS, seed=1)
    whole = helpers.run(shop, path, target).job
    other = communities.create(key="other", timezone=shop.timezone, at=AT)
    for batches in (0, 2, 1):
        with monkeypatch.context() as patch:
            kill_after(patch, batches)
            with pytest.raises(Killed):
                helpers.run(other, path, target)
    resumed = helpers.run(other, path, target).job
    assert ImportJob.objects.filter(community=other).count() == 1
    assert report(resumed) == report(whole)
    assert list_facts(other) == list_facts(shop)


@pytest.mark.usefixtures("small_batches")
def test_import_does_not_go_on_among_other_rows(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.member(shop, "m90")
    rows = "".join(f"m{n},139{n:08},t1\n" for n in range(100))
    path = helpers.write(tmp_path, f"member_key,phone,tag\n{rows}")
    with monkeypatch.context() as patch:
        kill_after(patch, 1)
        with pytest.raises(Killed):
            helpers.run(shop, path, "tags")
    # A row that was fine names two people now, and is refused.
    accounts.add_identifiers(
        community=shop,
        values=[(factories.member(shop, "stranger").pk, "phone", "13900000090")],
        by=staff_models.system(shop),
        at=AT,
    )
    with pytest.raises(jobs.RowsChanged):
        helpers.run(shop, path, "tags")
    job = ImportJob.objects.get()
    assert (job.state, bool(job.error)) == ("failed", True)
    assert helpers.run(shop, path, "tags").job.rows_broken == 1


def test_folder_of_killed_orders_is_removed(tmp_path: Path) -> None:
    left = tmp_path / f"{staging.PREFIX}left"
    left.mkdir()
    (left / "rows.duckdb").write_bytes(b"x")
    with external_sort.SpillTable(tmp_path):
        running = [path.name for path in tmp_path.iterdir()]
        assert len(running) == 1
        with external_sort.SpillTable(tmp_path):
            assert running[0] in [path.name for path in tmp_path.iterdir()]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["truncated", "one byte", "gone"])
def test_damaged_upload_is_refused(by: Staff, damage: str) -> None:
    job = factories.import_job(by, "key,name\na,小红\nb,小明\n")
    assert job.upload is not None
    path = uploads.path_of(job.upload)
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(
            content[:-9] if damage == "truncated" else content.replace(b"a,", b"c,")
        )
    run_jobs()
    job.refresh_from_db()
    assert (job.state, job.counts) == ("failed", {})
    assert "Upload" in job.error or "上传" in job.error


@pytest.mark.parametrize("moment", ["before", "between"])
def test_file_that_changes_during_its_import_is_refused(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = helpers.write(tmp_path, "key,name\na,Ann\nb,Bob\n")
    plan = helpers.plan(shop, path, "members", mode="all")

    def grow(*_given: Any) -> None:
        with path.open("a") as file:
            file.write("c,Cid\n")

    if moment == "before":
        grow()
    progress = grow if moment == "between" else None
    with pytest.raises(file_changes.FileChanged):
        pipeline.run(plan, progress=progress)
    assert factories.matching_keys(shop, {"all": []}) == []
    done = helpers.run(shop, path, "members").job
    assert (done.state, done.counts["members"]) == ("done", done.rows_read)
