"""K12: imports that go on by themselves, from the upload to the report."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from pytest_django import Settings

from qunce import schedule
from qunce.core import permissions, state_machine
from qunce.core.communities import Community
from qunce.core.jobs import job_queue, scheduler
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.importing import background_imports, pipeline
from qunce.importing.files import inspection
from qunce.importing.jobs import access, error_report, jobs, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.options import ALL_ROWS, VALID_ROWS
from qunce.importing.plan.plan import ImportPlan
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.factories import AT, LATER

GOOD = "key,name,level\na,小红,金\nb,小明,银\n"
BAD = "key,name,joined_at\na,小红,2026-01-02\nb,小明,昨天\nc,小李,2026-01-03\n"


def run_jobs(at: Any = LATER) -> None:
    only = {jobs.JOB: schedule.SCHEDULE[jobs.JOB]}
    while scheduler.run_due(only, clock=lambda: at):
        pass


def reload(job: ImportJob) -> ImportJob:
    return jobs.get(job.community, job.pk)


@pytest.mark.both_databases
def test_large_file_is_previewed_without_reading_it_again(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_imports, "MAX_ROWS_PLANNED", 1)
    upload = factories.upload(by, GOOD, "C:\\表\\会员\u0000.csv")
    assert upload.name == "会员.csv"
    assert upload.inspection["headings"] == ["key", "name", "level"]
    assert upload.options["target"] == "members"
    source = uploads.get_source(upload)
    assert (source.lines, source.format) == (3, "csv")
    uploads.path_of(upload).write_text("rubbish")
    plan = background_imports.plan_upload(upload, by=by, at=AT)
    preview = pipeline.preview(plan)
    assert [row["name"] for row in preview.rows] == ["小红", "小明"]


def test_sample_includes_rows_that_cannot_be_split(by: Staff) -> None:
    upload = factories.upload(by, "key,name\na,b\nc\nd,e\n")
    sample = uploads.get_sample(upload).sample
    assert sample is not None
    assert [one.row for one in sample.broken] == [3]
    assert sample.row_numbers.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("手机号,姓名,标签", "members"),
        ("会员号,标签,次数", "tags"),
        ("订单号,会员号,付款时间,实付金额", "orders"),
        ("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID", "orders"),
        ("群名称,群成员,入群时间", "memberships"),
        ("kind,member_key,happened_at,payload", "facts"),
        ("这一列,那一列", "members"),
    ],
)
def test_target_is_guessed_from_the_headings(
    by: Staff, heading: str, target: str
) -> None:
    row = ",".join("1" for _ in heading.split(","))
    upload = factories.upload(by, f"{heading}\n{row}\n")
    assert upload.options["target"] == target


@pytest.mark.both_databases
def test_import_runs_as_a_job_and_stores_its_result(shop: Community, by: Staff) -> None:
    job = factories.import_job(by, GOOD)
    assert job.state == "waiting"
    run_jobs()
    job = reload(job)
    assert (job.state, job.rows_read, job.rows_broken) == ("done", 2, 0)
    assert job.counts["members"] == 2
    assert account_queries.get(shop, "a").name == "小红"
    assert factories.recorded_facts(shop, "import.started") == [
        (None, {"file": "members.csv", "job": job.pk, "target": "members"})
    ]
    run_jobs()
    assert not job_queue.QueuedJob.objects.filter(job=jobs.JOB).exists()


@pytest.mark.both_databases
def test_rejected_import_is_retried_with_its_valid_rows(
    shop: Community, by: Staff
) -> None:
    job = factories.import_job(by, BAD, mode=ALL_ROWS)
    run_jobs()
    job = reload(job)
    assert (job.state, job.rows_broken) == ("rejected", 1)
    problem = job.problems.get()
    assert (problem.row, problem.value) == (3, "昨天")
    retried = background_imports.retry(job=job, mode=VALID_ROWS, by=by, at=LATER)
    run_jobs()
    assert (reload(retried).state, reload(retried).rows_read) == ("done", 3)
    assert set(account_queries.find(shop, ["a", "b", "c"])) == {"a", "c"}
    text = error_report.path_of(retried).read_text("utf-8-sig")
    assert "昨天" in text


@pytest.mark.both_databases
def test_cancelled_import_stops_and_is_resumed(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = factories.import_job(by, GOOD)
    jobs.cancel(job=job, by=by, at=AT)
    run_jobs()
    assert reload(job).state == "cancelled"
    assert not account_queries.find(shop, ["a"])
    background_imports.resume(job=reload(job), by=by, at=LATER)

    def cancel_meanwhile(plan: ImportPlan, **arguments: Any) -> Any:
        jobs.cancel(job=reload(job), by=by, at=AT)
        return run(plan, **arguments)

    run = pipeline.run
    monkeypatch.setattr(pipeline, "run", cancel_meanwhile)
    run_jobs()
    assert reload(job).state == "cancelled"
    assert not account_queries.find(shop, ["a"])
    monkeypatch.undo()
    background_imports.resume(job=reload(job), by=by, at=LATER)
    run_jobs()
    assert reload(job).state == "done"
    with pytest.raises(state_machine.WrongState):
        jobs.cancel(job=reload(job), by=by, at=LATER)


@pytest.mark.both_databases
def test_killed_import_resumes_where_it_stopped(
    shop: Community, by: Staff, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_CHUNK_ROWS = 1
    monkeypatch.setattr("qunce.importing.files.csv_files.BLOCK_BYTES", 40)
    rows = "".join(f"m{n},name {n}\n" for n in range(30))
    job = factories.import_job(by, "key,name\n" + rows)

    class Killed(BaseException):
        pass

    def die(job: ImportJob, **step: Any) -> None:
        if step["next_chunk"] == 5:
            raise Killed
        advance(job, **step)

    advance = jobs.advance
    monkeypatch.setattr(jobs, "advance", die)
    with pytest.raises(Killed):
        run_jobs()
    monkeypatch.setattr(jobs, "advance", advance)
    assert reload(job).state == "running"
    here = ImportJob.objects.get(pk=job.pk).next_chunk
    assert here == 4
    run_jobs(LATER)
    assert reload(job).state == "running", "its lease has not run out"
    run_jobs(LATER + 2 * job_queue.LEASE)
    done = reload(job)
    assert (done.state, done.counts["members"]) == ("done", 30)


def test_failed_import_stores_the_reason_and_is_resumed(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = factories.import_job(by, GOOD)

    def fail(*_given: Any, **_named: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(pipeline, "run", fail)
    run_jobs()
    assert reload(job).state == "failed"
    assert "log" in reload(job).error or "日志" in reload(job).error
    monkeypatch.undo()
    background_imports.resume(job=reload(job), by=by, at=LATER)
    run_jobs()
    assert reload(job).state == "done"


@pytest.mark.both_databases
def test_import_that_another_process_advanced_is_left_alone(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = factories.import_job(by, GOOD)
    advance = jobs.advance

    def overtaken(mine: ImportJob, **step: Any) -> None:
        ImportJob.objects.filter(pk=mine.pk).update(next_row=1)
        advance(mine, **step)

    monkeypatch.setattr(jobs, "advance", overtaken)
    run_jobs()
    assert (reload(job).state, reload(job).error) == ("running", "")


def test_progress_is_stored_in_the_row(by: Staff) -> None:
    job = factories.import_job(by, GOOD)
    run_jobs()
    assert (reload(job).phase, reload(job).rows_done) == (pipeline.WRITING, 0)


def test_file_with_a_running_import_is_not_imported_again(by: Staff) -> None:
    upload = factories.upload(by, GOOD)
    background_imports.start(upload=upload, by=by, at=AT)
    with pytest.raises(jobs.ImportNotFinished):
        background_imports.start(upload=upload, by=by, at=AT)
    with pytest.raises(jobs.ImportNotFinished):
        uploads.discard(upload=upload, by=by, at=AT)


@pytest.mark.both_databases
def test_import_fails_after_a_change_of_the_time_zone(
    shop: Community, by: Staff
) -> None:
    job = factories.import_job(by, GOOD)
    Community.objects.filter(pk=shop.pk).update(timezone="America/Lima")
    run_jobs()
    assert reload(job).state == "failed"


@pytest.mark.both_databases
def test_files_are_deleted_after_a_week_and_parts_after_a_day(
    by: Staff, home: Path
) -> None:
    upload = factories.upload(by, GOOD)
    part = uploads.new_upload_path(by.community)
    part.write_text("half")
    assert uploads.prune(at=AT + timedelta(days=6)) == 0
    assert uploads.exists(upload)
    assert uploads.prune(at=AT + timedelta(days=5000)) == 1
    upload.refresh_from_db()
    assert not uploads.exists(upload)
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]
    with pytest.raises(uploads.FileGone):
        background_imports.start(upload=upload, by=by, at=LATER)


def test_unreadable_file_is_deleted(by: Staff, home: Path) -> None:
    for wrong in (b"\x00\x01\x02" * 9, b"PK\x03\x04nothing", b"a" * (5 << 20)):
        with pytest.raises(inspection.UnreadableFile):
            factories.upload(by, wrong)
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


@pytest.mark.both_databases
def test_too_large_file_is_rejected(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000
    uploads.check_size(1_000)
    with pytest.raises(uploads.FileTooLarge):
        uploads.check_size(1_001)
    monkeypatch.setattr(uploads, "MIN_FREE_BYTES", 1 << 60)
    with pytest.raises(uploads.FileTooLarge, match="disk space"):
        uploads.check_size(1)


def test_selecting_a_sheet_reads_its_table(by: Staff) -> None:
    path = uploads.new_upload_path(by.community)
    book = xlsxwriter.Workbook(str(path))
    for name, heading in (("说明", "请看第二页"), ("会员", "手机号")):
        book.add_worksheet(name).write_column(0, 0, [heading, "13800138000"])
    book.close()
    upload = uploads.accept(path=path, name="b.xlsx", by=by, at=AT)
    assert upload.inspection["sheets"] == ["说明", "会员"]
    assert upload.inspection["headings"] == ["请看第二页"]
    uploads.select_sheet(upload=upload, by=by, sheet="会员", encoding="")
    assert upload.inspection["headings"] == ["手机号"]
    job = background_imports.start(upload=upload, by=by, at=AT)
    run_jobs()
    assert reload(job).counts["members"] == 1


def test_scoped_staff_and_operators_cannot_import(shop: Community, by: Staff) -> None:
    scoped = staff_models.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    clerk = staff_models.create(community=shop, login="wu", role="operator", at=AT)
    assert access.may_import(by)
    for other in (scoped, clerk):
        assert not access.may_import(other)
        with pytest.raises(permissions.NotAllowed):
            factories.upload(other, GOOD)


@pytest.mark.both_databases
def test_discarded_file_keeps_its_import(by: Staff) -> None:
    unused = factories.upload(by, GOOD)
    uploads.discard(upload=unused, by=by, at=AT)
    with pytest.raises(uploads.UploadNotFound):
        uploads.get(by.community, unused.pk)
    job = factories.import_job(by, GOOD)
    run_jobs()
    upload = uploads.get(by.community, reload(job).upload_id or 0)
    uploads.discard(upload=upload, by=by, at=LATER)
    assert reload(job).state == "done"
    assert json.loads(reload(job).options)["mapping"]["level"] == "attr:level"


@pytest.mark.both_databases
def test_question_that_only_the_whole_file_raises_is_asked_after_the_failure(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_imports, "MAX_ROWS_PLANNED", 1)
    monkeypatch.setattr(uploads, "SAMPLE_ROWS", 2)
    rows = "a,2026-01-02\nb,2026-01-03\nc,3/5/2026\nd,4/6/2026\n"
    job = factories.import_job(by, "key,seen\n" + rows)
    run_jobs()
    assert reload(job).state == "failed"
    assert "seen" in reload(job).error
    upload = uploads.get(by.community, reload(job).upload_id or 0)
    plan = background_imports.plan_upload(upload, by=by, at=LATER)
    assert [q.key for q in plan.questions if q.is_open] == ["dates:seen"]
    uploads.change_options(upload=upload, by=by, answers={"dates:seen": "dmy"})
    again = background_imports.start(upload=upload, by=by, at=LATER)
    run_jobs()
    assert reload(again).state == "done"
