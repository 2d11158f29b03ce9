"""One import from file to rows: planned, shown, validated, written, reported.

plan = runs.plan(community=…, path=Path("members.csv"), target="members", by=…, at=…)
outcome = runs.run(plan)
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import batch_writes, errors
from qunce.importing import column_mapping, error_report, jobs, parsing, registry
from qunce.importing.files import sources
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Problem, Reading

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

Progress = Callable[[str, int, int], None]
"""`(phase, rows done, rows about)`."""
READING, CHECKING, WRITING = "reading", "checking", "writing"
PHASES = {
    READING: gettext_lazy("reading"),
    CHECKING: gettext_lazy("checking"),
    WRITING: gettext_lazy("writing"),
}


class HasBrokenRows(errors.Invalid):
    """A file that was to be imported as a whole has rows that cannot be taken."""

    def __init__(self, text: str, job: ImportJob, problems: list[Problem]) -> None:
        super().__init__(text)
        self.job, self.problems = job, problems


@dataclass(frozen=True)
class Options:
    """`mode` is jobs.ALL or jobs.GOOD; `dates` the order of dates if it must be told."""

    mode: str = jobs.ALL
    source: str = "import"
    dates: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""


@dataclass
class Plan:
    reading: Reading
    options: Options
    notes: list[str]
    by: Staff
    at: datetime

    @property
    def mapping(self) -> dict[str, str]:
        return self.reading.mapping


@dataclass
class ImportResult:
    job: ImportJob
    problems: list[Problem]
    """The first ones; `report.path_of(job)` has all."""
    seconds: float
    longest: float
    """Seconds of the longest transaction."""


def plan(
    *,
    community: Community,
    source: sources.Source,
    target: str,
    by: Staff,
    at: datetime,
    options: Options | None = None,
) -> Plan:
    """Nothing is written; the mapping can be looked at and refused."""
    options = options or Options()
    chosen = registry.get(target)
    mapping = column_mapping.apply(chosen, source.headings, options.given)
    reading = Reading(
        source, chosen, mapping, community, settings.IMPORT_CHUNK, options.dates
    )
    reading.currency = options.currency or community.currency
    return Plan(reading, options, parsing.detect_traits(reading), by, at)


@dataclass(frozen=True)
class Preview:
    rows: list[dict[str, Any]]
    problems: list[Problem]


def preview(planned: Plan, most: int = 20) -> Preview:
    """The first rows as they would be taken, and what is broken among the first chunk."""
    piece = sources.read_head(planned.reading.source, most)
    chunk = parsing.parse(planned.reading, piece)
    shown = [
        {
            name: parsing.format_value(planned.reading, name, column[place].as_py())
            for name, column in chunk.columns.items()
        }
        for place in range(len(chunk.rows))
    ]
    problems: list[Problem] = []
    with planned.reading.kept:
        for checked in planned.reading.target.chunks(planned.reading):
            problems += checked.problems
            if len(problems) > jobs.MAX_PROBLEM_ROWS:
                break
    return Preview(shown, problems)


def run(
    planned: Plan, *, progress: Progress | None = None, job: ImportJob | None = None
) -> ImportResult:
    """Import it; an interrupted import of the same file goes on where it stopped.

    `job` is given where it is known already.
    """
    begun = time.perf_counter()
    job = job or _job(planned)
    tell = progress or (lambda *_words: None)
    pace = batch_writes.BatchSizer()
    with planned.reading.kept, batch_writes.without_mmap():
        if planned.options.mode == jobs.ALL and not job.chunk and not job.within:
            _validate(planned, job, tell)
        problems = _write(planned, job, pace, tell)
    jobs.finish(job, at=planned.at)
    return ImportResult(job, problems, time.perf_counter() - begun, pace.longest)


def _job(planned: Plan) -> ImportJob:
    reading = planned.reading
    return jobs.find_or_create(
        community=reading.community,
        target=reading.target.key,
        file=reading.source.path.name,
        digest=reading.source.digest,
        source=planned.options.source,
        options=fixed(planned),
        by=planned.by,
        at=planned.at,
    )


def fixed(planned: Plan) -> dict[str, Any]:
    """All by which the same file would give other rows."""
    reading, options = planned.reading, planned.options
    return {
        "mapping": reading.mapping,
        "mode": options.mode,
        "dates": options.dates,
        "currency": reading.currency,
        "chunk": reading.chunk,
        "clock": reading.community.timezone,
    }


def _validate(planned: Plan, job: ImportJob, tell: Progress) -> None:
    """Read the whole file; one broken row refuses it before anything is written."""
    read, about = 0, planned.reading.source.lines
    first: list[Problem] = []
    for number, chunk in enumerate(planned.reading.target.chunks(planned.reading)):
        read += chunk.read
        tell(CHECKING, read, about)
        if number >= job.reported:
            error_report.append(job, chunk.problems)
        jobs.record_problems(
            job, chunk=number, read=chunk.read, problems=chunk.problems
        )
        first += chunk.problems[: max(jobs.MAX_PROBLEM_ROWS - len(first), 0)]
    if first:
        jobs.finish(job, at=planned.at, step="refuse")
        raise HasBrokenRows(
            _("Rows with errors: %(count)d. Nothing was imported.")
            % {"count": job.broken},
            job,
            first,
        )


def _write(
    planned: Plan, job: ImportJob, pace: batch_writes.BatchSizer, tell: Progress
) -> list[Problem]:
    reading = planned.reading
    writer = reading.target.writer(job, reading)
    problems: list[Problem] = []
    done = 0
    start = job.chunk
    for number, chunk in enumerate(reading.target.chunks(reading)):
        done += chunk.read
        problems += chunk.problems[: max(jobs.MAX_PROBLEM_ROWS - len(problems), 0)]
        if number < start:
            continue
        if number >= job.reported:
            error_report.append(job, chunk.problems)
        jobs.record_problems(
            job, chunk=number, read=chunk.read, problems=chunk.problems
        )
        told = functools.partial(_told, tell, done - chunk.read, reading.source.lines)
        _Written(number, chunk, job, writer, told).run(pace)
    return problems


def _told(tell: Progress, before: int, about: int, rows: int) -> None:
    tell(WRITING, before + rows, about)


@dataclass
class _Written:
    """One chunk on its way into the database."""

    number: int
    chunk: ParsedChunk
    job: ImportJob
    writer: registry.Writer
    tell: Callable[[int], None]
    step: dict[str, Any] = field(default_factory=dict)

    def run(self, pace: batch_writes.BatchSizer) -> None:
        self.total = self.writer.ready(self.chunk)
        batch_writes.write(
            self.total,
            prepare=self.prepare,
            commit=self.commit,
            pace=pace,
            start=self.job.within,
        )
        self.remember()
        self.tell(self.chunk.read)

    def prepare(self, begin: int, end: int) -> Any:
        self.remember()
        self.tell(begin * self.chunk.read // self.total)
        return self.writer.batch(begin, end)

    def commit(self, batch: Any, end: int) -> None:
        counts = self.writer.write(batch)
        over = end >= self.total
        self.step = {
            "chunk": self.number + over,
            "within": 0 if over else end,
            "counts": counts,
        }
        jobs.advance(self.job, **self.step)

    def remember(self) -> None:
        """Only what is committed counts."""
        if self.step:
            jobs.apply_committed(self.job, **self.step)
            self.step = {}
