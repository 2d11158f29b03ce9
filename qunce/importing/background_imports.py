"""Imports in the background: started from a page, run by a worker.

An import whose worker was killed goes on where it stopped, as soon as its lease has run
out. One that fails keeps the reason, and people decide whether to resume it.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from datetime import datetime

from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import disk_space, errors
from qunce.core.staff.models import Staff
from qunce.importing import pipeline
from qunce.importing.files import file_changes
from qunce.importing.jobs import access, jobs, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.importing.plan import questions
from qunce.importing.plan.plan import ImportPlan

PROGRESS_INTERVAL = 0.5
"""Seconds between two updates of the progress."""
MAX_CELLS_IN_MEMORY = 2_000_000
"""Of one chunk, as the worker may serve pages from the same process."""

MAX_BYTES_PLANNED = 1 << 20
MAX_ROWS_PLANNED = 5_000
"""Of a file whose whole content is looked at for a page, in less than a second."""

log = logging.getLogger(__name__)


class TimeZoneChanged(errors.Refused):
    """The rest of the file would be read in another time zone than its beginning."""


# Verbs


def start(*, upload: Upload, by: Staff, at: datetime) -> ImportJob:
    """Queue the import of a file with its options.

    Raises InvalidMapping if the options are invalid, and AnswerNeeded if a question is
    open.
    """
    plan = plan_upload(upload, by=by, at=at)
    questions.check_answered(plan.questions)
    # The wider a file is, the fewer of its rows are in memory at a time.
    max_rows = max(MAX_CELLS_IN_MEMORY // len(plan.source.headings), 1)
    # What was answered by the first rows is compared with what the whole file shows.
    asked = [] if is_planned_whole(upload) else plan.questions
    options = dataclasses.replace(
        plan.options,
        chunk_rows=min(plan.options.chunk_rows, max_rows),
        seen={question.key: question.evidence for question in asked},
    )
    return jobs.start(
        upload=upload, digest=plan.source.digest, options=options, by=by, at=at
    )


def retry(*, job: ImportJob, mode: str, by: Staff, at: datetime) -> ImportJob:
    """Import the same file with the same options but for the mode."""
    upload = _upload_of(job)
    options = dataclasses.replace(jobs.options_of(job), mode=mode, chunk_rows=0)
    # Stored, so that the page of the file shows the options that were used last.
    uploads.set_options(upload=upload, options=options, by=by)
    return start(upload=upload, by=by, at=at)


def resume(*, job: ImportJob, by: Staff, at: datetime) -> None:
    uploads.check_exists(_upload_of(job))
    jobs.resume(job=job, by=by, at=at)


def run(key: str, *, at: datetime) -> None:
    """Run the import with this id to its end."""
    imports = ImportJob.objects.select_related("community", "by", "upload")
    # The job may be gone or may belong to another worker by now; the queue delivers at
    # least once.
    job = imports.filter(pk=int(key)).order_by("pk").first()
    if job is None or job.upload is None or not jobs.claim(job):
        return
    # Errors and problems are sentences for the one who started the import.
    with translation.override(job.by.language):
        progress = _JobProgress(job)
        try:
            # Reported before the first chunk, so that the page shows a phase while a
            # large file is opened.
            progress(pipeline.READING, 0, job.upload.inspection["lines"])
            pipeline.run(plan_job(job), progress=progress, job=job, at=at)
        except (
            jobs.ImportWasCancelled,
            jobs.ImportRunsElsewhere,
            pipeline.HasBrokenRows,
        ):
            # The row is cancelled or rejected already, or belongs to another worker.
            pass
        except errors.QunceError as error:
            _fail(job, str(error), at)
        except Exception:
            log.exception("Import %s failed", job.pk)
            text = _(
                "The import stopped unexpectedly. See the server log for the reason."
            )
            # Only the log has the details: a traceback may contain members' data.
            _fail(job, text, at)


def _fail(job: ImportJob, error: str, at: datetime) -> None:
    try:
        jobs.fail(job, error=error, at=at)
    except DatabaseError as unwritable:
        # On a full disk not even that can be stored. The queue tries the import again.
        raise disk_space.explain(unwritable) or unwritable from unwritable


class _JobProgress:
    """Stores the progress in the job's row, rarely enough not to slow the import down."""

    def __init__(self, job: ImportJob) -> None:
        self._job, self._phase, self._stored_at = job, "", 0.0

    def __call__(self, phase: str, rows_done: int, rows_expected: int) -> None:
        now = time.monotonic()
        # On SQLite every update of the row waits for the one writer, so a few per
        # second have to do.
        if phase == self._phase and now - self._stored_at < PROGRESS_INTERVAL:
            return
        self._phase, self._stored_at = phase, now
        jobs.report_progress(
            self._job, phase=phase, rows_done=rows_done, rows_expected=rows_expected
        )


# Reads


def plan_upload(upload: Upload, *, by: Staff, at: datetime) -> ImportPlan:
    """Return the plan of an uploaded file; that of a large one is of its first rows."""
    access.check_may_import(by, upload)
    whole = is_planned_whole(upload)
    return pipeline.plan(
        community=upload.community,
        source=uploads.get_source(upload) if whole else uploads.get_sample(upload),
        options=uploads.options_of(upload),
        by=by,
        at=at,
        file_name=upload.name,
    )


def is_planned_whole(upload: Upload) -> bool:
    """Return whether all rows decide how the file is read before it is imported.

    Those of a large file are read when it is imported, as that takes too long for a page.
    """
    lines: int = upload.inspection["lines"]
    is_small = upload.size <= MAX_BYTES_PLANNED and lines <= MAX_ROWS_PLANNED
    # An import may have failed over a question that the first rows do not raise.
    return is_small or upload.jobs.filter(state="failed").exists()


def plan_job(job: ImportJob) -> ImportPlan:
    """Return the plan of the whole file, with the options that the job was made with.

    Raises TimeZoneChanged, and AnswerNeeded if rows after the first contradict an answer.
    """
    options = jobs.options_of(job)
    # The program that started it may do no more in the background.
    if job.key_scopes is not None:
        job.by.key_scopes = frozenset(job.key_scopes)
    if options.timezone != job.community.timezone:
        raise TimeZoneChanged(
            _(
                "The community's time zone has changed since this import started. "
                "Import the file again."
            )
        )
    # What was inspected at the upload is in its row, and may be of last week.
    source = uploads.get_source(_upload_of(job))
    file_changes.check_digest(source)
    plan = pipeline.plan(
        community=job.community,
        source=source,
        options=options,
        by=job.by,
        at=job.started_at,
        file_name=job.file_name,
    )
    questions.check_evidence(plan.questions, options.seen)
    return plan


def _upload_of(job: ImportJob) -> Upload:
    if job.upload is None:
        raise uploads.FileGone(_("This file was imported from the command line."))
    return job.upload
