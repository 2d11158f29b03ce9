"""`qunce imports`: list and show imports, and undo one."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, import_reports, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities, permissions
from qunce.importing.jobs import access, error_report, jobs, reports
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.undo import undos
from qunce.members.accounts import masking

JOB_HELP = N_("the import's number")
MAX_REMAINDERS_SHOWN = 20

imports = base.Group("imports")


@imports.command("list", help=N_("List imports, the newest first"))
@base.option("--limit", type=int, default=20, help=N_("maximum number of imports"))
@options.pass_invocation
def list_imports(invocation: Invocation, limit: int) -> None:
    access.check_may_import(invocation.by)
    rows = jobs.list_all(invocation.community)[: max(limit, 0)]
    records = [_record(invocation, job) for job in rows]
    invocation.out.answer({"imports": records})
    for record in records:
        invocation.out.line(_format_row(record))


@imports.command("show", help=N_("Show the report of an import"))
@base.argument("job", type=int, help=JOB_HELP)
@options.pass_invocation
def show(invocation: Invocation, job: int) -> None:
    access.check_may_import(invocation.by)
    _print(invocation, jobs.get(invocation.community, job))


@imports.command(
    "undo",
    help=N_("Undo an import; what was changed since stays and is listed"),
)
@base.argument("job", type=int, help=JOB_HELP)
@base.option("--login", metavar="LOGIN", help=N_("login of the staff member who acts"))
@options.pass_invocation
def undo(invocation: Invocation, job: int, login: str | None) -> None:
    invocation.act_as(login)
    found = jobs.get(invocation.community, job)
    # One that was killed continues where it stopped.
    if found.state != "undoing":
        undos.start(job=found, by=invocation.by, at=invocation.at, in_background=False)
    undos.complete(found.pk, at=invocation.at)
    _print(invocation, jobs.get(invocation.community, job))


def _record(invocation: Invocation, job: ImportJob) -> dict[str, Any]:
    zone = communities.zone(invocation.community)
    record = reports.describe(job)
    record["error"] = masking.text(job.error, invocation.by)
    for name in ("started_at", "finished_at"):
        moment = record[name]
        record[name] = moment and moment.astimezone(zone).isoformat()
    return record


def _format_row(record: dict[str, Any]) -> str:
    return (
        f"{record['id']:>6}  {record['started_at'][:16]}  {record['state']:<10}"
        f" {record['target']:<12} {record['rows_read']:>9}  {record['file']}"
    )


def _print(invocation: Invocation, job: ImportJob) -> None:
    record = _record(invocation, job)
    undo = undos.find(job)
    lines = [_format_row(record)]
    lines += [f"  {line}" for line in import_reports.list_lines(job)]
    if job.rows_broken and permissions.may(invocation.by, masking.VIEW_IDENTIFIERS):
        lines.append(_("Full list: %(path)s") % {"path": error_report.path_of(job)})
    if undo is not None:
        rows = undos.list_remainders(job)
        remainders = [undos.masked(row, invocation.by) for row in rows]
        record["undo"] = {
            "counts": undo.counts,
            "remainders": [
                {"subject": row.subject, "reason": row.reason} for row in remainders
            ],
        }
        lines += [f"  {label} {count}" for label, count in undos.result_counts(undo)]
        lines += [text for text in [undos.describe_remainders(undo)] if text]
        shown = remainders[:MAX_REMAINDERS_SHOWN]
        lines += [f"  {row.subject_label}: {row.reason}" for row in shown]
        lines += [text for text in [undos.describe_more(undo, len(shown))] if text]
    invocation.out.answer(record, *lines)
