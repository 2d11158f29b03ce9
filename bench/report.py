"""Rows as lines on the screen and in docs/benchmarks.md, one section per size and database."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import measure
from bench.measure import BYTES, MILLISECONDS, PER_SECOND, Row
from bench.workspaces import POSTGRESQL_SETTINGS, Workspace

PAGE = Path("docs") / "benchmarks.md"
SECTION_ORDER = [
    (size, database)
    for size in ("full", "wide", "small")
    for database in ("sqlite", "postgresql")
]
INTRO = """# Benchmarks

`make bench SIZE=small|wide|full DATABASE=sqlite|postgresql` writes this page; nothing is copied
by hand. A section names the machine and the commit of its newest run. Where single
questions were asked again with ONLY, the others keep their results from the run before.

A seeded generator makes the community. Few people have most facts and few tags are on
most people, weeks and hours have their rhythm, people join and leave, and one in two
hundred has a second account. *Ours* is the 95th percentile where a question was asked
often, otherwise the single run. The rivals are implemented in `bench/rivals.py` and
answer the same data in the same run: tags as a comma-separated list that is searched,
tags normalised with joins and NOT EXISTS (both on the same relational engine as ours),
grouped counts over raw facts as Parquet in DuckDB, and pandas in memory. They have
advantages: merged accounts are resolved before, statistics are fresh, and nothing is
written at the same time. The run fails if an answer differs. *Ratio* is the best rival's
median divided by our median; for tags only the two SQL statements count, and pandas with
all rows in memory is listed beside them.

Sections name their machine, and machines differ by more than a factor of two: ours
compares with the rivals of the same section, not with another section.

*Wide* has as many members and tag rows as *full*, but few facts. It measures the pages of
the console and the API through HTTP: one `qunce serve` with its worker loops, and the
client on the same two cores. Pages are requested as by a browser without a cache.

