"""Layer changes between two days: the days asked for, the table and the flow chart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.layers import flow_chart
from qunce.console.layers.flow_chart import FlowChart
from qunce.core import community_days, errors
from qunce.core.staff.models import Staff
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import ABSENT, Layering, LayerRun
from qunce.members.layers.moves import LayerMoves

TONES = layer_specs.MAX_LAYERS
"""Layers have six colours in five shades each, so that no two look the same."""
USUAL_DAYS = 28
SPANS = (1, 7, 28, 90)


class InvalidDay(errors.Invalid):
    """This is no day of the calendar."""


@dataclass(frozen=True)
class Days:
    """Two days, at whose ends layers are compared."""

    since: int
    until: int

    @property
    def since_date(self) -> str:
        return community_days.to_date(self.since).isoformat()

    @property
    def until_date(self) -> str:
        return community_days.to_date(self.until).isoformat()

    @property
    def query(self) -> str:
        return urlencode({"since": self.since_date, "until": self.until_date})


def usual_days(layering: Layering, today: int) -> Days:
    """The last 28 days, or those since the first run."""
    first = LayerRun.objects.filter(layering=layering).order_by("pk").first()
    since = today - USUAL_DAYS
    if first is not None:
        since = min(max(since, first.day), today - 1)
    return Days(since, today)


def parse_days(layering: Layering, query: Mapping[str, str], today: int) -> Days:
    """The days of a URL; what it does not have is as usual. Raises InvalidDay."""
    usual = usual_days(layering, today)
    since, until = query.get("since"), query.get("until")
    return Days(
        _parse_day(since) if since else usual.since,
        _parse_day(until) if until else usual.until,
    )


def _parse_day(text: str) -> int:
    try:
        return community_days.from_date(date.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise InvalidDay(
            _("“%(day)s” is no day. Write it as in 2026-03-10.") % {"day": text[:40]}
        ) from None


def list_spans(today: int) -> list[tuple[int, Days]]:
    return [(span, Days(today - span, today)) for span in SPANS]


@dataclass(frozen=True)
class Cell:
    """`redefined` counts those who moved because the layering was changed."""

    size: int
    url: str = ""
    is_unchanged: bool = False
    redefined: int = 0


@dataclass(frozen=True)
class Row:
    """A layer then, with its members by their layer now and all of them."""

    name: str
    tone: int
    cells: Sequence[Cell]
    total: int


@dataclass(frozen=True)
class LayerChanges:
    """The moves between two days, as a table and as a flow chart."""

    layering: Layering
    moves: LayerMoves
    names_before: Mapping[str, str] = field(default_factory=dict)
    names_after: Mapping[str, str] = field(default_factory=dict)

    @property
    def days(self) -> Days:
        """Those of the two runs, which may be earlier than those asked for."""
        return Days(self.moves.before.day, self.moves.after.day)

    @property
    def redefined(self) -> int:
        return sum(self.moves.redefined.values())

    @property
    def arrived(self) -> int:
        return self.moves.size_before(ABSENT)

    @property
    def gone(self) -> int:
        return self.moves.size_after(ABSENT)

    @property
    def dropped(self) -> bool:
        """Whether some accounts of the runs are not counted any more."""
        return bool(self.moves.dropped_before or self.moves.dropped_after)

    @property
    def before_total(self) -> int:
        return sum(map(self.moves.size_before, self.names_before))

    @property
    def after_total(self) -> int:
        return sum(map(self.moves.size_after, self.names_after))

    @cached_property
    def tones(self) -> dict[str, int]:
        """Layer → the number of its colour, as on the layering's other pages."""
        today = layer_specs.names_of(self.layering.spec)
        keys = dict.fromkeys([*today, *self.names_before, *self.names_after])
        return {key: place % TONES + 1 for place, key in enumerate(keys)}

    @property
    def headings(self) -> list[tuple[str, int]]:
        """The names of the columns, with the tones of layers."""
        now = [(name, self.tones[key]) for key, name in self.names_after.items()]
        more = [(_("not counted any more"), 0)] if self.dropped else []
        return [*now, (_("no longer there"), 0), *more]

    @property
    def rows(self) -> list[Row]:
        moves = self.moves
        rows = [
            Row(
                name,
                self.tones[old],
                [*self._cells(old), *self._dropped(moves.dropped_before.get(old, 0))],
                moves.size_before(old),
            )
            for old, name in self.names_before.items()
        ]
        arrived = [self._cell(ABSENT, new) for new in self.names_after]
        cells = [*arrived, Cell(0), *self._dropped(0)]
        rows.append(Row(_("not there then"), 0, cells, self.arrived))
        if self.dropped:
            cells = [Cell(moves.dropped_after.get(new, 0)) for new in self.names_after]
            total = sum(moves.dropped_after.values())
            cells += [Cell(0), Cell(0)]
            rows.append(Row(_("not counted any more"), 0, cells, total))
        return rows

    @property
    def totals(self) -> list[int]:
        """The sizes of the layers now, and of the other columns, below them."""
        sizes = [self.moves.size_after(new) for new in self.names_after]
        dropped = sum(self.moves.dropped_before.values())
        return [*sizes, self.gone, *([dropped] if self.dropped else [])]

    def _cells(self, old: str) -> list[Cell]:
        return [self._cell(old, new) for new in [*self.names_after, ABSENT]]

    def _dropped(self, size: int) -> list[Cell]:
        return [Cell(size)] if self.dropped else []

    def _cell(self, old: str, new: str) -> Cell:
        pair = (old, new)
        size = self.moves.sizes.get(pair, 0)
        redefined = self.moves.redefined.get(pair, 0)
        url = members_url(self.moves.rule(old, new)) if size else ""
        return Cell(size, url, old == new, redefined)

    @cached_property
    def charts(self) -> list[FlowChart]:
        """The flow chart for computers and the one for phones."""
        before = self._nodes(self.names_before, self.moves.size_before)
        after = self._nodes(self.names_after, self.moves.size_after)
        if self.arrived:
            name = _("not there then")
            before.append(flow_chart.Layer(ABSENT, name, 0, self.arrived))
        if self.gone:
            name = _("no longer there")
            after.append(flow_chart.Layer(ABSENT, name, 0, self.gone))
        flows = flow_chart.flows_of(self.moves.sizes, self.moves.redefined)
        return [
            flow_chart.draw(before, after, flows, width)
            for width in (flow_chart.WIDE, flow_chart.NARROW)
        ]

    def _nodes(
        self, names: Mapping[str, str], size_of: Callable[[str], int]
    ) -> list[flow_chart.Layer]:
        return [
            flow_chart.Layer(key, name, self.tones[key], size_of(key))
            for key, name in names.items()
        ]

    @property
    def table(self) -> list[list[Any]]:
        """The table as rows of a file."""
        headings = [name for name, _tone in self.headings]
        first = _("from ↓ · to →")
        return [
            [first, *headings, self.days.since_date],
            *(
                [row.name, *(cell.size for cell in row.cells), row.total]
                for row in self.rows
            ),
            [self.days.until_date, *self.totals],
        ]


def members_url(rule: Any) -> str:
    """The list of members of a cell, who may have left the community since."""
    text = json.dumps(rule["with_left"], ensure_ascii=False)
    return f"{reverse('members:list')}?{urlencode({'rule': text, 'left': 1})}"


def compare(layering: Layering, days: Days, by: Staff, at: datetime) -> LayerChanges:
    """Raises NotComparable with the reason."""
    moves = layer_moves.compare(
        layering=layering, day=days.since, until=days.until, by=by, at=at
    )
    names = layer_names(layering, moves.before), layer_names(layering, moves.after)
    return LayerChanges(layering, moves, *names)


def layer_names(layering: Layering, run: LayerRun | None = None) -> dict[str, str]:
    """Layer → its name: today's, or the one at a run for a layer that was removed."""
    today = layer_specs.names_of(layering.spec)
    if run is None or not run.spec:
        return today
    names = layer_specs.names_of(run.spec)
    return {key: today.get(key, name) for key, name in names.items()}
