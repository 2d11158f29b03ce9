"""Rows and sums of the grid, and the typed days of a group's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.typed_numbers.forms import PostedRow, cell_name
from qunce.core import community_days, label_texts
from qunce.insight import ratios
from qunce.insight.typed_numbers import evenings, marked_numbers
from qunce.insight.typed_numbers.evenings import Evening, EveningRow
from qunce.insight.typed_numbers.models import Field, TypedNumber
from qunce.insight.typed_numbers.plausibility import Verdict
from qunce.insight.typed_numbers.typed_numbers import FIELDS, Conflict

if TYPE_CHECKING:
    from qunce.groups.groups import Group

SHOWN_DAYS = 14
"""Days with typed numbers on a group's page."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`text` is what the input shows, `before` the number of the day before."""

    field: str
    label: str
    name: str
    text: str
    before: int | None
    measured: int | None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class GridRow:
    row: EveningRow
    cells: Sequence[Cell]
    verdict: Verdict
    errors: Sequence[str] = field(default_factory=tuple)

    @property
    def group(self) -> Group:
        return self.row.group

    @property
    def invalid(self) -> str:
        """The fields whose text is no number, for the script that marks them."""
        return " ".join(cell.field for cell in self.cells if cell.error)


def grid_rows(
    evening: Evening,
    posted: Mapping[int, PostedRow],
    conflicts: Sequence[Conflict] = (),
) -> list[GridRow]:
    """The rows with what was posted, else with what is stored."""
    return [
        _grid_row(
            row,
            posted.get(row.group.pk),
            [each for each in conflicts if each.entry.group.pk == row.group.pk],
        )
        for row in evening.rows
    ]


def _grid_row(
    row: EveningRow, posted: PostedRow | None, conflicts: Sequence[Conflict]
) -> GridRow:
    texts = posted.texts if posted else {}
    errors = dict(posted.errors) if posted else {}
    for conflict in conflicts:
        errors[conflict.entry.field] = _describe_conflict(conflict)
    numbers = posted.numbers if posted else row.numbers
    found = []
    for name in FIELDS:
        stored = row.numbers.get(name)
        found.append(
            Cell(
                field=name,
                label=str(Field(name).label),
                name=cell_name(row.group, name),
                text=texts.get(name, "" if stored is None else str(stored)),
                before=row.before.get(name) if row.before else None,
                measured=row.measured[name] if row.measured is not None else None,
                error=errors.get(name, ""),
            )
        )
    listed = [
        label_texts.with_label(Field(name).label, text) for name, text in errors.items()
    ]
    return GridRow(
        row=row, cells=found, verdict=row.judge(numbers), errors=tuple(listed)
    )


def _describe_conflict(conflict: Conflict) -> str:
    other = conflict.other
    values = {
        "name": other.by.name,
        "other": _("nothing") if other.value is None else f"{other.value:,}",
    }
    text = _("%(name)s typed %(other)s in the meantime. Save again to replace it.")
    return text % values


def summary(evening: Evening) -> dict[str, Any]:
    """How many groups are filled, and what all groups are together."""
    typed = [row for row in evening.rows if row.measured is None]
    share, refusal = None, ""
    try:
        share = evening.speaking_share()
    except marked_numbers.MixedOrigins as error:
        refusal = str(error)
    sums = evening.add_up()
    return {
        "filled": sum(row.is_filled for row in typed),
        "expected": len(typed),
        "sums": [(Field(name).label, sums[name]) for name in FIELDS if name in sums],
        "share": None if share is None else ratios.format_percent(share),
        "share_refusal": refusal,
    }


def typed_days(request: http.Request, group: Group) -> list[tuple[date, EveningRow]]:
    """The last days of a group with typed numbers."""
    today = community_days.to_date(request.community.day(request.at))
    return evenings.load_days(
        group=group, last=today, limit=SHOWN_DAYS, by=request.staff
    )


def steps(day: date, today: date) -> dict[str, date | None]:
    """The days before and after, as far as they are not to come."""
    one = timedelta(days=1)
    return {"before": day - one, "after": day + one if day < today else None}


def history_rows(rows: Sequence[TypedNumber]) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "label": Field(row.field).label,
            "is_current": row.replaced_at is None,
        }
        for row in rows
    ]
