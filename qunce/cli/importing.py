"""Take in members, memberships, tags, orders or facts from a file"""

from __future__ import annotations

import argparse
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options as cli_options
from qunce.cli.output import Out
from qunce.importing import error_report, jobs, pipeline, registry
from qunce.importing.files import sources
from qunce.importing.parsing import Problem

SHOWN = 20
BETWEEN = 0.5
"""Seconds between two words of progress."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    def add(*names: str, **options: Any) -> None:
        parser.add_argument(*names, **options)

    add("file", type=Path, metavar="FILE", help=_("CSV, XLSX, JSON or NDJSON"))
    kinds = registry.listed()
    # `--as` is what the rows are here; who acts has a flag of its own.
    add("--as", dest="target", required=True, choices=kinds, help=_("what a row is"))
    add("--login", dest="login", default=None, metavar="LOGIN", help=_("who acts"))
    means = _("what a column means; nothing after = leaves it out")
    add("--map", action="append", default=[], metavar="HEADING=FIELD", help=means)
    add("--yes", action="store_true", help=_("take the mapping without asking"))
    add("--dry-run", action="store_true", help=_("show it, write nothing"))
    good = _("leave broken rows out; without it one of them refuses the file")
    add("--good-rows-only", action="store_true", help=good)
    add("--source", default="import", help=_("where it comes from"))
    add("--sheet", default="", help=_("a spreadsheet's sheet"))
    add("--encoding", default="", help=_("utf-8, gb18030 …"))
    add("--currency", default="", help=_("of amounts without one"))
    orders = ["", "dmy", "mdy"]
    add("--dates", default="", choices=orders, help=_("how 3/5/2026 is meant"))


def run(args: argparse.Namespace, out: Out) -> int:
    community = cli_options.community(args)
    source = sources.examine(args.file, sheet=args.sheet, encoding=args.encoding)
    planned = pipeline.plan(
        community=community,
        source=source,
        target=args.target,
        by=cli_options.staff(args, community),
        at=args.at,
        options=_options(args),
    )
    if args.dry_run:
        return _show(planned, out)
    _tell_mapping(planned, out)
    if not args.yes and not out.as_json and sys.stdin.isatty() and not _agreed(out):
        return 0
    return _import(planned, out)


def _options(args: argparse.Namespace) -> pipeline.Options:
    mapping = {}
    for pair in args.map:
        heading, sign, field = pair.rpartition("=")
        if not sign:
            raise cli_options.BadUsage(_("Write --map HEADING=FIELD, not “%s”.") % pair)
        mapping[heading] = field
    return pipeline.Options(
        mode=jobs.GOOD if args.good_rows_only else jobs.ALL,
        source=args.source,
        dates=args.dates,
        given=mapping,
        currency=args.currency,
    )


def _agreed(out: Out) -> bool:
    out.note(_("Import it like this? [y/N]"))
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是", "好")


def _tell_mapping(planned: pipeline.Plan, out: Out) -> None:
    for heading, field in planned.mapping.items():
        out.note(f"  {heading} → {field or _('left out')}")
    for note in planned.notes:
        out.note(f"{note} {_('If not, give --dates dmy or --dates mdy.')}")


def _show(planned: pipeline.Plan, out: Out) -> int:
    preview = pipeline.preview(planned, SHOWN)
    answer = {
        "mapping": planned.mapping,
        "notes": planned.notes,
        "rows": preview.rows,
        "broken": [_as_dict(one) for one in preview.problems],
    }
    lines = [
        f"  {heading} → {field or _('left out')}"
        for heading, field in planned.mapping.items()
    ]
    lines += planned.notes
    for row in preview.rows:
        lines.append(", ".join(f"{k}: {v}" for k, v in row.items() if v is not None))
    lines += [_sentence(one) for one in preview.problems[:SHOWN]]
    out.answer(answer, *lines)
    return 0


def _import(planned: pipeline.Plan, out: Out) -> int:
    try:
        outcome = pipeline.run(planned, progress=_Progress(out))
    except pipeline.HasBrokenRows as error:
        for one in error.problems[:SHOWN]:
            out.note(_sentence(one))
        out.note(_("All of them: %(path)s") % {"path": error_report.path_of(error.job)})
        raise
    job = outcome.job
    for one in outcome.problems[:SHOWN]:
        out.note(_sentence(one))
    if job.broken:
        out.note(_("All of them: %(path)s") % {"path": error_report.path_of(job)})
    answer = {
        "job": job.pk,
        "rows": job.read,
        "broken": job.broken,
        **_counts(job.counts),
        "seconds": round(outcome.seconds, 3),
        "longest_ms": round(outcome.longest * 1000, 1),
        "report": str(error_report.path_of(job)) if job.broken else None,
    }
    out.answer(
        answer,
        _("%(rows)s rows read, %(broken)s broken; %(counts)s.")
        % {"rows": job.read, "broken": job.broken, "counts": _made(job.counts)},
    )
    return 0


def _counts(counts: dict[str, int]) -> dict[str, Any]:
    """Values, counted in millionths, as exact decimals."""
    return {
        name.replace("_millionths", ""): _decimal(number)
        if "_millionths" in name
        else number
        for name, number in counts.items()
    }


def _made(counts: dict[str, int]) -> str:
    """What came of the rows, without the zeros."""
    words = {
        "members": _("new members"),
        "facts": _("new facts"),
        "orders": _("new orders"),
        "refunds": _("refunds"),
        "amended": _("amended orders"),
        "tagged": _("taggings"),
        "changed": _("changed"),
        "known": _("known already"),
        "lines": _("lines"),
        "lines_without_member": _("lines without a member"),
        "orders_without_member": _("orders without a member"),
        "value": _("paid less refunded"),
        "value_with_member": _("of which with a member"),
    }
    said = [
        f"{words.get(name, name)} {number:,}"
        if isinstance(number, int)
        else f"{words.get(name, name)} {number}"
        for name, number in _counts(counts).items()
        if number not in (0, "0")
    ]
    return ", ".join(said) or _("nothing new")


def _decimal(millionths: int) -> str:
    return format((Decimal(millionths) / 1_000_000).normalize(), "f")


def _as_dict(problem: Problem) -> dict[str, Any]:
    return {
        "row": problem.row,
        "field": problem.field,
        "value": problem.value,
        "remedy": problem.remedy,
    }


def _sentence(problem: Problem) -> str:
    where = _("row %(row)d") % {"row": problem.row}
    field = f", {problem.field}" if problem.field else ""
    value = f" “{problem.value}”" if problem.value else ""
    return f"{where}{field}{value}: {problem.remedy}"


class _Progress:
    """One line on a terminal that is written over; silence elsewhere but for programs'
    sake every half minute."""

    def __init__(self, out: Out) -> None:
        self._out, self._begun = out, time.monotonic()
        self._told = self._begun
        self._phase, self._first = "", 0
        self._terminal = out.complaints.isatty()

    def __call__(self, phase: str, done: int, about: int) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._begun, self._first = phase, now, done
        if now - self._told < (BETWEEN if self._terminal else 30):
            return
        self._told = now
        rate = (done - self._first) / max(now - self._begun, 1e-9)
        left = (about - done) / rate if rate > 0 and about > done else 0
        text = _("%(phase)s: %(done)s rows, %(rate)s a second, %(left)s s left") % {
            "phase": pipeline.PHASES[phase],
            "done": f"{done:,}",
            "rate": f"{rate:,.0f}",
            "left": f"{left:,.0f}",
        }
        end = "\r" if self._terminal else "\n"
        print(text, end=end, file=self._out.complaints, flush=True)
