"""`qunce reports`: print, list and show reports."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.reports import (
    consequences,
    files,
    report_settings,
    reports,
    sections,
    subscribers,
    texts,
)
from qunce.insight.reports.models import Kind, Report
from qunce.outreach.report_deliveries import deliveries

KIND = click.Choice(Kind.values)

reports_group = base.Group("reports")


def _to_json(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "kind": report.kind,
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "title": sections.title(report),
        "created_at": report.created_at.isoformat(),
        "definitions": report.definitions,
        "lines": {line.name: line.value for line in sections.lines(report)},
    }


def _to_line(row: dict[str, Any]) -> str:
    return f"{row['id']:>6} {row['title']}"


@reports_group.command("list", help=N_("List reports, the latest first"))
@base.option("--kind", type=KIND, default=None, help=N_("only reports of a kind"))
@options.pass_invocation
def list_reports(invocation: Invocation, kind: str | None) -> None:
    rows = [_to_json(row) for row in reports.list_visible(invocation.by, kind or "")]
    invocation.out.write_list("reports", rows, _to_line)


@reports_group.command("create", help=N_("Print the report of a complete period"))
@base.argument("kind", type=KIND, help=N_("daily, weekly or monthly"))
@base.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help=N_("a day of the period; by default the last complete one"),
)
@options.pass_invocation
def create(invocation: Invocation, kind: str, day: datetime | None) -> None:
    invocation.derive()
    chosen: date | None = day.date() if day else None
    report = reports.create(kind=kind, day=chosen, **invocation.query_args)
    row = _to_json(report)
    invocation.out.answer(row, _to_line(row))


@reports_group.command("show", help=N_("Show a report as text, or write it to a file"))
@base.argument("report", type=int, help=N_("number of the report"))
@base.option(
    "--tone",
    type=click.Choice(texts.Tone.values),
    default=texts.Tone.TEAM.value,
    help=N_("for whom the text is"),
)
@base.option(
    "--group", default="", help=N_("key of the group, for the text for its owner")
)
@base.option(
    "--login", default="", help=N_("a staff member, for the text for one of the team")
)
@base.option(
    "--output", metavar="FILE", default=None, help=N_("an XLSX, HTML, SVG or PNG file")
)
@options.pass_invocation
def show(
    invocation: Invocation,
    report: int,
    tone: str,
    group: str,
    login: str,
    output: str | None,
) -> None:
    found = reports.get(by=invocation.by, pk=report)
    if output is not None:
        _write(found, output)
        text = _("Written to %(file)s.") % {"file": output}
        invocation.out.answer(_to_json(found) | {"file": output}, text)
        return
    staff = options.get_staff(invocation.community, login).pk if login else 0
    text = texts.write(found, tone=tone, group=group, staff=staff)
    tables = [
        {"name": table.name, "headings": table.headings, "rows": table.rows}
        for table in sections.tables(found)
    ]
    answer = _to_json(found) | {"text": text, "tables": tables}
    invocation.out.answer(answer, *text.splitlines())


def _write(report: Report, output: str) -> None:
    path = Path(output)
    file_format = path.suffix.lower().removeprefix(".")
    if file_format not in files.FORMATS:
        raise options.BadUsage(
            _("“%(file)s” has none of the endings %(all)s.")
            % {"file": output, "all": ", ".join(files.FORMATS)}
        )
    try:
        path.write_bytes(files.write(report, file_format))
    except OSError as error:
        raise options.BadUsage(
            _("“%(file)s” cannot be written: %(why)s.") % {"file": output, "why": error}
        ) from None


@reports_group.command(
    "subscribers", help=N_("Show or set whom Today shows new reports of a kind")
)
@base.argument("kind", type=KIND, help=N_("daily, weekly or monthly"))
@base.option("--role", "roles", multiple=True, help=N_("a role; repeat for more"))
@base.option(
    "--login", "logins", multiple=True, help=N_("a staff member; repeat for more")
)
@base.option("--nobody", is_flag=True, help=N_("remove all subscribers"))
@options.pass_invocation
def set_subscribers(
    invocation: Invocation,
    kind: str,
    roles: tuple[str, ...],
    logins: tuple[str, ...],
    nobody: bool,
) -> None:
    if roles or logins or nobody:
        staff = [options.get_staff(invocation.community, login).pk for login in logins]
        subscribers.set_subscribers(
            kind=kind, roles=roles, staff=staff, **invocation.query_args
        )
    (found,) = (
        each for each in subscribers.list_all(by=invocation.by) if each.kind == kind
    )
    names = [each.login for each in found.staff]
    answer = {"kind": kind, "roles": list(found.roles), "staff": names}
    invocation.out.answer(answer, *found.roles, *names)


@reports_group.command("settings", help=N_("Show or change how reports are printed"))
@base.option(
    "--first-weekday",
    type=click.IntRange(0, 6),
    default=None,
    help=N_("where weeks begin: 0 for Monday to 6 for Sunday"),
)
@base.option(
    "--leave-out",
    "left_out",
    multiple=True,
    type=click.Choice(list(report_settings.SECTIONS)),
    help=N_("a section to leave out; repeat for more"),
)
@base.option("--all-sections", is_flag=True, help=N_("leave no section out"))
@base.option(
    "--keep-days",
    type=click.IntRange(report_settings.MIN_KEEP_DAYS, report_settings.MAX_KEEP_DAYS),
    default=None,
    help=N_("for how many days daily reports stay"),
)
@options.pass_invocation
def change_settings(
    invocation: Invocation,
    first_weekday: int | None,
    left_out: tuple[str, ...],
    all_sections: bool,
    keep_days: int | None,
) -> None:
    if left_out and all_sections:
        raise options.BadUsage(_("Give either --leave-out or --all-sections."))
    changes: dict[str, Any] = {"first_weekday": first_weekday, "keep_days": keep_days}
    if left_out or all_sections:
        changes["left_out"] = left_out
    given = {**invocation.query_args, **changes}
    sentences = []
    if any(value is not None for value in changes.values()):
        sentences = consequences.list_all(**given)
        report_settings.change(**given)
    found = asdict(report_settings.get(invocation.community))
    lines = [f"{name}: {value}" for name, value in found.items()]
    invocation.out.answer(found | {"consequences": sentences}, *lines, *sentences)


@reports_group.command("deliveries", help=N_("List who got the latest reports"))
@options.pass_invocation
def list_deliveries(invocation: Invocation) -> None:
    rows = [
        {
            "kind": each.kind,
            "first": each.first.isoformat(),
            "staff": each.staff.login,
            "state": each.state,
            "reason": each.reason,
        }
        for each in deliveries.list_latest(by=invocation.by, at=invocation.at)
    ]
    invocation.out.write_list("deliveries", rows, _delivery_line)


def _delivery_line(row: dict[str, Any]) -> str:
    return "  ".join(
        row[name] for name in ("kind", "first", "staff", "state", "reason")
    )
