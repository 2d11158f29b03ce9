"""`qunce import`: rows of a file become members, memberships, tags, orders or facts."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, import_prompts, import_reports, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.cli.output import Out
from qunce.core import data_dir, label_texts
from qunce.importing import pipeline, row_masks, target_registry
from qunce.importing.accounts import unknown_members as unknown
from qunce.importing.files import sources
from qunce.importing.jobs import error_report, jobs, join_report, reports
from qunce.importing.plan import questions
from qunce.importing.plan.options import (
    ADD,
    ALL_ROWS,
    CREATE,
    LEAVE,
    REFUSE,
    REPLACE,
    VALID_ROWS,
    ImportOptions,
)
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows.parsing import Problem

MAX_ROWS_SHOWN = 20
MAX_VALUE_SHOWN = 80
PROGRESS_INTERVAL = 0.5
"""Seconds between two reports of progress on a terminal."""
LOG_INTERVAL = 30
"""Seconds between two reports of progress elsewhere."""


@base.command("import")
@base.argument(
    "file", type=click.Path(path_type=Path), help=N_("CSV, XLSX, JSON or NDJSON")
)
# `--as` chooses the target here, so who acts has a flag of its own.
@base.option(
    "--as",
    "target",
    type=click.Choice(target_registry.list_keys()),
    required=True,
    help=N_("what each row represents"),
)
@base.option("--login", metavar="LOGIN", help=N_("login of the staff member who acts"))
@base.option(
    "--map",
    "mappings",
    multiple=True,
    metavar="HEADING=FIELD",
    help=N_("field for a column; nothing after = skips the column"),
)
@base.option("--yes", is_flag=True, help=N_("accept the mapping without asking"))
@base.option("--dry-run", is_flag=True, help=N_("preview only, write nothing"))
@base.option(
    "--good-rows-only",
    is_flag=True,
    help=N_("skip broken rows; without it, one broken row rejects the whole file"),
)
@base.option("--source", default="import", help=N_("source of the data"))
@base.option("--sheet", default="", help=N_("sheet of the spreadsheet to read, or all"))
@base.option(
    "--encoding", default="", help=N_("utf-8, gb18030, big5, shift_jis, cp1252 …")
)
@base.option(
    "--first-row",
    type=click.Choice([sources.DATA, sources.HEADINGS]),
    help=N_("what the first row holds; columns without headings are called A, B, C"),
)
@base.option("--currency", default="", help=N_("currency of amounts without one"))
@base.option(
    "--dates",
    type=click.Choice(["dmy", "mdy", "ymd"]),
    help=N_("how to read dates like 3/5/2026"),
)
@base.option(
    "--decimal",
    type=click.Choice(["point", "comma"]),
    help=N_("decimal sign of numbers like 1.299"),
)
@base.option(
    "--separator",
    default="",
    metavar="SIGN",
    help=N_("what separates the entries of a list: ; , 、 | / space, or none"),
)
@base.option(
    "--unknown-members",
    type=click.Choice([CREATE, LEAVE, REFUSE]),
    default=CREATE,
    help=N_("what to do with rows of members who are not known yet"),
)
@base.option(
    "--identifiers",
    type=click.Choice([ADD, REPLACE]),
    default=ADD,
    help=N_("add identifiers that differ from the stored ones, or replace those"),
)
@base.option(
    "--type",
    "types",
    multiple=True,
    metavar="HEADING=TYPE",
    help=N_(
        "type of a further column: text, number, date, instant, bool, choice, multi,"
        " lunar"
    ),
)
@base.option(
    "--allow-old-times", is_flag=True, help=N_("accept facts from before 2000")
)
@base.option(
    "--allow-future-times",
    is_flag=True,
    help=N_("accept facts more than a day in the future"),
)
@base.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="KEY=VALUE",
    help=N_("answer to a question about the file, such as dates:paid=dmy"),
)
@options.pass_invocation
def import_file(
    invocation: Invocation,
    file: Path,
    target: str,
    login: str | None,
    mappings: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    good_rows_only: bool,
    types: tuple[str, ...],
    answers: tuple[str, ...],
    **fields: Any,
) -> None:
    """`fields` are those of ImportOptions under their own names."""
    invocation.act_as(login)
    import_options = ImportOptions(
        target=target,
        mapping=parse_mappings(mappings),
        mode=VALID_ROWS if good_rows_only else ALL_ROWS,
        answers=parse_answers(answers, types),
        # Click gives None for a choice that nobody made.
        **{name: value for name, value in fields.items() if value is not None},
    )
    out = invocation.out

    def inspect() -> sources.Source:
        return sources.inspect(
            file,
            sheet=import_options.sheet,
            encoding=import_options.encoding,
            first_row=import_options.first_row,
        )

    if dry_run:
        with data_dir.unchanged():
            plan = pipeline.plan(
                source=inspect(), options=import_options, **invocation.preview_args
            )
            unknown.ask(plan)
            preview(plan, out)
        return
    source = inspect()

    def plan_with(changed: ImportOptions) -> ImportPlan:
        return pipeline.plan(source=source, options=changed, **invocation.query_args)

    # A script cannot answer, and pays for another look at the file.
    if yes or out.as_json or not sys.stdin.isatty():
        plan = plan_with(import_options)
        _print_lines(out, _mapping_lines(plan), plan.notes)
    else:
        plan = import_prompts.answer_all(plan_with, import_options, out)
        unknown.ask(plan)
        plan.notes += pipeline.list_row_notes(plan)
        _print_lines(out, _mapping_lines(plan), plan.notes, _unknown_lines(plan))
        out.note(_("Import with this mapping? [y/N]"))
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "是", "好"):
            return
    run(plan, out)


def _print_lines(out: Out, *parts: list[str]) -> None:
    for line in itertools.chain(*parts):
        out.note(line)


def _unknown_lines(plan: ImportPlan) -> list[str]:
    """Return how many members would be created, and the option that decides it."""
    return [
        questions.describe(question)
        for question in plan.questions
        if question.key == unknown.KEY
    ]


def parse_mappings(pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        heading, sign, field = pair.rpartition("=")
        if not sign:
            raise options.BadUsage(
                _("“%s” is not a mapping. Write --map HEADING=FIELD.") % pair
            )
        mapping[heading] = field
    return mapping


def parse_answers(answers: tuple[str, ...], types: tuple[str, ...]) -> dict[str, str]:
    given = {}
    pairs = [*answers, *(f"type:{pair}" for pair in types)]
    for pair in pairs:
        # Headings may hold the sign, values do not.
        key, sign, value = pair.rpartition("=")
        if not sign or not key:
            raise options.BadUsage(
                _("“%s” is not an answer. Write --answer KEY=VALUE.") % pair
            )
        given[key] = value
    return given


def _mapping_lines(plan: ImportPlan) -> list[str]:
    none = _("not imported")
    return [
        *(f"  {heading} → {field or none}" for heading, field in plan.mapping.items()),
        # What a word means decides as much as what a column is, and is written as
        # `--answer` takes it.
        *(
            f"  {question.key} → {choice.label}"
            for question in plan.questions
            for choice in question.choices
            if question.name in questions.WORDS and choice.value == question.value
        ),
    ]


def preview(plan: ImportPlan, out: Out) -> None:
    sample = pipeline.preview(plan, MAX_ROWS_SHOWN)
    rows = [
        ", ".join(
            f"{name.removeprefix(target_registry.ATTRIBUTE_PREFIX)}: {value}"
            for name, value in row.items()
            if value is not None
        )
        for row in sample.rows
    ]
    out.answer(
        {
            "mapping": plan.mapping,
            "notes": plan.notes,
            "questions": [questions.to_json(question) for question in plan.questions],
            "rows": sample.rows,
            "broken": [dataclasses.asdict(problem) for problem in sample.problems],
        },
        *_mapping_lines(plan),
        *plan.notes,
        *(questions.describe(q) for q in plan.questions if q.is_open),
        *_unknown_lines(plan),
        *rows,
        *map(_format_problem, sample.problems[:MAX_ROWS_SHOWN]),
    )


def run(plan: ImportPlan, out: Out) -> None:
    # The garbage collector would look at all modules again and again, as an import makes
    # many objects, few of which are part of a cycle.
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(OBJECTS_PER_COLLECTION, *thresholds[1:])
    try:
        outcome = pipeline.run(plan, progress=_Progress(out))
    except pipeline.HasBrokenRows as error:
        _print_problems(error.problems, error.job, plan, out)
        raise
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    job = outcome.job
    if outcome.problems:
        _print_problems(outcome.problems, job, plan, out)
    for line in pipeline.list_row_notes(plan):
        if line not in plan.notes:
            out.note(line)
    joins = join_report.load(job, by=plan.by)
    for line in itertools.islice(join_report.sentences(joins), MAX_ROWS_SHOWN):
        out.note(line)
    out.answer(
        {
            "job": job.pk,
            "rows": job.rows_read,
            "broken": job.rows_broken,
            **reports.decimal_counts(job.counts),
            **reports.count_fates(job),
            "money": [
                dataclasses.asdict(each) for each in reports.list_money(job.counts)
            ],
            "seconds": round(outcome.seconds, 3),
            "longest_ms": round(outcome.longest * 1000, 1),
            "report": _report_path(job, plan),
            "joins": joins,
        },
        *import_reports.list_lines(job),
    )


def _print_problems(
    problems: list[Problem], job: jobs.ImportJob, plan: ImportPlan, out: Out
) -> None:
    mask = row_masks.mask_of(job, by=plan.by)
    for problem in problems[:MAX_ROWS_SHOWN]:
        out.note(_format_problem(mask.problem(problem) if mask else problem))
    # The file is not masked.
    if mask is None:
        out.note(_("Full list: %(path)s") % {"path": error_report.path_of(job)})


def _report_path(job: jobs.ImportJob, plan: ImportPlan) -> str | None:
    is_readable = row_masks.mask_of(job, by=plan.by) is None
    return str(error_report.path_of(job)) if job.rows_broken and is_readable else None


def _format_problem(problem: Problem) -> str:
    row = _("row %(row)d") % {"row": problem.row}
    where = _(", ").join(filter(None, (row, problem.field)))
    value = problem.value
    if len(value) > MAX_VALUE_SHOWN:
        value = f"{value[:MAX_VALUE_SHOWN]}…"
    return label_texts.with_label(
        f"{where} “{value}”" if value else where, problem.remedy
    )


OBJECTS_PER_COLLECTION = 50_000
"""About as many as the rows of a batch are; by default, there is a collection per 700."""


class _Progress:
    """Overwrites one line on a terminal; elsewhere it prints a line now and then."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._is_terminal = out.error_stream.isatty()
        self._interval = PROGRESS_INTERVAL if self._is_terminal else LOG_INTERVAL
        self._reported_at = self._phase_started_at = time.monotonic()
        self._phase, self._done_before = "", 0

    def __call__(self, phase: str, done: int, expected: int) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._phase_started_at, self._done_before = phase, now, done
        if now - self._reported_at < self._interval:
            return
        self._reported_at = now
        rate = (done - self._done_before) / max(now - self._phase_started_at, 1e-9)
        left = (expected - done) / rate if rate > 0 and expected > done else 0
        text = _("%(phase)s: %(done)s rows, %(rate)s per second, %(left)s s left") % {
            "phase": pipeline.PHASES[phase],
            "done": f"{done:,}",
            "rate": f"{rate:,.0f}",
            "left": f"{left:,.0f}",
        }
        end = "\r" if self._is_terminal else "\n"
        print(text, end=end, file=self._out.error_stream, flush=True)
