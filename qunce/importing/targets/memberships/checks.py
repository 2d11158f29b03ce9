"""Checks of memberships that single cells do not show."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.groups import group_names, stays
from qunce.groups.stays import Report
from qunce.importing.accounts import account_resolver
from qunce.importing.rows import parsing, row_checks
from qunce.importing.rows.parsing import ParsedChunk, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.importing.plan.plan import ImportPlan


def check_chunks(
    plan: ImportPlan, chunks: Iterable[ParsedChunk]
) -> Iterator[ParsedChunk]:
    """Yield the chunks; rows that contradict others or name no one group are problems."""
    for chunk in account_resolver.check_chunks(plan, chunks, key_wins=False):
        problems = list(
            row_checks.list_odd_times(plan, chunk, ("joined_at", "left_at"))
        )
        names = chunk.get("group_key")
        keys_of = group_names.list_ambiguous(
            plan.community, pc.unique(names).to_pylist()
        )
        for index, name in enumerate(names.to_pylist() if keys_of else ()):
            if name in keys_of:
                remedy = _(
                    "Several groups are called “%(name)s”. Use the key of one: %(keys)s."
                ) % {"name": name, "keys": ", ".join(keys_of[name])}
                row, heading = (
                    int(chunk.row_numbers[index]),
                    plan.heading_of["group_key"],
                )
                problems.append(Problem(row, heading, name, remedy))
        problems += _check_stays(plan, chunk)
        yield row_checks.refuse(chunk, problems)


def _check_stays(plan: ImportPlan, chunk: ParsedChunk) -> Iterator[Problem]:
    """Yield a problem for stays that end before they begin, or overlap others."""
    joined_at = chunk.get("joined_at").cast(pa.int64())
    left_at = chunk.get("left_at").cast(pa.int64())
    heading_of = plan.heading_of
    for rows in _rows_to_compare(chunk, joined_at, left_at):
        reports = [
            Report(None, joined_at[index].as_py(), left_at[index].as_py())
            for index in rows
        ]
        for position in stays.list_contradictions(reports):
            report, index = reports[position], rows[position]
            is_reversed = (
                report.left_at is not None
                and report.joined_at is not None
                and report.left_at < report.joined_at
            )
            name = "left_at" if is_reversed else "joined_at"
            moment = report.left_at if is_reversed else report.joined_at
            remedy = (
                _("The member left before they joined. Correct one of the two times.")
                if is_reversed
                else _(
                    "The member joined while another row of the file has them in the"
                    " group. Say when that stay ended."
                )
            )
            value = str(parsing.format_value(plan, name, moment))
            row = int(chunk.row_numbers[index])
            yield Problem(row, heading_of[name], value, remedy)


def _rows_to_compare(
    chunk: ParsedChunk, joined_at: pa.Array, left_at: pa.Array
) -> Iterator[list[int]]:
    """Yield the rows of every member with several in one group, and odd single rows."""
    # Rows of the same member have the same name.
    columns = account_resolver.references_of(chunk)
    names = pc.coalesce(
        *(
            pc.binary_join_element_wise(kind, column, ":")
            for kind, column in columns.items()
        )
    )
    order, starts = group_rows(_codes(chunk.get("group_key")), _codes(names))
    is_reversed = np.asarray(pc.fill_null(pc.less(left_at, joined_at), False))  # noqa: FBT003
    for start, end in itertools.pairwise([*starts, len(order)]):
        if end - start > 1 or is_reversed[order[start]]:
            yield sorted(order[start:end].tolist())


def _codes(texts: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(pc.dictionary_encode(texts).indices, -1)).astype(
        np.int64
    )


def group_rows(
    *keys: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indexes of the rows sorted by `keys`, and where each new key starts.

    Rows with the same keys stay in the order of the file.
    """
    order = np.lexsort(tuple(reversed(keys)))
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    return order, np.flatnonzero(is_first)
