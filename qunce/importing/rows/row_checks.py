"""Refuses rows of a chunk for reasons that single cells do not show."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core.facts import reported_facts
from qunce.importing.rows import parsing
from qunce.importing.rows.parsing import ParsedChunk, Problem

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

NOT_ODD = pa.scalar(value=False)


def refuse(chunk: ParsedChunk, problems: Iterable[Problem]) -> ParsedChunk:
    """Return the chunk without the rows of these problems, which it lists instead."""
    new = list(problems)
    if not new:
        return chunk
    rows = {problem.row for problem in new}
    keep = ~np.isin(chunk.row_numbers, list(rows))
    mask = pa.array(keep)
    columns = {name: column.filter(mask) for name, column in chunk.columns.items()}
    ordered = sorted([*chunk.problems, *new], key=lambda each: (each.row, each.field))
    return dataclasses.replace(
        chunk, columns=columns, row_numbers=chunk.row_numbers[keep], problems=ordered
    )


def list_reversed_times(plan: ImportPlan, chunk: ParsedChunk) -> Iterator[Problem]:
    """Yield a problem for each row whose member left before they joined."""
    if not {"joined_at", "left_at"} <= chunk.columns.keys():
        return
    left_at = chunk.columns["left_at"].cast(pa.int64())
    is_reversed = pc.less(left_at, chunk.columns["joined_at"].cast(pa.int64()))
    remedy = _("The member left before they joined. Correct one of the two times.")
    for index in np.flatnonzero(
        np.asarray(pc.fill_null(is_reversed, NOT_ODD))
    ).tolist():
        value = str(parsing.format_value(plan, "left_at", left_at[index].as_py()))
        row = int(chunk.row_numbers[index])
        yield Problem(row, plan.heading_of["left_at"], value, remedy)


def list_odd_times(
    plan: ImportPlan, chunk: ParsedChunk, names: Sequence[str]
) -> Iterator[Problem]:
    """Yield a problem for each time of these fields before 2000 or in the future.

    They become times of facts, for which the same limits hold.
    """
    limits = reported_facts.time_limits(
        plan.at,
        allow_old=plan.options.allow_old_times,
        allow_future=plan.options.allow_future_times,
    )
    for name in names:
        if name not in chunk.columns:
            continue
        times = chunk.columns[name].cast(pa.int64())
        is_odd = pc.or_(
            pc.less(times, limits.earliest), pc.greater(times, limits.latest)
        )
        for index in np.flatnonzero(np.asarray(pc.fill_null(is_odd, NOT_ODD))).tolist():
            value = str(parsing.format_value(plan, name, times[index].as_py()))
            row = int(chunk.row_numbers[index])
            yield Problem(row, plan.heading_of[name], value, limits.remedy)
