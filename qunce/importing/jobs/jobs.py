"""Imports as rows: what was read, how far it came, what it changed, what was broken.

Every batch advances its job in the same transaction, so that an interrupted import goes
on exactly where it stopped, and two imports of one file notice each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.importing.jobs import access, job_log, reports
from qunce.importing.plan.options import ImportOptions

if TYPE_CHECKING:
    # Every command loads this module; only imports need Arrow.
    from qunce.importing.jobs.uploads import Upload
    from qunce.importing.rows.parsing import Problem

STATES = state_machine.StateMachine(
    {
        "claim": (("waiting",), "running"),
        "complete": (("running",), "done"),
        "reject": (("running",), "rejected"),
        "fail": (("running",), "failed"),
        "cancel": (("waiting", "running"), "cancelled"),
        "resume": (("failed", "cancelled"), "waiting"),
        "undo": (("done", "failed", "cancelled"), "undoing"),
        "complete_undo": (("undoing",), "undone"),
    }
)
ACTIVE_STATES = ("waiting", "running")
JOB = "imports.run"
UNDO_JOB = "imports.undo"
MAX_PROBLEM_ROWS = 1_000
"""Problems stored as rows; the error report has all of them."""


@personal_texts.erased_in("file_name", "source", "options", sentences=("error",))
class ImportJob(models.Model):
    """The next batch starts at row `next_row` of chunk `next_chunk`.

    `row_digest` is that of the rows of this chunk, in the order of writing; between two
    chunks it is the digest that the last one has of the file, if any. `report_bytes` is
    the size of the error report with the problems of the first `chunks_reported` chunks.
    `options` are those of the plan, as JSON: the same file gives other rows with others.
    A job with an `upload` runs in the background; `phase`, `rows_done` and
    `rows_expected` are its progress, and `error` is the reason why it failed.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    target = models.CharField(max_length=20)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=120)
    source = models.CharField(max_length=120)
    options = models.TextField()
    state = models.CharField(max_length=10, default="running")
    next_chunk = models.PositiveIntegerField(default=0)
    next_row = models.PositiveIntegerField(default=0)
    row_digest = models.BigIntegerField(default=0)
    chunks_reported = models.PositiveIntegerField(default=0)
    report_bytes = models.BigIntegerField(default=0)
    rows_read = models.BigIntegerField(default=0)
    rows_broken = models.BigIntegerField(default=0)
    counts: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict
    )
    started_at = timestamps.TimestampField()
    finished_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    key_scopes: models.JSONField[Any, Any] = models.JSONField(null=True)
    """Those of the API key that started it, null if no key did."""
    upload = models.ForeignKey(
        "importing.Upload", models.PROTECT, null=True, related_name="jobs"
    )
    phase = models.CharField(max_length=10, default="")
    rows_done = models.BigIntegerField(default=0)
    rows_expected = models.BigIntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "importing_job"
        indexes = [
            models.Index(fields=["community", "digest"], name="import_by_digest"),
            models.Index(fields=["community", "-id"], name="import_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.target}"


class ImportProblem(models.Model):
    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="problems")
    row = models.BigIntegerField()
    field = models.CharField(max_length=200)
    value = models.CharField(max_length=200)
    remedy = models.TextField()
    is_broken = models.BooleanField(default=True)

    class Meta:
        db_table = "importing_problem"

    def __str__(self) -> str:
        return f"{self.row} {self.field}: {self.remedy}"


# Facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ImportStarted(facts.FactKind):
    kind = "import.started"
    label = gettext_lazy("import started")
    job: int
    file: str
    target: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ImportCancelled(facts.FactKind):
    kind = "import.cancelled"
    label = gettext_lazy("import cancelled")
    job: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ImportResumed(facts.FactKind):
    kind = "import.resumed"
    label = gettext_lazy("import resumed")
    job: int


# Errors


class ImportRunsElsewhere(errors.Refused):
    """Another process is importing this file."""


class ImportWasCancelled(errors.Refused):
    """The import was cancelled while it ran."""


class RowsChanged(errors.Refused):
    """The rows of an interrupted import are not those any more that it began with."""


class ImportNotFound(errors.NotFound):
    """There is no such import in this community."""


class ImportNotFinished(errors.Refused):
    """An import of this file has not finished yet."""


# Checks


def check_not_active(jobs: models.QuerySet[ImportJob]) -> None:
    if jobs.filter(state__in=(*ACTIVE_STATES, "undoing")).exists():
        raise ImportNotFinished(
            _("An import of this file has not finished yet. Cancel it first.")
        )


# Verbs


def find_or_create(
    *,
    community: Community,
    file_name: str,
    digest: str,
    options: ImportOptions,
    by: Staff,
    at: datetime,
) -> ImportJob:
    """Return the interrupted job of this file with the same options, or a new one."""
    access.check_may_write(by, options)
    identity = {
        "target": options.target,
        "digest": digest,
        "source": options.source,
        "options": _dump(options),
    }
    # Imports from the command line have no lease: one that is still running was killed,
    # or runs in another process, which `advance` will notice.
    # The options are part of the identity, because other options cut the file into
    # other rows.
    interrupted = ImportJob.objects.filter(
        community=community, state="running", upload=None, **identity
    )
    for job in interrupted.order_by("-pk")[:1]:
        return job
    return ImportJob.objects.create(
        community=community,
        file_name=file_name[:200],
        started_at=at,
        by=by,
        **identity,
    )


@transaction.atomic
def start(
    *,
    upload: Upload,
    digest: str,
    options: ImportOptions,
    by: Staff,
    at: datetime,
) -> ImportJob:
    """Queue the import of an uploaded file; refused while another import of it runs."""
    access.check_may_write(by, options)
    check_not_active(ImportJob.objects.filter(upload=upload))
    job = ImportJob.objects.create(
        community=upload.community,
        upload=upload,
        target=options.target,
        file_name=upload.name,
        digest=digest,
        source=options.source,
        options=_dump(options),
        state="waiting",
        started_at=at,
        by=by,
        key_scopes=None if by.key_scopes is None else sorted(by.key_scopes),
    )
    # A worker claims it as soon as this transaction is committed.
    queue(job, JOB, at)
    event = ImportStarted(job=job.pk, file=job.file_name, target=job.target)
    facts.record(event, community=job.community, by=by, at=at)
    return job


def queue(job: ImportJob, name: str, at: datetime) -> None:
    """Let a worker run or undo the import."""
    job_queue.schedule(job=name, key=str(job.pk), due_at=at, community=job.community)


def name_of(key: str) -> str:
    """The name of the file of a queued job."""
    names = ImportJob.objects.filter(pk=int(key)).values_list("file_name", flat=True)
    return names.first() or ""


def _dump(options: ImportOptions) -> str:
    """Return the options as the text by which equal options are found."""
    return json.dumps(options.to_json(), ensure_ascii=False, sort_keys=True)


@transaction.atomic
def cancel(*, job: ImportJob, by: Staff, at: datetime) -> None:
    """Stop the import before its next batch; what it has written stays."""
    access.check_may_import(by, job)
    # The worker finds out at its next batch or report. Nothing is interrupted in the
    # middle.
    STATES.transition(job, "cancel", finished_at=at)
    event = ImportCancelled(job=job.pk)
    facts.record(event, community=job.community, by=by, at=at)


@transaction.atomic
def resume(*, job: ImportJob, by: Staff, at: datetime) -> None:
    """Queue the import again; it goes on where it stopped."""
    access.check_may_write(by, options_of(job))
    # The position stays, which is what makes it go on instead of starting again.
    STATES.transition(job, "resume", finished_at=None, error="")
    queue(job, JOB, at)
    event = ImportResumed(job=job.pk)
    facts.record(event, community=job.community, by=by, at=at)


def claim(job: ImportJob) -> bool:
    """Return whether the job is to be run: it was waiting, or its worker was killed."""
    if job.state == "waiting":
        STATES.transition(job, "claim")
    return job.state == "running"


def report_progress(
    job: ImportJob, *, phase: str, rows_done: int, rows_expected: int
) -> None:
    """Store the progress; raises ImportWasCancelled once somebody has cancelled it."""
    running = ImportJob.objects.filter(pk=job.pk, state="running")
    # The update is also the check, so that a cancelled import stops within one
    # interval.
    if not running.update(
        phase=phase, rows_done=rows_done, rows_expected=rows_expected
    ):
        raise ImportWasCancelled(_("This import was cancelled."))


def advance(
    job: ImportJob,
    *,
    next_chunk: int,
    next_row: int,
    row_digest: int = 0,
    counts: Mapping[str, int],
) -> None:
    """Store, in the batch's transaction, that it was written.

    Refused if another process has advanced the job, or somebody has cancelled it.
    """
    # The condition fails if the stored position is not the one of this process.
    here = ImportJob.objects.filter(
        pk=job.pk, next_chunk=job.next_chunk, next_row=job.next_row, state="running"
    )
    # Counted in Python, as the condition below guarantees that nobody else has changed
    # the row.
    added = _add_counts(job.counts, counts)
    if not here.update(
        next_chunk=next_chunk, next_row=next_row, row_digest=row_digest, counts=added
    ):
        # Asked only after the update failed: the normal case costs one statement.
        if ImportJob.objects.filter(pk=job.pk, state="cancelled").exists():
            raise ImportWasCancelled(_("This import was cancelled."))
        raise ImportRunsElsewhere(_("This file is being imported by somebody else."))


def apply_committed(
    job: ImportJob,
    *,
    next_chunk: int,
    next_row: int,
    row_digest: int = 0,
    counts: Mapping[str, int],
) -> None:
    """Do the same to the object in memory, once the transaction is committed."""
    job.next_chunk, job.next_row, job.row_digest = next_chunk, next_row, row_digest
    job.counts = _add_counts(job.counts, counts)


def _add_counts(counts: Mapping[str, int], added: Mapping[str, int]) -> dict[str, int]:
    return {**counts, **{name: counts.get(name, 0) + added[name] for name in added}}


def check_rows(job: ImportJob, row_digest: int) -> None:
    """Raise RowsChanged if an interrupted import has other rows, or another order, now."""
    # What is known of a member decides which rows are refused or left out. Going on at
    # the same place of other rows would leave some of them out silently.
    if job.row_digest == row_digest:
        return
    remedy = (
        _("Import the file again: facts that are known are not stored twice.")
        if job.target == "facts"
        else _("Undo it, then import the file again.")
    )
    raise RowsChanged(
        _(
            "Members whom this file names were changed while its import was interrupted,"
            " so that it cannot go on. %(remedy)s"
        )
        % {"remedy": remedy}
    )


@transaction.atomic
def record_chunk(
    job: ImportJob,
    *,
    chunk: int,
    rows_read: int,
    problems: Sequence[Problem],
    skipped: int,
    report_bytes: int,
) -> None:
    """Count the rows of a chunk and store its problems.

    `skipped` rows of it are no data. `report_bytes` is the size of the error report
    with these problems.
    """
    _store_broken(job, problems)
    counts = job.counts
    if skipped:
        name = reports.count_name(job.target, reports.SKIPPED)
        counts = _add_counts(counts, {name: skipped, reports.LEFT_OUT: skipped})
    _update(
        job,
        rows_read=job.rows_read + rows_read,
        rows_broken=job.rows_broken + len({problem.row for problem in problems}),
        chunks_reported=chunk + 1,
        counts=counts,
        report_bytes=report_bytes,
    )


def record_refusals(
    job: ImportJob, problems: Sequence[Problem], *, report_bytes: int
) -> None:
    """Store, in the batch's transaction, rows that turned out to be impossible in it."""
    _store_broken(job, problems)
    rows_broken = job.rows_broken + len(problems)
    _update(job, rows_broken=rows_broken, report_bytes=report_bytes)


@transaction.atomic
def forget_chunks(job: ImportJob) -> None:
    """Forget what was counted and refused in an import that has written nothing."""
    ImportProblem.objects.filter(job=job).delete()
    zeros = ("rows_read", "rows_broken", "chunks_reported", "report_bytes")
    _update(job, counts={}, **dict.fromkeys(zeros, 0))


def _update(job: ImportJob, **values: Any) -> None:
    ImportJob.objects.filter(pk=job.pk).update(**values)
    # The object of the running import is used on and must not fall behind its row.
    for name, value in values.items():
        setattr(job, name, value)


def _store_broken(job: ImportJob, problems: Sequence[Problem]) -> None:
    # The report file has all problems; millions of rows would help nobody.
    store_problems(job, problems[: max(MAX_PROBLEM_ROWS - job.rows_broken, 0)])


def store_problems(
    job: ImportJob, problems: Sequence[Problem], *, is_broken: bool = True
) -> None:
    rows = [ImportProblem(job=job, row=p.row, is_broken=is_broken) for p in problems]
    for problem, row in zip(problems, rows, strict=True):
        for name, max_length in (("field", 200), ("value", 200), ("remedy", 2_000)):
            # PostgreSQL cannot store null bytes.
            text = getattr(problem, name).replace("\0", "␀")
            setattr(row, name, text[:max_length])
    # In parts, since a remedy can have 2,000 characters.
    ImportProblem.objects.bulk_create(rows, batch_size=200)


def complete(job: ImportJob, *, at: datetime) -> None:
    STATES.transition(job, "complete", finished_at=at)
    job_log.log(job, job_log.COMPLETED, at=at)


def reject(job: ImportJob, *, at: datetime) -> None:
    """End the import of a file with broken rows, of which nothing was written."""
    STATES.transition(job, "reject", finished_at=at)
    job_log.log(job, job_log.REJECTED, at=at)


def fail(job: ImportJob, *, error: str, at: datetime) -> None:
    STATES.transition(job, "fail", finished_at=at, error=error[:2_000])
    job_log.log(job, job_log.FAILED, at=at)


# Reads


def get(community: Community, pk: int) -> ImportJob:
    jobs = ImportJob.objects.select_related("community", "by", "upload")
    try:
        return jobs.get(community=community, pk=pk)
    except ImportJob.DoesNotExist:
        raise ImportNotFound(_("There is no such import.")) from None


def list_problems(job: ImportJob) -> list[Problem]:
    """Return the first problems; the error report has all of them."""
    from qunce.importing.rows.parsing import Problem

    stored = job.problems.order_by("pk")
    return [Problem(each.row, each.field, each.value, each.remedy) for each in stored]


def list_all(community: Community) -> models.QuerySet[ImportJob]:
    jobs = ImportJob.objects.filter(community=community)
    return jobs.select_related("by").order_by("-pk")


def options_of(job: ImportJob) -> ImportOptions:
    return ImportOptions.from_json(json.loads(job.options))
