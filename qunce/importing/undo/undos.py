"""Undo of an import: what it wrote is taken back, what was changed since stays.

The changes are taken back in short transactions in the background. An undo that is killed
goes on where it stopped, as every transaction removes the changes that it took back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from qunce.core import batch_writes, errors, personal_texts, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.importing.jobs import access, jobs, journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo import step_registry
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import masking

MAX_REMAINDERS = 1_000
"""Things left as they are that are stored as rows; all are counted."""
ENTRIES_PER_CHANGE = 5_000
INITIAL_ENTRIES, MIN_ENTRIES = 100, 20
"""Entries of the first transaction of a step, and of the smallest."""


class ImportUndo(models.Model):
    """The undo of an import; `counts` are by the kind of change."""

    job = models.OneToOneField(ImportJob, models.CASCADE, related_name="undo")
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    started_at = timestamps.TimestampField()
    finished_at = timestamps.TimestampField(null=True)
    counts: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict
    )
    remainder_count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "importing_undo"

    def __str__(self) -> str:
        return f"undo of import {self.job_id}"


@personal_texts.erased_in(sentences=("reason",), community="undo__job__community_id")
class UndoRemainder(models.Model):
    """Something that an undo left as it is, because it was changed since the import.

    `subject` is the key of a member or an order, empty for an erased member.
    """

    undo = models.ForeignKey(ImportUndo, models.CASCADE, related_name="remainders")
    subject = models.CharField(max_length=300)
    reason = models.TextField()

    class Meta:
        db_table = "importing_undo_remainder"

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason}"

    @property
    def subject_label(self) -> str:
        return self.subject or _("a removed member")


# Facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ImportUndoStarted(facts.FactKind):
    kind = "import.undo_started"
    label = gettext_lazy("undo of an import started")
    job: int
    file: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ImportUndone(facts.FactKind):
    """`remainder_count` counts what was changed since the import and stays."""

    kind = "import.undone"
    label = gettext_lazy("import undone")
    job: int
    remainder_count: int


# Errors


class ImportNotUndoable(errors.Refused):
    """This import cannot be undone."""


class UndoRunsElsewhere(errors.Refused):
    """Another process is undoing this import."""


# Checks


def check_may_undo(job: ImportJob, *, by: Staff, at: datetime) -> None:
    """Raise an error with the reason if the import cannot be undone."""
    access.check_may_write(by, jobs.options_of(job))
    if reason := why_never(job):
        raise ImportNotUndoable(reason)
    jobs.STATES.check("undo", job.state)
    if job.finished_at is not None and job.finished_at + journal.RETENTION < at:
        raise ImportNotUndoable(
            _("An import can be undone for %(days)d days after it ended.")
            % {"days": journal.RETENTION.days}
        )
    if not ImportChange.objects.filter(job=job).exists() and not any(
        step.collect(job) for step in step_registry.list_all()
    ):
        raise ImportNotUndoable(_("This import changed nothing that can be undone."))


def why_never(job: ImportJob) -> str:
    """Return why imports of this kind cannot be undone, empty if they can."""
    if job.target != "facts":
        return ""
    return _(
        "Imported facts cannot be undone: they are in the log, which only grows, and "
        "rules, layers and tags have counted them. Import facts that correct them, or "
        "erase the members whom they are about."
    )


def may_undo(job: ImportJob, *, by: Staff, at: datetime) -> bool:
    try:
        check_may_undo(job, by=by, at=at)
    except errors.Refused:
        return False
    return True


# Verbs


@transaction.atomic
def start(
    *, job: ImportJob, by: Staff, at: datetime, in_background: bool = True
) -> ImportUndo:
    """Start the undo of an import. Raises ImportNotUndoable or WrongState.

    A worker runs it, unless the caller does that by `run`.
    """
    check_may_undo(job, by=by, at=at)
    jobs.STATES.transition(job, "undo")
    undo = ImportUndo.objects.create(job=job, by=by, started_at=at)
    for step in step_registry.list_all():
        entries = step.collect(job)
        for start in range(0, len(entries), ENTRIES_PER_CHANGE):
            chunk = entries[start : start + ENTRIES_PER_CHANGE]
            journal.record(job, step.kind, chunk)
    if in_background:
        # A worker claims it as soon as this transaction is committed.
        jobs.queue(job, jobs.UNDO_JOB, at)
    event = ImportUndoStarted(job=job.pk, file=job.file_name)
    facts.record(event, community=job.community, by=by, at=at)
    return undo


def run(key: str, *, at: datetime) -> None:
    """Run the undo of the import with this id to its end; safe to repeat."""
    undo = ImportUndo.objects.select_related("by").filter(job=int(key)).first()
    if undo is not None:
        # The reasons are sentences for whoever started the undo.
        with translation.override(undo.by.language):
            complete(int(key), at=at)


def complete(job: int, *, at: datetime) -> None:
    """Like `run`, with the reasons in the current language."""
    rows = ImportUndo.objects.select_related("job__community", "job__by", "by")
    undo = rows.filter(job=job, finished_at=None).first()
    if undo is None:
        return
    # The moment of the start, so that all that the undo records has one time.
    undoing = Undoing(undo.job, undo.by, undo.started_at)
    for step in step_registry.list_all():
        _run_step(step, undo, undoing)
    with transaction.atomic():
        jobs.STATES.transition(undo.job, "complete_undo")
        ImportUndo.objects.filter(pk=undo.pk).update(finished_at=at)
        event = ImportUndone(job=undo.job_id, remainder_count=undo.remainder_count)
        facts.record(event, community=undoing.community, by=undo.by, at=at)


def _run_step(step: Step, undo: ImportUndo, undoing: Undoing) -> None:
    # The newest first, so that a row that was changed twice ends as it began.
    changes = ImportChange.objects.filter(job=undo.job, kind=step.kind)
    newest = list(changes.order_by("-pk").values_list("pk", flat=True))
    most = step.entries_per_transaction
    sizer = batch_writes.BatchSizer(
        rows=min(most, INITIAL_ENTRIES), max_rows=most, min_rows=min(most, MIN_ENTRIES)
    )
    if newest:
        step.prepare(undoing)
    for pk in newest:
        change = ImportChange.objects.get(pk=pk)
        entries = journal.load(change)
        step.look_up(undoing, entries)
        while entries:
            rest, chunk = entries[: -sizer.rows], entries[-sizer.rows :]
            for part in step.parts(undoing, chunk):
                with _counted(undo, step, undoing, sizer, 1) as counted:
                    counted.append(step.undo_part(undoing, part))
            with _counted(undo, step, undoing, sizer, len(chunk)) as counted:
                # Removed from the journal. The condition fails if another process has
                # taken entries of this row. The text stays as it is, as writing it for
                # each transaction would take longer than these.
                left = len(rest)
                row = ImportChange.objects.filter(pk=change.pk, left=change.left)
                if not (row.update(left=left) if left else row.delete()[0]):
                    text = _("Another process is undoing this import.")
                    raise UndoRunsElsewhere(text)
                change.left = left
                found = undoing.without_erased(step, chunk)
                counted.append(step.undo(undoing, found))
            entries = rest
    if newest or step.kind in undo.counts:
        step.finish(undoing)


@contextmanager
def _counted(
    undo: ImportUndo,
    step: Step,
    undoing: Undoing,
    sizer: batch_writes.BatchSizer,
    entries: int,
) -> Iterator[list[int]]:
    """A transaction of a step, which appends how many changes it has taken back."""
    # Without a pause nobody else would ever get SQLite's one write lock.
    sizer.pause()
    with transaction.atomic():
        locked_at = time.perf_counter()
        counted: list[int] = []
        yield counted
        free = max(MAX_REMAINDERS - undo.remainder_count, 0)
        UndoRemainder.objects.bulk_create(
            [
                UndoRemainder(undo=undo, subject=each.subject[:300], reason=each.reason)
                for each in undoing.remainders[:free]
            ]
        )
        count = undo.counts.get(step.kind, 0) + sum(counted)
        undo.counts = {**undo.counts, step.kind: count}
        undo.remainder_count += len(undoing.remainders)
        ImportUndo.objects.filter(pk=undo.pk).update(
            counts=undo.counts, remainder_count=undo.remainder_count
        )
    sizer.record(entries, time.perf_counter() - locked_at)
    undoing.remainders.clear()


# Reads


def find(job: ImportJob) -> ImportUndo | None:
    return ImportUndo.objects.select_related("by").filter(job=job).first()


def result_counts(undo: ImportUndo) -> list[tuple[StrOrPromise, int]]:
    """Return labels and numbers of what was taken back, without zeros."""
    return [
        (step.label, undo.counts[step.kind])
        for step in step_registry.list_all()
        if undo.counts.get(step.kind)
    ]


def masked(remainder: UndoRemainder, by: Staff) -> UndoRemainder:
    """The same for staff who may not read identifiers; the object is never saved."""
    remainder.subject = masking.text(remainder.subject, by)
    remainder.reason = masking.text(remainder.reason, by)
    return remainder


def describe_remainders(undo: ImportUndo) -> str:
    """Return the sentence about what stays, empty if nothing does."""
    if not undo.remainder_count:
        return ""
    return ngettext(
        "%(count)d thing was changed since the import and stays as it is.",
        "%(count)d things were changed since the import and stay as they are.",
        undo.remainder_count,
    ) % {"count": undo.remainder_count}


def describe_more(undo: ImportUndo, shown: int) -> str:
    """Return the sentence about what stays beyond what is shown, empty if nothing does."""
    more = undo.remainder_count - shown
    if more <= 0:
        return ""
    return ngettext(
        "%(count)d more thing stays as it is.",
        "%(count)d more things stay as they are.",
        more,
    ) % {"count": more}


def list_remainders(job: ImportJob) -> models.QuerySet[UndoRemainder]:
    """Return what the undo left as it is, the first 1,000 of it."""
    return UndoRemainder.objects.filter(undo__job=job).order_by("pk")
