"""An import as a row: what it read, how far it came, what it made, what was broken.

Every batch moves its row on in the same transaction, so a killed import goes on exactly
where it stopped, and two that run at once notice each other.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff

if TYPE_CHECKING:
    # Every command loads this room; reading files and Arrow is for imports alone.
    from qunce.importing.parsing import Problem
    from qunce.importing.uploads import Upload

IMPORT = permissions.declare("members.import", permissions.Role.MANAGER)
FLOW = state_machine.StateMachine(
    {
        "take": (("waiting",), "running"),
        "finish": (("running",), "done"),
        "refuse": (("running",), "refused"),
        "give_up": (("running",), "failed"),
        "cancel": (("waiting", "running"), "cancelled"),
        "resume": (("failed", "cancelled"), "waiting"),
    }
)
ACTIVE_STATES = ("waiting", "running")
JOB = "imports.run"
ALL, GOOD = "all", "good"
"""Nothing if one row is broken, or every row that is good."""
MAX_PROBLEM_ROWS = 1_000
"""Problems kept as rows; the file beside the home has all."""


class ImportJob(models.Model):
    """`chunk` and `within` are where the next batch begins; `read` counts rows of the
    file. `options` are those by which the same file would give other rows.

    A job of an `upload` is done in the background; `phase`, `done` and `about` tell how
    far it is, `error` why it was given up.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    target = models.CharField(max_length=20)
    file = models.CharField(max_length=200)
    digest = models.CharField(max_length=120)
    source = models.CharField(max_length=120)
    options = models.TextField()
    state = models.CharField(max_length=10, default="running")
    chunk = models.PositiveIntegerField(default=0)
    within = models.PositiveIntegerField(default=0)
    reported = models.PositiveIntegerField(default=0)
    read = models.BigIntegerField(default=0)
    broken = models.BigIntegerField(default=0)
    counts: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict
    )
    started_at = timestamps.TimestampField()
    finished_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    upload = models.ForeignKey(
        "importing.Upload", models.PROTECT, null=True, related_name="jobs"
    )
    phase = models.CharField(max_length=10, default="")
    done = models.BigIntegerField(default=0)
    about = models.BigIntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "importing_job"
        indexes = [
            models.Index(fields=["community", "digest"], name="import_by_digest"),
            models.Index(fields=["community", "-id"], name="import_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.file} → {self.target}"


class ImportProblem(models.Model):
    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="problems")
    row = models.BigIntegerField()
    field = models.CharField(max_length=200)
    value = models.CharField(max_length=200)
    remedy = models.TextField()

    class Meta:
        db_table = "importing_problem"

    def __str__(self) -> str:
        return f"{self.row} {self.field}: {self.remedy}"


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


class ImportRunsElsewhere(errors.Refused):
    """Somebody else imports this file at this moment."""


class ImportWasCancelled(errors.Refused):
    """The import was cancelled while it ran."""


class ImportNotFound(errors.NotFound):
    """There is no such import in this community."""


class ImportNotFinished(errors.Refused):
    """The file is needed by an import that is not over."""


# Checks


def check_may_import(by: Staff) -> None:
    """A file may hold anybody, so whoever sees a part of the members imports none."""
    permissions.check_may(by, IMPORT)
    permissions.check_unscoped(
        by,
        _("Your scope covers only some of the members, but a file may contain others."),
    )


def may_import(by: Staff) -> bool:
    try:
        check_may_import(by)
    except permissions.NotAllowed:
        return False
    return True


def check_not_active(several: models.QuerySet[ImportJob]) -> None:
    if several.filter(state__in=ACTIVE_STATES).exists():
        raise ImportNotFinished(
            _("An import of this file has not finished yet. Cancel it first.")
        )


# Verbs


def find_or_create(
    *,
    community: Community,
    options: Mapping[str, Any],
    by: Staff,
    at: datetime,
    **file: str,
) -> ImportJob:
    """The job of this file that was interrupted, or a new one.

    `file` tells target, digest, source and, for show, the file's name.
    """
    check_may_import(by)
    text = _text(options)
    same = {name: file[name] for name in ("target", "digest", "source")}
    interrupted = ImportJob.objects.filter(
        community=community, options=text, state="running", upload=None, **same
    )
    for job in interrupted.order_by("-pk")[:1]:
        return job
    return ImportJob.objects.create(
        community=community,
        file=file["file"][:200],
        options=text,
        started_at=at,
        by=by,
        **same,
    )


def _text(options: Mapping[str, Any]) -> str:
    return json.dumps(options, ensure_ascii=False, sort_keys=True)


@transaction.atomic
def start(
    *,
    upload: Upload,
    options: Mapping[str, Any],
    by: Staff,
    at: datetime,
    **file: str,
) -> ImportJob:
    """Have an uploaded file imported in the background.

    `file` tells target, digest and source. Each file is imported once at a time.
    """
    check_may_import(by)
    check_not_active(ImportJob.objects.filter(upload=upload))
    job = ImportJob.objects.create(
        community=upload.community,
        upload=upload,
        file=upload.name,
        options=_text(options),
        state="waiting",
        started_at=at,
        by=by,
        **file,
    )
    job_queue.schedule(job=JOB, key=str(job.pk), due_at=at)
    event = ImportStarted(job=job.pk, file=job.file, target=job.target)
    facts.record(event, community=job.community, by=by, at=at)
    return job


@transaction.atomic
def cancel(*, job: ImportJob, by: Staff, at: datetime) -> None:
    """It stops before its next batch; what is written stays written."""
    check_may_import(by)
    FLOW.move(job, "cancel", finished_at=at)
    event = ImportCancelled(job=job.pk)
    facts.record(event, community=job.community, by=by, at=at)


@transaction.atomic
def resume(*, job: ImportJob, by: Staff, at: datetime) -> None:
    """Go on where it stopped; what is written is not written again."""
    check_may_import(by)
    FLOW.move(job, "resume", finished_at=None, error="")
    job_queue.schedule(job=JOB, key=str(job.pk), due_at=at)
    event = ImportResumed(job=job.pk)
    facts.record(event, community=job.community, by=by, at=at)


def claim(job: ImportJob) -> bool:
    """Whether it is to be done: taken up now, or left by one who was killed."""
    if job.state == "waiting":
        FLOW.move(job, "take")
    return job.state == "running"


def report_progress(job: ImportJob, *, phase: str, done: int, about: int) -> None:
    """How far it is; raises Cancelled once somebody cancelled it."""
    mine = ImportJob.objects.filter(pk=job.pk, state="running")
    if not mine.update(phase=phase, done=done, about=about):
        raise ImportWasCancelled(_("This import was cancelled."))


def advance(
    job: ImportJob, *, chunk: int, within: int, counts: Mapping[str, int]
) -> None:
    """Move on, within the batch's transaction; refused if somebody else has."""
    new = dict(job.counts)
    for name, number in counts.items():
        new[name] = new.get(name, 0) + number
    here = ImportJob.objects.filter(
        pk=job.pk, chunk=job.chunk, within=job.within, state="running"
    )
    if not here.update(chunk=chunk, within=within, counts=new):
        if ImportJob.objects.filter(pk=job.pk, state="cancelled").exists():
            raise ImportWasCancelled(_("This import was cancelled."))
        raise ImportRunsElsewhere(_("This file is being imported by somebody else."))


def apply_committed(
    job: ImportJob, *, chunk: int, within: int, counts: Mapping[str, int]
) -> None:
    """The same on the object in hand, after the commit."""
    job.chunk, job.within = chunk, within
    for name, number in counts.items():
        job.counts[name] = job.counts.get(name, 0) + number


@transaction.atomic
def record_problems(
    job: ImportJob, *, chunk: int, read: int, problems: Sequence[Problem]
) -> None:
    """Take a chunk's problems down, once a chunk."""
    if chunk < job.reported:
        return
    room = max(MAX_PROBLEM_ROWS - job.broken, 0)
    ImportProblem.objects.bulk_create(
        [ImportProblem(job=job, **_row(problem)) for problem in problems[:room]],
        batch_size=200,
    )
    new = {
        "read": job.read + read,
        "broken": job.broken + len({problem.row for problem in problems}),
        "reported": chunk + 1,
    }
    ImportJob.objects.filter(pk=job.pk).update(**new)
    for name, value in new.items():
        setattr(job, name, value)


def _row(problem: Problem) -> dict[str, Any]:
    """As a database can keep it: PostgreSQL has no zero bytes."""
    row = dataclasses.asdict(problem)
    for name, most in (("field", 200), ("value", 200), ("remedy", 2_000)):
        row[name] = row[name].replace("\0", "␀")[:most]
    return row


def finish(
    job: ImportJob, *, at: datetime, step: str = "finish", error: str = ""
) -> None:
    FLOW.move(job, step, finished_at=at, error=error[:2_000])


# Reads


def get(community: Community, pk: int) -> ImportJob:
    jobs = ImportJob.objects.select_related("community", "by", "upload")
    try:
        return jobs.get(community=community, pk=pk)
    except ImportJob.DoesNotExist:
        raise ImportNotFound(_("There is no such import.")) from None


def list_all(community: Community) -> models.QuerySet[ImportJob]:
    jobs = ImportJob.objects.filter(community=community)
    return jobs.select_related("by").order_by("-pk")


def options_of(job: ImportJob) -> dict[str, Any]:
    """By which its rows were read: mapping, mode, dates, currency, chunk, clock."""
    options: dict[str, Any] = json.loads(job.options)
    return options
