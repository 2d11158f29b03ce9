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
from qunce.importing import error_report, jobs, jobs_runner, pipeline, uploads
from qunce.importing.files import inspection
from qunce.importing.jobs import ImportJob
from qunce.importing.options import ALL_ROWS, VALID_ROWS
from qunce.importing.plan import ImportPlan
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases

GOOD = "key,name,level\na,小红,金\nb,小明,银\n"
BAD = "key,name,joined_at\na,小红,2026-01-02\nb,小明,昨天\nc,小李,2026-01-03\n"


def brought(by: Staff, text: str | bytes, name: str = "members.csv") -> uploads.Upload:
    path = uploads.new_upload_path(by.community)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return uploads.accept(path=path, name=name, by=by, at=AT)


def started(by: Staff, text: str, **chosen: Any) -> ImportJob:
    upload = brought(by, text)
    uploads.change_options(upload=upload, by=by, **chosen)
    return jobs_runner.start(upload=upload, by=by, at=AT)


def work_off(at: Any = LATER) -> None:
    only = {jobs.JOB: schedule.SCHEDULE[jobs.JOB]}
    while scheduler.run_due(only, clock=lambda: at):
        pass


def fresh(job: ImportJob) -> ImportJob:
    return jobs.get(job.community, job.pk)


def test_a_file_that_came_in_is_known_without_reading_it_again(by: Staff) -> None:
    upload = brought(by, GOOD, "C:\\表\\会员\u0000.csv")
    assert upload.name == "会员.csv"
    assert upload.inspection["headings"] == ["key", "name", "level"]
    assert upload.options["target"] == "members"
    source = uploads.get_source(upload)
    assert (source.lines, source.format) == (3, "csv")
    uploads.path_of(upload).write_text("rubbish")
    planned = jobs_runner.plan_sample(upload, by=by, at=AT)
    preview = pipeline.preview(planned)
    assert [row["name"] for row in preview.rows] == ["小红", "小明"]


def test_the_sample_keeps_rows_that_cannot_be_split(by: Staff) -> None:
    upload = brought(by, "key,name\na,b\nc\nd,e\n")
    piece = uploads.get_sample(upload).sample
    assert piece is not None
    assert [one.row for one in piece.broken] == [3]
    assert piece.row_numbers.tolist() == [2, 4]


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
def test_what_a_file_holds_is_guessed(by: Staff, heading: str, target: str) -> None:
    row = ",".join("1" for _ in heading.split(","))
    upload = brought(by, f"{heading}\n{row}\n")
    assert upload.options["target"] == target


def test_an_import_is_done_as_a_duty_and_says_how_it_went(
    shop: Community, by: Staff
) -> None:
    job = started(by, GOOD)
    assert job.state == "waiting"
    work_off()
    job = fresh(job)
    assert (job.state, job.rows_read, job.rows_broken) == ("done", 2, 0)
    assert job.counts["members"] == 2
    assert account_queries.get(shop, "a").name == "小红"
    assert factories.recorded_facts(shop, "import.started") == [
        (None, {"file": "members.csv", "job": job.pk, "target": "members"})
    ]
    work_off()
    assert not job_queue.QueuedJob.objects.filter(job=jobs.JOB).exists()


def test_one_broken_row_refuses_it_and_the_good_ones_can_be_had(
    shop: Community, by: Staff
) -> None:
    job = started(by, BAD, mode=ALL_ROWS)
    work_off()
    job = fresh(job)
    assert (job.state, job.rows_broken) == ("rejected", 1)
    problem = job.problems.get()
    assert (problem.row, problem.value) == (3, "昨天")
    again = jobs_runner.retry(job=job, mode=VALID_ROWS, by=by, at=LATER)
    work_off()
    assert (fresh(again).state, fresh(again).rows_read) == ("done", 3)
    assert set(account_queries.find(shop, ["a", "b", "c"])) == {"a", "c"}
    text = error_report.path_of(again).read_text("utf-8-sig")
    assert "昨天" in text


