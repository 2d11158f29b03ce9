"""`qunce notebook`: competitors, industry benchmarks and changes of platforms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.notebook import notebook as book
from qunce.insight.notebook.models import Kind, NotebookEntry
from qunce.insight.notebook.notebook import Filters

DAY = click.DateTime(["%Y-%m-%d"])
KIND = click.Choice(Kind.values)
ENTRY_HELP = N_("number of the entry")

notebook = base.Group("notebook")
FIELDS = (
    ("title", N_("what was posted, or what changed")),
    ("text", N_("the note")),
    ("who", N_("the competitor")),
    ("effect", N_("what came of it")),
    ("metric", N_("name of a metric, or a name of its own")),
    ("value", N_("value of the benchmark")),
    ("unit", N_("unit of the value")),
    ("source", N_("where it comes from")),
    ("url", N_("web link")),
)


def _field_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each text of an entry, and for its tags."""
    tags = N_("tag of the entry; repeatable")
    command = base.option("--tag", "tags", multiple=True, help=tags)(command)
    for name, text in reversed(FIELDS):
        command = base.option(f"--{name}", help=text)(command)
    return command


def _to_json(entry: NotebookEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "day": entry.day.isoformat(),
        "title": entry.title,
        "who": entry.who,
        "metric": entry.metric,
        "value": book.format_value(entry),
        "source": entry.source,
        "state": entry.state,
        "tags": entry.tags,
        "by": entry.by.login,
    }


def _to_line(row: dict[str, Any]) -> str:
    parts = (row["who"], row["title"] or row["metric"], row["value"], row["source"])
    text = " · ".join(part for part in parts if part)
    return f"{row['id']:>6} {row['day']} {row['kind']}  {text}"


def _answer(invocation: Invocation, entry: NotebookEntry) -> None:
    row = _to_json(entry)
    invocation.out.answer(row, _to_line(row))


@notebook.command("list", help=N_("List entries, the latest day first"))
@base.option("--kind", type=KIND, help=N_("only entries of a kind"))
@base.option("--search", default="", help=N_("only entries with these words"))
@base.option("--tag", default="", help=N_("only entries with a tag"))
@base.option("--archived", is_flag=True, help=N_("list archived entries"))
@options.pass_invocation
def list_entries(
    invocation: Invocation, kind: str | None, search: str, tag: str, archived: bool
) -> None:
    filters = Filters(query=search, kind=kind or "", tag=tag, archived=archived)
    rows = [_to_json(entry) for entry in book.find(by=invocation.by, filters=filters)]
    invocation.out.write_list("entries", rows, _to_line)


@notebook.command("add", help=N_("Write an entry"))
@base.argument("kind", type=KIND, help=N_("competitor, benchmark or platform_change"))
@_field_options
@base.option("--day", type=DAY, help=N_("day that it is about; today by default"))
@options.pass_invocation
def add(
    invocation: Invocation,
    kind: str,
    day: datetime | None,
    **fields: Any,
) -> None:
    given = _given(day, fields)
    entry = book.create(kind=kind, **given, **invocation.query_args)
    _answer(invocation, entry)


def _given(day: datetime | None, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that options were given for."""
    given = {name: value for name, value in fields.items() if value}
    return given | ({"day": day.date()} if day else {})


@notebook.command("update", help=N_("Change fields of an entry"))
@base.argument("entry", type=int, help=ENTRY_HELP)
@_field_options
@base.option("--day", type=DAY, help=N_("day that it is about"))
@options.pass_invocation
def update(
    invocation: Invocation, entry: int, day: datetime | None, **fields: Any
) -> None:
    found = book.get(by=invocation.by, pk=entry)
    book.update(entry=found, **_given(day, fields), **invocation.verb_args)
    _answer(invocation, found)


@notebook.command("archive", help=N_("Archive an entry"))
@base.argument("entry", type=int, help=ENTRY_HELP)
@options.pass_invocation
def archive(invocation: Invocation, entry: int) -> None:
    found = book.get(by=invocation.by, pk=entry)
    book.archive(entry=found, **invocation.verb_args)
    _answer(invocation, found)


@notebook.command("restore", help=N_("Restore an archived entry"))
@base.argument("entry", type=int, help=ENTRY_HELP)
@options.pass_invocation
def restore(invocation: Invocation, entry: int) -> None:
    found = book.get(by=invocation.by, pk=entry)
    book.restore(entry=found, **invocation.verb_args)
    _answer(invocation, found)
