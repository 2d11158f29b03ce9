"""`qunce positioning`: the positioning sheet, and what its hooks brought."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.positioning import circles, hook_results, sheet, sheets, view_changes
from qunce.insight.positioning.sheet import InvalidSheet, Sheet

DAY = click.DateTime(["%Y-%m-%d"])
VERSION_HELP = N_("number of the version")

positioning = base.Group("positioning")


def _to_lines(content: Sheet) -> str:
    """The parts of a sheet, each with its name."""
    lines = []
    for name, value in content.to_json().items():
        parts = value if isinstance(value, list) else [value]
        texts = [
            " · ".join(text for text in part.values() if text)
            if isinstance(part, dict)
            else part
            for part in parts
            if part
        ]
        if texts:
            lines.append(f"{sheet.LABELS[name]}")
            lines += [f"  {text}" for text in texts]
    return "\n".join(lines)


def _answer(invocation: Invocation, content: Sheet, number: int) -> None:
    content = sheets.visible_content(content, invocation.by)
    invocation.out.answer({"version": number, **content.to_json()}, _to_lines(content))


@positioning.command("show", help=N_("Show the positioning sheet"))
@base.option("--version", type=int, help=N_("an earlier version"))
@options.pass_invocation
def show(invocation: Invocation, version: int | None) -> None:
    community = invocation.by.community
    if version is not None:
        found = sheets.get_version(by=invocation.by, number=version)
        _answer(invocation, sheet.read(found.content), version)
        return
    newest = sheets.find_version(community)
    _answer(invocation, sheets.load(community), newest.number if newest else 0)


@positioning.command("save", help=N_("Save parts of the sheet from a JSON file"))
@base.argument(
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=N_("file with an object of the parts to change"),
)
@options.pass_invocation
def save(invocation: Invocation, path: Path) -> None:
    content = _read(path)
    sheets.save(content=content, **invocation.query_args)
    newest = sheets.find_version(invocation.by.community)
    community = invocation.by.community
    _answer(invocation, sheets.load(community), newest.number if newest else 0)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InvalidSheet(f"{path.name}: {error}") from None


@positioning.command("versions", help=N_("List the versions of the sheet"))
@options.pass_invocation
def versions(invocation: Invocation) -> None:
    rows = [
        {
            "version": row.number,
            "day": row.day.isoformat(),
            "by": row.by.login,
            "fields": row.fields,
        }
        for row in sheets.list_versions(invocation.by)
    ]

    def to_line(row: dict[str, Any]) -> str:
        return (
            f"{row['version']:>5} {row['day']} {row['by']}  {', '.join(row['fields'])}"
        )

    invocation.out.write_list("versions", rows, to_line)


@positioning.command("restore", help=N_("Save an earlier version again"))
@base.argument("version", type=int, help=VERSION_HELP)
@options.pass_invocation
def restore(invocation: Invocation, version: int) -> None:
    found = sheets.get_version(by=invocation.by, number=version)
    sheets.restore(version=found, **invocation.verb_args)
    newest = sheets.find_version(invocation.by.community)
    community = invocation.by.community
    _answer(invocation, sheets.load(community), newest.number if newest else 0)


@positioning.command("hooks", help=N_("Count what each hook brought"))
@base.option(
    "--days",
    type=int,
    default=hook_results.DEFAULT_DAYS,
    help=N_("in how many days, today included"),
)
@options.pass_invocation
def hooks(invocation: Invocation, days: int) -> None:
    found = hook_results.list_results(
        sheets.load(invocation.by.community),
        days=days,
        by=invocation.by,
        at=invocation.at,
    )
    rows = [
        {
            "hook": each.hook.text,
            "source": each.source,
            "people": each.people,
            "joined": each.joined,
            "bought": each.bought,
            "sales": each.sales_text,
        }
        for each in found
    ]

    def to_line(row: dict[str, Any]) -> str:
        return (
            f"{row['people']:>7,} {row['joined']:>7,} {row['bought']:>7,}"
            f" {row['sales']:>16}  {row['hook']}"
        )

    invocation.out.write_list("hooks", rows, to_line)


@positioning.command("served", help=N_("Count whom the sheet serves"))
@options.pass_invocation
def list_served(invocation: Invocation) -> None:
    content = sheets.load(invocation.by.community)
    counts = circles.list_counts(content, by=invocation.by, at=invocation.at)
    rows = [
        {
            "circle": each.served.circle,
            "region": each.served.region,
            "count": each.count,
        }
        for each in counts
    ]

    def to_line(row: dict[str, Any]) -> str:
        number = "–" if row["count"] is None else f"{row['count']:,}"
        text = " · ".join(part for part in (row["circle"], row["region"]) if part)
        return f"{number:>7}  {text}"

    invocation.out.write_list("served", rows, to_line)


@positioning.command("views", help=N_("Compare an attribute of members at two days"))
@base.argument("attribute", help=N_("name of the attribute"))
@base.option("--first", type=DAY, help=N_("first day; 90 days ago by default"))
@base.option("--last", type=DAY, help=N_("last day; today by default"))
@options.pass_invocation
def views(
    invocation: Invocation,
    attribute: str,
    first: datetime | None,
    last: datetime | None,
) -> None:
    preset = view_changes.default_span(invocation.by, invocation.at)
    found = view_changes.compare(
        attribute=attribute,
        first=first.date() if first else preset[0],
        last=last.date() if last else preset[1],
        by=invocation.by,
        at=invocation.at,
    )
    moves = [each.__dict__ for each in found.moves]
    lines = [f"{found.people:>7,}  {found.attribute.label}"]
    lines += [
        f"{move['people']:>7,}  {move['before'] or '…'} → {move['after'] or '…'}"
        for move in moves
    ]
    invocation.out.answer(
        {
            "people": found.people,
            "changed": found.changed if found.is_enough else None,
            "percent": found.percent,
            "moves": moves,
        },
        "\n".join(lines),
    )