def test_a_cancelled_import_stops_and_goes_on_when_told(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(by, GOOD)
    jobs.cancel(job=job, by=by, at=AT)
    work_off()
    assert fresh(job).state == "cancelled"
    assert not account_queries.find(shop, ["a"])
    jobs_runner.resume(job=fresh(job), by=by, at=LATER)

    def cancel_meanwhile(planned: ImportPlan, **given: Any) -> Any:
        jobs.cancel(job=fresh(job), by=by, at=AT)
        return run(planned, **given)

    run = pipeline.run
    monkeypatch.setattr(pipeline, "run", cancel_meanwhile)
    work_off()
    assert fresh(job).state == "cancelled"
    assert not account_queries.find(shop, ["a"])
    monkeypatch.undo()
    jobs_runner.resume(job=fresh(job), by=by, at=LATER)
    work_off()
    assert fresh(job).state == "done"
    with pytest.raises(state_machine.WrongState):
        jobs.cancel(job=fresh(job), by=by, at=LATER)


def test_a_killed_import_goes_on_where_it_stopped(
    shop: Community, by: Staff, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_CHUNK_ROWS = 1
    monkeypatch.setattr("qunce.importing.files.csv_files.BLOCK_BYTES", 40)
    rows = "".join(f"m{n},name {n}\n" for n in range(30))
    job = started(by, "key,name\n" + rows)

    class Killed(BaseException):
        pass

    def die(job: ImportJob, **step: Any) -> None:
        if step["next_chunk"] == 5:
            raise Killed
        advance(job, **step)

    advance = jobs.advance
    monkeypatch.setattr(jobs, "advance", die)
    with pytest.raises(Killed):
        work_off()
    monkeypatch.setattr(jobs, "advance", advance)
    assert fresh(job).state == "running"
    here = ImportJob.objects.get(pk=job.pk).next_chunk
    assert here == 4
    work_off(LATER)
    assert fresh(job).state == "running", "its lease has not run out"
    work_off(LATER + 2 * job_queue.LEASE)
    done = fresh(job)
    assert (done.state, done.counts["members"]) == ("done", 30)


def test_a_failed_import_says_why_and_goes_on_when_told(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(by, GOOD)

    def fail(*_given: Any, **_named: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(pipeline, "run", fail)
    work_off()
    assert fresh(job).state == "failed"
    assert "log" in fresh(job).error or "日志" in fresh(job).error
    monkeypatch.undo()
    jobs_runner.resume(job=fresh(job), by=by, at=LATER)
    work_off()
    assert fresh(job).state == "done"


def test_who_lost_it_to_another_process_leaves_it_alone(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(by, GOOD)
    advance = jobs.advance

    def overtaken(mine: ImportJob, **step: Any) -> None:
        ImportJob.objects.filter(pk=mine.pk).update(next_row=1)
        advance(mine, **step)

    monkeypatch.setattr(jobs, "advance", overtaken)
    work_off()
    assert (fresh(job).state, fresh(job).error) == ("running", "")


def test_progress_is_told_in_the_row(by: Staff) -> None:
    job = started(by, GOOD)
    work_off()
    assert (fresh(job).phase, fresh(job).rows_done) == (pipeline.WRITING, 0)


def test_a_file_is_imported_once_at_a_time(by: Staff) -> None:
    upload = brought(by, GOOD)
    jobs_runner.start(upload=upload, by=by, at=AT)
    with pytest.raises(jobs.ImportNotFinished):
        jobs_runner.start(upload=upload, by=by, at=AT)
    with pytest.raises(jobs.ImportNotFinished):
        uploads.discard(upload=upload, by=by, at=AT)


def test_a_moved_clock_stops_it(shop: Community, by: Staff) -> None:
    job = started(by, GOOD)
    Community.objects.filter(pk=shop.pk).update(timezone="America/Lima")
    work_off()
    assert fresh(job).state == "failed"


def test_files_go_after_a_week_and_parts_after_a_day(by: Staff, home: Path) -> None:
    upload = brought(by, GOOD)
    part = uploads.new_upload_path(by.community)
    part.write_text("half")
    assert uploads.prune(at=AT + timedelta(days=6)) == 0
    assert uploads.exists(upload)
    assert uploads.prune(at=AT + timedelta(days=5000)) == 1
    upload.refresh_from_db()
    assert not uploads.exists(upload)
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]
    with pytest.raises(uploads.FileGone):
        jobs_runner.start(upload=upload, by=by, at=LATER)


def test_what_cannot_be_read_leaves_nothing_behind(by: Staff, home: Path) -> None:
    for wrong in (b"\x00\x01\x02" * 9, b"PK\x03\x04nothing", b"a" * (5 << 20)):
        with pytest.raises(inspection.UnreadableFile):
            brought(by, wrong)
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


def test_too_large_a_file_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000
    uploads.check_size(1_000)
    with pytest.raises(uploads.FileTooLarge):
        uploads.check_size(1_001)
    monkeypatch.setattr(uploads, "MIN_FREE_BYTES", 1 << 60)
    with pytest.raises(uploads.FileTooLarge, match="disk space"):
        uploads.check_size(1)


def test_another_sheet_is_another_table(by: Staff) -> None:
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
    job = jobs_runner.start(upload=upload, by=by, at=AT)
    work_off()
    assert fresh(job).counts["members"] == 1


def test_who_sees_a_part_of_the_members_imports_none(
    shop: Community, by: Staff
) -> None:
    scoped = staff_models.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    clerk = staff_models.create(community=shop, login="wu", role="operator", at=AT)
    assert jobs.may_import(by)
    for other in (scoped, clerk):
        assert not jobs.may_import(other)
        with pytest.raises(permissions.NotAllowed):
            brought(other, GOOD)


def test_a_discarded_file_leaves_its_import_behind(by: Staff) -> None:
    idle = brought(by, GOOD)
    uploads.discard(upload=idle, by=by, at=AT)
    with pytest.raises(uploads.UploadNotFound):
        uploads.get(by.community, idle.pk)
    job = started(by, GOOD)
    work_off()
    upload = uploads.get(by.community, fresh(job).upload_id or 0)
    uploads.discard(upload=upload, by=by, at=LATER)
    assert fresh(job).state == "done"
    assert json.loads(fresh(job).options)["mapping"]["level"] == "attr:level"
