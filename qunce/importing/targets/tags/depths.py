"""Depths in files of tags: numbers, additions such as +1, and names of levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.files import sources
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.questions import Choice
from qunce.importing.rows import row_checks
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.tags.tag_entries import TagBook, TagEntry
from qunce.importing.values import lists
from qunce.members.tags import levels
from qunce.members.tags.levels import DepthChange

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

ADDITION = r"^\s*[+＋]"
QUESTION = "again"
ADD, SKIP = "add", "skip"


def ask(plan: ImportPlan) -> None:
    """Ask whether a file that adds to depths is to be added again."""
    if "depth" not in plan.heading_of:
        return
    former = ImportJob.objects.filter(
        community=plan.community, digest=plan.source.digest, target="tags", state="done"
    )
    if not former.exists():
        return
    heading = plan.heading_of["depth"]
    index = plan.source.headings.index(heading)
    for batch in sources.read_batches(plan.source):
        column = batch.columns[index]
        if pc.any(pc.match_substring_regex(column, ADDITION), min_count=0).as_py():
            plan.ask(
                QUESTION,
                heading=heading,
                text=_("This file was imported before, and it adds to depths of tags."),
                choices=[
                    Choice(SKIP, _("skip the rows that add")),
                    Choice(ADD, _("add again")),
                ],
            )
            return


def check_chunks(
    plan: ImportPlan, chunks: Iterable[ParsedChunk]
) -> Iterator[ParsedChunk]:
    """Yield the chunks without the rows whose depth is none of their tag."""
    book = TagBook.of_plan(plan)
    for chunk in chunks:
        problems = list(row_checks.list_odd_times(plan, chunk, ("tagged_at",)))
        pairs, codes = distinct_pairs(chunk) if "depth" in chunk.columns else ([], [])
        errors: dict[int, str] = {}
        for code, (cell, depth) in enumerate(pairs):
            try:
                for entry in book.look_up(lists.parse_joined(cell)).values():
                    read(entry, depth)
            except levels.InvalidDepth as error:
                errors[code] = str(error)
        for index, code in enumerate(codes if errors else ()):
            if code in errors:
                row, value = int(chunk.row_numbers[index]), pairs[code][1] or ""
                heading = plan.heading_of["depth"]
                problems.append(Problem(row, heading, value, errors[code]))
        yield row_checks.refuse(chunk, problems)


def distinct_pairs(
    chunk: ParsedChunk,
) -> tuple[list[tuple[str | None, str | None]], list[int]]:
    """Return the distinct pairs of tags and depth, and the index of each row's pair."""
    cells = pc.dictionary_encode(chunk.get("tag"))
    depths = pc.dictionary_encode(chunk.get("depth").cast(pa.string()), "encode")
    count = max(len(depths.dictionary), 1)
    combined = pc.add(
        pc.multiply(cells.indices.cast(pa.int64()), count),
        depths.indices.cast(pa.int64()),
    )
    encoded = pc.dictionary_encode(combined)
    pairs = [
        (
            cells.dictionary[code // count].as_py(),
            depths.dictionary[code % count].as_py(),
        )
        for code in encoded.dictionary.to_pylist()
    ]
    return pairs, encoded.indices.to_pylist()


def read(entry: TagEntry, depth: str | None) -> DepthChange | None:
    """Return what a row does to the depth of its tag; raises InvalidDepth."""
    if depth is None:
        return entry.change
    return levels.parse_depth(depth, entry.tag.levels if entry.tag else [])
