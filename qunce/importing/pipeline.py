"""Runs an import from a file to rows: plan, preview, check, write.

plan = pipeline.plan(
    community=…, source=sources.inspect(path), options=ImportOptions(target="members"), …
)
result = pipeline.run(plan)
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import batch_writes, disk_space, errors, permissions
from qunce.importing import format_registry, row_masks, target_registry
from qunce.importing.columns import column_mapping, column_traits, source_questions
from qunce.importing.files import file_changes, sources
from qunce.importing.jobs import access, error_report, jobs, journal, remarks
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan import answers, questions
from qunce.importing.plan.options import ALL_ROWS, ImportOptions
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows import left_out_rows, parsing
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.values import currency_signs, lists
from qunce.members.accounts import masking

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

Progress = Callable[[str, int, int], None]
"""`(phase, rows done, rows expected)`."""
READING, CHECKING, WRITING = "reading", "checking", "writing"
PHASES = {
    READING: gettext_lazy("reading"),
    CHECKING: gettext_lazy("checking"),
    WRITING: gettext_lazy("writing"),
}


class HasBrokenRows(errors.Invalid):
    """The file has broken rows, so nothing was imported."""

    def __init__(self, text: str, job: ImportJob, problems: list[Problem]) -> None:
        super().__init__(text)
        self.job, self.problems = job, problems


@dataclass
class ImportResult:
    job: ImportJob
    problems: list[Problem]
    """The first ones; the error report has all of them."""
    seconds: float
    longest: float
    """Seconds of the longest transaction."""


@dataclass(frozen=True)
class Preview:
    rows: list[dict[str, Any]]
    problems: list[Problem]
    rows_read: int = 0
    """Rows that were looked at, up to the first thousand problems."""
    signs: list[dict[str, str]] = field(default_factory=list)
    """Of each row, the signs or codes of currencies next to its amounts."""
    left_out: int = 0
    """Rows of those read that are no data, such as totals."""

    @property
    def rows_of_data(self) -> int:
        return self.rows_read - self.left_out


def plan(
    *,
    community: Community,
    source: sources.Source,
    options: ImportOptions,
    by: Staff,
    at: datetime,
    file_name: str = "",
) -> ImportPlan:
    """Complete the options and check the mapping; nothing is written.

    Raises TargetNotFound or InvalidMapping.
    """
    access.check_may_import(by)
    permissions.check_community(by, community.pk)
    target = target_registry.get(options.target)
    remembered = answers.list_remembered(community, options.source)
    source, asked = source_questions.apply_answers(
        source, options, remembered, file_name or source.path.name
    )
    mapping = column_mapping.complete(target, source.headings, options.mapping)
    try:
        column_mapping.check(target, mapping)
    except column_mapping.InvalidMapping:
        # Without headings, there is nothing to guess the columns by.
        questions.check_answered(q for q in asked if q.name == "first_row")
        raise
    options = dataclasses.replace(
        options,
        mapping=mapping,
        currency=options.currency or community.currency,
        timezone=community.timezone,
        chunk_rows=options.chunk_rows or settings.IMPORT_CHUNK_ROWS,
    )
    plan = ImportPlan(source, target, options, community, by, at)
    plan.file_name = file_name or source.path.name
    plan.file_stamp = file_changes.stamp(source)
    plan.remembered, plan.questions = remembered, asked
    plan.headings_like = column_mapping.headings_like(target, mapping)
    plan.notes += source.notes + column_mapping.list_notes(mapping)
    plan.notes += format_registry.list_notes(source.headings, target.key)
    # After the mapping, which decides the types that a column may have.
    plan.traits = column_traits.detect(plan)
    plan.target.ask(plan)
    # With the answers that were looked up, so that a resumed import reads alike.
    given = {**options.answers, **questions.answers_of(plan.questions)}
    plan.options = dataclasses.replace(options, answers=given)
    if (mask := row_masks.mask_for(by, target, mapping)) is not None:
        plan.questions = list(map(mask.question, plan.questions))
    plan.notes += questions.list_notes(plan.questions, plan.remembered)
    plan.notes = [masking.text(note, by) for note in plan.notes]
    return plan


def preview(plan: ImportPlan, limit: int = 20) -> Preview:
    """Return the first rows as they would be imported, and the first problems."""
    # The first rows are parsed alone, because a target may sort or merge rows.
    parsed = parsing.parse(plan, sources.read_head(plan.source, limit))
    chunk = plan.target.convert(plan, parsed)
    types = parsing.field_types(plan)
    values = {
        name: _format_column(plan, name, chunk.columns[name].to_pylist())
        for name in chunk.columns
        if name in types
    }
    rows = [
        dict(zip(values, row, strict=True))
        for row in zip(*values.values(), strict=True)
    ]
    columns = currency_signs.of_chunk(chunk)
    signs = [
        {name: column[index].as_py() or "" for name, column in columns.items()}
        for index in range(len(chunk.row_numbers))
    ]
    problems: list[Problem] = []
    rows_read = left_out = 0
    with plan.resources:
        # Targets may reject rows that their fields accept, such as orders without an amount.
        for checked in plan.target.chunks(plan):
            problems += checked.problems
            rows_read += checked.rows_read
            left_out += len(checked.left_out)
            if len(problems) > jobs.MAX_PROBLEM_ROWS:
                break
    plan.notes += [note for note in list_row_notes(plan) if note not in plan.notes]
    mask = row_masks.mask_for(plan.by, plan.target, plan.mapping)
    if mask is not None:
        rows = [
            {name: mask.value(name, value) for name, value in row.items()}
            for row in rows
        ]
        problems = list(map(mask.problem, problems))
    return Preview(rows, problems, rows_read, signs, left_out)


def list_row_notes(plan: ImportPlan) -> list[str]:
    """Return the notes that are known only once the rows were looked at."""
    notes = [*plan.row_notes, *left_out_rows.list_notes(plan)]
    return [masking.text(note, plan.by) for note in notes]


def _format_column(plan: ImportPlan, name: str, cells: list[Any]) -> list[Any]:
    """Return values as people read them; entries of lists as they will be stored."""
    if parsing.field_types(plan)[name] not in parsing.LIST_TYPES:
        return [parsing.format_value(plan, name, cell) for cell in cells]
    entries = list(map(lists.parse_joined, cells))
    every = list(dict.fromkeys(itertools.chain.from_iterable(entries)))
    stored = dict(
        zip(every, plan.target.describe_entries(plan, name, every), strict=True)
    )
    return [
        "; ".join(dict.fromkeys(stored[entry] for entry in each)) or None
        for each in entries
    ]


@disk_space.explained(
    gettext_lazy("The import goes on where it stopped if it is started again.")
)
def run(
    plan: ImportPlan,
    *,
    progress: Progress | None = None,
    job: ImportJob | None = None,
    at: datetime | None = None,
) -> ImportResult:
    """Import the file, from where an interrupted import of it stopped.

    `job` is given if it exists already; it was then started before `at`. Raises AnswerNeeded if a question is open, and
    HasBrokenRows if one row is broken and the mode is ALL_ROWS.
    """
    started = time.perf_counter()

    def now() -> datetime:
        return (at or plan.at) + timedelta(seconds=time.perf_counter() - started)

    questions.check_answered(plan.questions)
    file_changes.check_stamp(plan.source, plan.file_stamp)
    remember_answers(plan)
    if job is None:
        job = jobs.find_or_create(
            community=plan.community,
            file_name=plan.source.path.name,
            digest=plan.source.digest,
            options=plan.options,
            by=plan.by,
            at=plan.at,
        )
    plan.created, plan.lookups = journal.list_created(job), None
    progress = progress or (lambda _phase, _done, _expected: None)
    sizer = plan.target.batch_sizer()
    # The resources are closed even if a row is broken, as sorted lines of a file may
    # fill the disk.
    with (
        plan.resources,
        batch_writes.without_mmap(),
        batch_writes.tended_log(sizer),
    ):
        # A resumed import was checked before its first batch.
        is_untouched = not job.next_chunk and not job.next_row
        if plan.options.mode == ALL_ROWS and is_untouched:
            _check(plan, job, progress, now)
            file_changes.check_stamp(plan.source, plan.file_stamp)
        try:
            _write(plan, job, sizer, progress)
            file_changes.check_stamp(plan.source, plan.file_stamp)
        except (jobs.RowsChanged, file_changes.FileChanged) as error:
            # It cannot go on. A job in the background is failed by whoever runs it.
            if job.upload_id is None:
                jobs.fail(job, error=str(error), at=now())
            raise
    # Not in the last batch's transaction: an import that dies here finds nothing left
    # to write and completes at once.
    jobs.complete(job, at=now())
    seconds = time.perf_counter() - started
    return ImportResult(job, jobs.list_problems(job), seconds, sizer.longest)


def remember_answers(plan: ImportPlan) -> None:
    """Store the answers for the next file of the same source."""
    given = questions.answers_of(plan.questions)
    answers.remember(
        community=plan.community,
        source=plan.options.source,
        answers={
            key: answer
            for key, answer in given.items()
            if key.partition(":")[0] not in questions.NOT_REMEMBERED
        },
        by=plan.by,
        at=plan.at,
    )


def _check(
    plan: ImportPlan, job: ImportJob, progress: Progress, now: Callable[[], datetime]
) -> None:
    """Read the whole file; raises if it has a broken row."""
    # Of a check that was interrupted, since when other rows may have become broken.
    jobs.forget_chunks(job)
    rows_done = 0
    for number, chunk in enumerate(plan.target.checked_chunks(plan)):
        rows_done += chunk.rows_read
        progress(CHECKING, rows_done, plan.source.lines)
        _record_chunk(job, number, chunk, error_report.append(job, chunk.problems))
    if job.rows_broken:
        jobs.reject(job, at=now())
        raise HasBrokenRows(
            _("Rows with errors: %(count)d. Nothing was imported.")
            % {"count": job.rows_broken},
            job,
            jobs.list_problems(job),
        )
    # What is counted is what is written: somebody may change members meanwhile.
    jobs.forget_chunks(job)
    plan.lookups = None


def _record_chunk(
    job: ImportJob, number: int, chunk: ParsedChunk, report_bytes: int
) -> None:
    jobs.record_chunk(
        job,
        chunk=number,
        rows_read=chunk.rows_read,
        problems=chunk.problems,
        skipped=chunk.skipped,
        report_bytes=report_bytes,
    )
    remarks.record(job, chunk.left_out)


def _write(
    plan: ImportPlan,
    job: ImportJob,
    sizer: batch_writes.BatchSizer,
    progress: Progress,
) -> None:
    """Write the chunks that are left."""
    # One for all chunks: it keeps what it has resolved, such as the keys of a million
    # members.
    writer = plan.target.writer(job, plan)
    first_chunk = job.next_chunk
    rows_before = digest_before = 0

    def report(before: int, rows: int) -> None:
        progress(WRITING, before + rows, plan.source.lines)

    for number, chunk in enumerate(plan.target.written_chunks(plan)):
        if number == first_chunk and not job.next_row:
            jobs.check_rows(job, digest_before)
        if number >= first_chunk:
            # Between two transactions, so that no batch has rows of two states of it.
            file_changes.check_stamp(plan.source, plan.file_stamp)
            report_chunk = functools.partial(report, rows_before)
            _ChunkWrite(number, chunk, job, writer, report_chunk).run(sizer)
        rows_before += chunk.rows_read
        digest_before = chunk.digest


@dataclass
class _ChunkWrite:
    """Writes one chunk in batches, and advances the job with each of them."""

    number: int
    chunk: ParsedChunk
    job: ImportJob
    writer: target_registry.Writer
    progress: Callable[[int], None]
    """Called with the rows of the chunk that are written."""
    total: int = 0
    row_digest: int = 0
    report_bytes: int = 0
    uncommitted: dict[str, Any] = field(default_factory=dict)
    """How the last batch advances the job, until its transaction is committed."""

    def run(self, sizer: batch_writes.BatchSizer) -> None:
        if len(self.chunk.row_numbers):
            self.total = self.writer.load(self.chunk)
            order = self.writer.row_order.tobytes()
            self.row_digest = zlib.crc32(order, self.chunk.digest)
            if self.job.next_row:
                jobs.check_rows(self.job, self.row_digest)
        if self.number >= self.job.chunks_reported:
            self.report_bytes = error_report.append(self.job, self.chunk.problems)
        if self.total:
            batch_writes.write(
                self.total,
                prepare=self.prepare,
                commit=self.commit,
                sizer=sizer,
                start=self.job.next_row,
                costs=getattr(self.writer, "costs", None),
            )
        else:
            with transaction.atomic():
                self.commit(None, 0)
        self.apply_committed()
        self.progress(self.chunk.rows_read)

    def prepare(self, start: int, end: int) -> Any:
        self.apply_committed()
        self.progress(start * self.chunk.rows_read // self.total)
        return self.writer.batch(start, end)

    def commit(self, batch: Any, end: int) -> None:
        # With the first batch: a chunk that is begun again may have other problems.
        if self.number >= self.job.chunks_reported:
            _record_chunk(self.job, self.number, self.chunk, self.report_bytes)
        counts = self.writer.write(batch) if self.total else {}
        # The job moves to the next chunk with the last batch, so that no position means
        # "all of a chunk is written".
        is_last = end >= self.total
        self.uncommitted = {
            "next_chunk": self.number + is_last,
            "next_row": 0 if is_last else end,
            "row_digest": self.chunk.digest if is_last else self.row_digest,
            "counts": counts,
        }
        jobs.advance(self.job, **self.uncommitted)

    def apply_committed(self) -> None:
        # The batch before was committed if the next one is prepared.
        if self.uncommitted:
            jobs.apply_committed(self.job, **self.uncommitted)
            self.uncommitted = {}
