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

from qunce.core import access, errors, facts, flow, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator

if TYPE_CHECKING:
    # Every command loads this room; reading files and Arrow is for imports alone.
    from qunce.members.importing.parsing import Problem

IMPORT = access.declare("members.import", access.Role.MANAGER)
FLOW = flow.Flow(
    {
        "take": (("waiting",), "running"),
        "finish": (("running",), "done"),
        "refuse": (("running",), "refused"),
        "give_up": (("running",), "failed"),
        "cancel": (("waiting", "running"), "cancelled"),
        "resume": (("failed", "cancelled"), "waiting"),
    }
)
ALL, GOOD = "all", "good"
"""Nothing if one row is broken, or every row that is good."""
SHOWN = 1_000
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
    started_at = instants.InstantField()
    finished_at = instants.InstantField(null=True)
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    upload = models.ForeignKey(
        "members.Upload", models.PROTECT, null=True, related_name="jobs"
    )
    phase = models.CharField(max_length=10, default="")
    done = models.BigIntegerField(default=0)
    about = models.BigIntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
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

    def __str__(self) -> str:
        return f"{self.row} {self.field}: {self.remedy}"


class RunsElsewhere(errors.Refused):
    """Somebody else imports this file at this moment."""


def begin(
    *,
    community: Community,
    options: Mapping[str, Any],
    by: Operator,
    at: datetime,
    **file: str,
) -> ImportJob:
    """The job of this file that was interrupted, or a new one.

    `file` tells target, digest, source and, for show, the file's name.
    """
    access.check_may(by, IMPORT)
    text = json.dumps(options, ensure_ascii=False, sort_keys=True)
    same = {name: file[name] for name in ("target", "digest", "source")}
    interrupted = ImportJob.objects.filter(
        community=community, options=text, state="running", **same
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
        raise RunsElsewhere(_("This file is being imported by somebody else."))


def remember(
    job: ImportJob, *, chunk: int, within: int, counts: Mapping[str, int]
) -> None:
    """The same on the object in hand, after the commit."""
    job.chunk, job.within = chunk, within
    for name, number in counts.items():
        job.counts[name] = job.counts.get(name, 0) + number


@transaction.atomic
def report(
    job: ImportJob, *, chunk: int, read: int, problems: Sequence[Problem]
) -> None:
    """Take a chunk's problems down, once a chunk."""
    if chunk < job.reported:
        return
    room = max(SHOWN - job.broken, 0)
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


def finish(job: ImportJob, *, at: datetime, step: str = "finish") -> None:
    FLOW.move(job, step, finished_at=at)