[Totals of public data sets](data-sets.md) compares imports with what another program adds up.
"""
HEADER = """| question | goal | ours | p50 | n | rivals | ratio | verdict |
|---|---|---|---|---|---|---|---|"""
ROW_ORDER = """rebuild layers layers-value layers-changes state state-others state-first behaviour behaviour-others
behaviour-first behaviour-after why tag-counted fact-counted memory import-facts
import-lock import-beside import-orders""".split()
"""The order on the page; other rows come last. Each has a question of its own, by which
the page knows the row again."""


def format_amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == BYTES:
        return f"{value / 1024**3:.2f} GB"
    if unit == PER_SECOND:
        return f"{value:,.0f}/s"
    if unit == MILLISECONDS:
        return format_milliseconds(value)
    return f"{value:,.1f} {unit}"


def format_milliseconds(value: float) -> str:
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.0f} ms" if value >= 20 else f"{value:.2g} ms"


def format_goal(row: Row) -> str:
    if row.goal is None:
        return ""
    sign = "≥" if row.unit == PER_SECOND else "≤"
    more = f", ≥ {row.ratio_goal:.0f} ×" if row.ratio_goal else ""
    return f"{sign} {format_amount(row.goal, row.unit)}{more}"


def format_verdict(row: Row) -> str:
    return {None: "", True: "met", False: "**missed**"}[row.is_met]


def all_rivals(row: Row) -> dict[str, float]:
    return {**row.rivals, **row.others}


def format_line(row: Row) -> str:
    parts = [f"{row.question}: {format_amount(row.ours, row.unit)}"]
    if row.p50 is not None:
        parts.append(f"p50 {format_amount(row.p50, row.unit)}, n {row.n}")
    parts += [
        f"{name} {format_amount(ms, row.unit)}" for name, ms in all_rivals(row).items()
    ]
    if row.ratio:
        parts.append(f"× {row.ratio:,.0f}")
    if row.goal is not None:
        parts.append(f"goal {format_goal(row)}: {format_verdict(row).strip('*')}")
    return " · ".join([*parts, row.note] if row.note else parts)


def format_cells(row: Row) -> str:
    unit = row.unit
    rivals = ", ".join(
        f"{name} {format_amount(ms, unit)}" for name, ms in all_rivals(row).items()
    )
    ratio = f"{row.ratio:,.0f} ×" if row.ratio else ""
    question = f"{row.question} ({row.note})" if row.note else row.question
    n, p50 = str(row.n), format_amount(row.p50, unit)
    cells = [
        question,
        format_goal(row),
        format_amount(row.ours, unit),
        p50,
        n,
        rivals,
        ratio,
        format_verdict(row),
    ]
    return f"| {' | '.join(cells)} |"


def describe_machine(workspace: Workspace) -> str:
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    size = int(memory.group(1)) / 1024**2 if memory else 0
    parts = [
        f"{os.cpu_count()} cores of {cpu.group(1).strip() if cpu else platform.machine()}",
        f"{size:.0f} GB of memory",
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        *(
            f"{name} {importlib.metadata.version(name)}"
            for name in ("duckdb", "pyroaring")
        ),
        describe_database(workspace),
    ]
    return ", ".join(parts)


def describe_database(workspace: Workspace) -> str:
    if workspace.database == "sqlite":
        return f"SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL)"
    from qunce.core import db

    version = db.rows("SHOW server_version")[0][0].split()[0]
    return f"PostgreSQL {version} ({', '.join(POSTGRESQL_SETTINGS)})"


def get_commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def format_section(
    workspace: Workspace, rows: list[Row], about: dict[str, Any], old: str = ""
) -> str:
    """Return the section with these rows, and those of the old one not among them."""
    size = workspace.size
    questions = {row.question for row in rows}
    missed = [question for question in list_missed(old) if question not in questions]
    missed += [row.question for row in rows if row.is_met is False]
    lines = [
        f"## {size.name} on {'SQLite' if workspace.database == 'sqlite' else 'PostgreSQL'}",
        "",
        f"{size.members:,} members, {size.facts:,} facts over {size.days} days,"
        f" {size.tag_rows:,} tag rows, {size.groups} groups. {about['machine']}."
        f" Commit {about['commit']}, {datetime.now(UTC):%Y-%m-%d}."
        f" Made and loaded in {about['loaded']:.0f} s; the machine's load before the"
        f" run was {about['busy']:.1f}.",
        "",
        HEADER,
        *merge_lines(old, rows),
        "",
        f"Missed: {'; '.join(missed)}." if missed else "Every goal was met.",
    ]
    return "\n".join(lines)


def load_rows(workspace: Workspace) -> list[Row]:
    saved = measure.load_results(workspace.own_folder / "results.json")
    names = [name for name in ROW_ORDER if name in saved]
    names += [name for name in saved if name not in ROW_ORDER]
    return [measure.from_dict(saved[name]) for name in names]


SECTION = re.compile(r"<!-- (\w+ \w+) -->\n(.*?)\n<!-- end of \1 -->\n*", re.DOTALL)


def write(
    workspace: Workspace,
    about: dict[str, Any],
    page: Path = PAGE,
    *,
    keeps_rows: bool = False,
) -> None:
    """Replace the section of this size and database; all others stay unchanged.

    With `keeps_rows`, rows of the section whose question was not asked stay as well.
    """
    text = page.read_text() if page.exists() else ""
    sections = dict(SECTION.findall(text))
    # What somebody has written below the sections.
    appendix = SECTION.sub("", text[text.find("<!-- ") :]) if sections else ""
    name = f"{workspace.size.name} {workspace.database}"
    old = sections.get(name, "") if keeps_rows else ""
    sections[name] = format_section(workspace, load_rows(workspace), about, old)
    known = [f"{size} {database}" for size, database in SECTION_ORDER]
    names = [n for n in known if n in sections] + sorted(set(sections) - set(known))
    parts = [f"<!-- {n} -->\n{sections[n]}\n<!-- end of {n} -->\n" for n in names]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join([INTRO, *parts, *([appendix] if appendix else [])]))


def merge_lines(old: str, rows: list[Row]) -> list[str]:
    """Return the lines of an old section's table with these rows in their places.

    The data set of a run may be new, so that only the page has the rows of earlier runs.
    """
    lines = list_lines(old)
    place = len(lines) - 1
    for row in rows:
        found = [n for n, line in enumerate(lines) if is_of(line, row.question)]
        if found:
            place = found[0]
            lines[place] = format_cells(row)
        else:
            # After the row before it in the order of the page.
            place += 1
            lines.insert(place, format_cells(row))
    return lines


def list_lines(section: str) -> list[str]:
    table = section.partition(HEADER)[2]
    return [line for line in table.splitlines() if line.startswith("| ")]


def is_of(line: str, question: str) -> bool:
    cell = line.removeprefix("| ").partition(" | ")[0]
    return cell == question or cell.startswith(f"{question} (")


def list_missed(section: str) -> list[str]:
    found = re.search(r"^Missed: (.*)\.$", section, re.MULTILINE)
    return found.group(1).split("; ") if found else []
