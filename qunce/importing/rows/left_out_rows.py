"""Finds rows of a table that are no data: totals, remarks, and headings again.

They are left out and counted as skipped, and a note names them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.files import heading_rows, rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.importing.plan.plan import ImportPlan

MAX_NOTED = 20
FIRST_COLUMNS = 4
"""Columns that may contain the word for a total."""
TOTAL = (
    r"(?i)^\s*(本页|本月|本表|全部|年度|月度)?\s*"
    r"(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|汇\s*总|总\s*和|総計|小計|合計|總計"
    r"|(grand|sub|page)?[\s-]*totals?|sum|summe|gesamt(summe)?)"
    r"\s*(金额|人数|数量)?\s*[:：]?\s*[\d,.]*\s*[元人条笔个件]?\s*$"
)
REMARK = (
    r"(?i)^\s*((制表|打印|导出|审核|复核|填表|统计|截止|截至|更新|数据来源|来源|备注|说明|注)"
    r"[^:：]{0,8}[:：]|注\s*\d|共\s*\d+\s*[条人行笔个页]|第\s*\d+\s*页|以下空白|"
    r"(exported|generated|printed|prepared|created|source|note|notes)\s*(by|on|at)?\s*:|"
    r"page\s+\d+|end of (file|report))"
)
NUMBER = re.compile(r"-?[¥$€£]?\s*[\d,.\s]+\s*(%|元|人|条|笔|个|件|次)?")
COUNT = re.compile(r"\d{1,6}\s*[人条个]?")
"""A number of rows below a column, too short for a phone number."""
FORMATS_OF_PROGRAMS = ("json", "ndjson", "table", "chat")
OTHER_TYPES = ("phone", "email", "unionid", "instant", "date")
"""Types of fields that no row of totals fills."""
COUNTED_TYPES = ("phone", "email", "unionid")
"""Those of them whose values may be counted in a row of totals."""


def find(plan: ImportPlan, batch: rows.RowBatch) -> NDArray[np.bool_]:
    """Return which rows of the batch are no data, and note them in the plan."""
    found = np.zeros(len(batch.row_numbers), dtype=bool)
    if not len(found) or plan.source.format in FORMATS_OF_PROGRAMS:
        return found
    # Only the few rows that may be none are looked at cell by cell. The first row below
    # the headings may name them in another language.
    is_candidate = batch.row_numbers == plan.source.heading_rows + 1
    for index, heading in enumerate(plan.source.headings[:FIRST_COLUMNS]):
        texts = batch.columns[index]
        words = plan.headings_like.get(heading, [])
        known = {w for word in words for w in (word, word.upper(), word.title())}
        values = pa.array(sorted({heading, *known}), pa.string())
        for mask in (
            pc.match_substring_regex(texts, f"{TOTAL}|{REMARK}"),
            pc.is_in(texts, value_set=values),
        ):
            is_candidate |= np.asarray(pc.fill_null(mask, False))  # noqa: FBT003
    for index in np.flatnonzero(is_candidate).tolist():
        cells = [column[index].as_py() for column in batch.columns]
        filled = [cell for cell in cells if cell]
        number = int(batch.row_numbers[index])
        is_alone = len(cells) > 1 and len(filled) == 1
        is_remark = is_alone and re.match(REMARK, filled[0])
        if is_remark or _is_total(plan, cells) or _is_heading(plan, cells, number):
            found[index] = True
            note(plan, number, ", ".join(filled))
    return found


def is_left_out(plan: ImportPlan, row: rows.BrokenRow) -> bool:
    """Return whether a row with another number of cells is a total or a remark."""
    cells = [cell.strip(' "') for cell in row.text.split(plan.source.delimiter)]
    filled = [cell for cell in cells if cell]
    if not filled:
        return False
    is_total = re.match(TOTAL, filled[0]) and all(map(NUMBER.fullmatch, filled[1:]))
    is_remark = len(filled) == 1 and re.match(REMARK, filled[0])
    return bool(is_total or is_remark)


def list_texts(
    batch: rows.RowBatch,
    broken: Sequence[rows.BrokenRow],
    is_left_out: NDArray[np.bool_],
) -> list[tuple[int, str]]:
    """Return number and text of each row that is left out, those not in `broken` too."""
    found = [(row.row, row.text) for row in batch.broken if row not in broken]
    for index in np.flatnonzero(is_left_out).tolist():
        cells = [column[index].as_py() for column in batch.columns]
        found.append((int(batch.row_numbers[index]), ", ".join(filter(None, cells))))
    return sorted(found)


def note(plan: ImportPlan, number: int, text: str) -> None:
    if len(plan.left_out) < MAX_NOTED:
        plan.left_out[number] = text[:100]


def list_notes(plan: ImportPlan) -> list[str]:
    """Return a sentence for every row that is left out."""
    return [
        _("Row %(row)d is no data and is left out: %(text)s")
        % {"row": number, "text": text}
        for number, text in sorted(plan.left_out.items())
    ]


def _is_total(plan: ImportPlan, cells: list[str | None]) -> bool:
    filled = [(index, cell) for index, cell in enumerate(cells) if cell]
    if not filled or not re.match(TOTAL, filled[0][1]):
        return False
    declared = {field.name: field.type for field in plan.target.fields}
    for index, cell in filled[1:]:
        name = plan.mapping.get(plan.source.headings[index], "")
        types = {name, declared.get(name)}
        if types & set(COUNTED_TYPES) and COUNT.fullmatch(cell):
            continue
        if types & set(OTHER_TYPES) or not (
            NUMBER.fullmatch(cell) or re.match(TOTAL, cell)
        ):
            return False
    # In a table of one column a total cannot be distinguished from a name.
    return len(cells) > 1


def _is_heading(plan: ImportPlan, cells: list[str | None], number: int) -> bool:
    """Return whether the cells are the headings again, or in another language."""
    filled = [
        (heading, cell)
        for heading, cell in zip(plan.source.headings, cells, strict=True)
        if cell
    ]
    known = sum(
        heading_rows.normalise(cell)
        in set(map(heading_rows.normalise, plan.headings_like.get(heading, [heading])))
        for heading, cell in filled
    )
    if known == len(filled) and (known > 1 or len(cells) == 1):
        return True
    is_second = number == plan.source.heading_rows + 1
    has_digits = any(re.search(r"\d", cell) for _heading, cell in filled)
    return is_second and known > 1 and known * 2 >= len(filled) and not has_digits
