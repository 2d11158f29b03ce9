"""Imports that go on by themselves: started from a page, done as a duty.

A killed one goes on where it stopped as soon as its work is due again; one that fails is
kept with what is wrong, and somebody decides.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.importing import jobs, pipeline, uploads
from qunce.importing.jobs import ImportJob
from qunce.importing.uploads import Upload

PROGRESS_INTERVAL = 0.5
"""Seconds between two words of progress."""
MAX_CELLS_IN_MEMORY = 2_000_000
"""Of a file at once in memory: a serving process has other things to do."""
DEFAULTS = {
    "target": "members",
    "given": {},
    "mode": jobs.ALL,
    "dates": "",
    "currency": "",
    "source": "import",
}

log = logging.getLogger(__name__)


class TimeZoneChanged(errors.Refused):
    """The rest of a file would be read by another clock than its beginning."""


# Verbs


def start(*, upload: Upload, by: Staff, at: datetime) -> ImportJob:
    """Import the file as it was chosen; what is wrong with the choice is raised here."""
    planned = plan_sample(upload, by=by, at=at)
    most = max(MAX_CELLS_IN_MEMORY // len(planned.reading.source.headings), 1)
    planned.reading.chunk = min(planned.reading.chunk, most)
    return jobs.start(
        upload=upload,
        options=pipeline.fixed(planned),
        target=planned.reading.target.key,
        digest=planned.reading.source.digest,
        source=planned.options.source,
        by=by,
        at=at,
    )


def retry(*, job: ImportJob, mode: str, by: Staff, at: datetime) -> ImportJob:
    """The same file in the same way, but for the mode: such as its good rows alone."""
    upload = _upload_of(job)
    uploads.choose(upload=upload, by=by, **_chosen(job), mode=mode)
    return start(upload=upload, by=by, at=at)


def resume(*, job: ImportJob, by: Staff, at: datetime) -> None:
    uploads.check_exists(_upload_of(job))
    jobs.resume(job=job, by=by, at=at)


def run(key: str, *, at: datetime) -> None:
    """The duty: do the import of this number to its end."""
    every = ImportJob.objects.select_related("community", "by", "upload")
    job = every.filter(pk=int(key)).order_by("pk").first()
    if job is None or job.upload is None or not jobs.claim(job):
        return
    with translation.override(job.by.language):
        told = _Told(job)
        try:
            told(pipeline.READING, 0, job.upload.found["lines"])
            pipeline.run(_plan(job), progress=told, job=job)
        except (
            jobs.ImportWasCancelled,
            jobs.ImportRunsElsewhere,
            pipeline.HasBrokenRows,
        ):
            pass  # the row says so, or belongs to somebody else
        except errors.QunceError as error:
            jobs.finish(job, at=at, step="give_up", error=str(error))
        except Exception:
            log.exception("Import %s failed", job.pk)
            text = _(
                "The import stopped unexpectedly. See the server log for the reason."
            )
            jobs.finish(job, at=at, step="give_up", error=text)


class _Told:
    """Progress into the job's row, seldom enough not to be felt."""

    def __init__(self, job: ImportJob) -> None:
        self._job, self._phase, self._told = job, "", 0.0

    def __call__(self, phase: str, done: int, about: int) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._told < PROGRESS_INTERVAL:
            return
        self._phase, self._told = phase, now
        jobs.report_progress(self._job, phase=phase, done=done, about=about)


# Reads


def plan_sample(upload: Upload, *, by: Staff, at: datetime) -> pipeline.Plan:
    """The plan of the file's first rows: enough to be looked at."""
    chosen = uploads.chosen_of(upload, DEFAULTS)
    target = chosen.pop("target")
    return pipeline.plan(
        community=upload.community,
        source=uploads.get_sample(upload),
        target=target,
        by=by,
        at=at,
        options=pipeline.Options(**chosen),
    )


def _plan(job: ImportJob) -> pipeline.Plan:
    """The plan of the whole file, as it was when the job was made."""
    fixed, upload = jobs.options_of(job), _upload_of(job)
    if fixed["clock"] != job.community.timezone:
        raise TimeZoneChanged(
            _(
                "The community's time zone has changed since this import started. "
                "Import the file again."
            )
        )
    planned = pipeline.plan(
        community=job.community,
        source=uploads.get_source(upload),
        target=job.target,
        by=job.by,
        at=job.started_at,
        options=pipeline.Options(
            mode=fixed["mode"],
            source=job.source,
            dates=fixed["dates"],
            given=fixed["mapping"],
            currency=fixed["currency"],
        ),
    )
    planned.reading.chunk = fixed["chunk"]
    return dataclasses.replace(planned, at=job.started_at)


def _chosen(job: ImportJob) -> dict[str, object]:
    fixed = jobs.options_of(job)
    return {
        "target": job.target,
        "given": fixed["mapping"],
        "dates": fixed["dates"],
        "currency": fixed["currency"],
        "source": job.source,
    }


def _upload_of(job: ImportJob) -> Upload:
    if job.upload is None:
        raise uploads.FileGone(_("This file was imported from the command line."))
    return job.upload
