"""A layering as pages show it: sizes, shares, bars, rules as text, and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.layers import forms
from qunce.console.layers.forms import Field
from qunce.core import community_days, money
from qunce.core.staff.models import Staff
from qunce.insight import charts
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import ABSENT, Layering
from qunce.members.layers.moves import LayerMoves
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.sets import audiences
from qunce.sets.rules.phrasing import Pieces

BAR_WIDTH = 600
HISTORY_DAYS = 90


@dataclass(frozen=True)
class Layer:
    field: Field
    index: int
    size: int
    x: int
    width: int
    url: str
    bound: str = ""
    entered: int = 0
    left: int = 0
    rule_text: Pieces = ()

    @property
    def name(self) -> str:
        return self.field.name or self.field.key


@dataclass(frozen=True)
class LayeringView:
    """`x` and `width` of the layers divide a bar of `BAR_WIDTH`."""

    layering: Layering
    layers: Sequence[Layer]
    moves: LayerMoves | None = None

    @property
    def total(self) -> int:
        return sum(layer.size for layer in self.layers)

    @property
    def moved(self) -> int:
        if self.moves is None:
            return 0
        pairs = self.moves.sizes.items()
        return sum(size for (old, new), size in pairs if old and new and old != new)

    @property
    def names(self) -> dict[str, str]:
        return {layer.field.key: layer.name for layer in self.layers}


def count_sizes(layering: Layering, by: Staff, at: datetime) -> dict[str, int]:
    """Return layer → number of visible members in it now."""
    return {
        layer["key"]: audiences.count(
            community=by.community,
            rule={"layer": {"of": layering.key, "in": [layer["key"]]}},
            by=by,
            at=at,
        )
        for layer in layering.spec["layers"]
    }


def present(layering: Layering, by: Staff, at: datetime) -> LayeringView:
    run = layers.latest_run(layering)
    yesterday = by.community.day(at) - 1
    moves = layer_moves.moves_since(layering=layering, day=yesterday, by=by, at=at)
    counted = count_sizes(layering, by, at)
    return build_view(
        layering, layering.spec, counted, run.bounds if run else {}, moves
    )


def build_view(
    layering: Layering,
    spec: Mapping[str, Any],
    sizes: Mapping[str, int],
    bounds: Mapping[str, int],
    moves: LayerMoves | None = None,
) -> LayeringView:
    total, x, counted, rows = max(sum(sizes.values()), 1), 0, 0, []
    currency = layering.community.currency
    names = rule_names.find(
        layering.community, *(layer.get("rule") for layer in spec["layers"])
    )
    for index, field in enumerate(forms.fields_of(spec, currency)):
        size = sizes.get(field.key, 0)
        # Rounding the right edge, not the width, makes the widths add up exactly.
        width = round(BAR_WIDTH * (counted + size) / total) - x
        filters = urlencode({"layer": f"{layering.pk}:{field.key}"})
        rule_text: Pieces = ()
        if field.rule is not None:
            gaps = {**EXAMPLE_GAPS, **bounds}
            rule = layer_specs.fill_placeholders(field.rule, gaps)
            rule_text = sentences.describe(rule, names)
        rows.append(
            Layer(
                field=field,
                index=index,
                size=size,
                x=x,
                width=width,
                url=f"{reverse('members:list')}?{filters}",
                bound=_describe_bound(field, spec, bounds, currency),
                entered=moves.into(field.key) if moves else 0,
                left=moves.out_of(field.key) if moves else 0,
                rule_text=rule_text,
            )
        )
        x, counted = x + width, counted + size
    return LayeringView(layering, rows, moves)


def _describe_bound(
    field: Field, spec: Mapping[str, Any], bounds: Mapping[str, int], currency: str
) -> str:
    """Return the value from which a share begins, as found in the data."""
    if field.method != "top" or field.key not in bounds:
        return ""
    units = bounds[field.key]
    if forms.is_money(spec):
        return _("%(amount)s %(currency)s or more") % {
            "amount": money.format_amount(units, currency),
            "currency": currency,
        }
    return _("%(n)s or more") % {"n": f"{units:,}"}


EXAMPLE_GAPS = {"median": 30, "long": 90}
"""Days shown in rules before the first run has computed them."""


def fill_gaps(sizes: Mapping[int, int], span: Sequence[date]) -> list[int | None]:
    """Return a size per day, where a day without a run keeps the size of the day before."""
    filled: list[int | None] = []
    for day in map(community_days.from_date, span):
        filled.append(sizes.get(day, filled[-1] if filled else None))
    return filled


def size_chart(layering: Layering, by: Staff, at: datetime) -> charts.Figure | None:
    """Return the chart of sizes over time, or None.

    Stored sizes count the whole community, so users with a scope do not get them.
    """
    if by.scope is not None:
        return None
    rows = layers.LayerSet.objects.filter(
        run__layering=layering, run__day__gt=by.community.day(at) - HISTORY_DAYS
    ).order_by("run_id")
    # The size after the last run of each day.
    history: dict[str, dict[int, int]] = {}
    for layer, day, size in rows.values_list("layer", "run__day", "size"):
        history.setdefault(layer, {})[day] = size
    days = {day for by_day in history.values() for day in by_day}
    if len(days) < 2:
        return None
    span = [community_days.to_date(day) for day in range(min(days), max(days) + 1)]
    series = [
        charts.Series(
            label=layer.get("name") or layer["key"],
            values=fill_gaps(history.get(layer["key"], {}), span),
        )
        for layer in layering.spec["layers"]
    ]
    return charts.Figure(
        name=f"layers-{layering.pk}",
        title=_("Layer sizes over time"),
        unit=_("members"),
        days=span,
        series=series,
        definition=_("Members in each layer after the last run of each day."),
    )


PAGE_SIZE = 50


@dataclass(frozen=True)
class ChangeCell:
    size: int
    url: str
    is_unchanged: bool


@dataclass(frozen=True)
class ChangeTable:
    """Rows are the layers of yesterday, columns those of now."""

    headings: Sequence[str]
    rows: Sequence[tuple[str, Sequence[ChangeCell]]]


def change_table(view: LayeringView) -> ChangeTable | None:
    moves = view.moves
    if moves is None:
        return None
    names = view.names
    keys = [*names]
    url = reverse("layers:changes", args=[view.layering.pk])

    def cell(old: str, new: str) -> ChangeCell:
        size = moves.sizes.get((old, new), 0)
        query = urlencode({"from": old, "to": new})
        return ChangeCell(
            size, f"{url}?{query}" if size and old != new else "", old == new
        )

    rows = [(names[old], [cell(old, new) for new in [*keys, ABSENT]]) for old in keys]
    rows.append(
        (
            _("newly joined"),
            [cell(ABSENT, new) for new in keys]
            + [ChangeCell(0, "", is_unchanged=True)],
        )
    )
    return ChangeTable([*names.values(), _("left")], rows)


def layers_of(layering: layers.Layering) -> list[dict[str, str]]:
    return list(layering.spec["layers"])


def get_layering(request: http.Request, pk: int) -> Layering:
    rows = Layering.objects.select_related("community")
    layering = rows.filter(community=request.community, pk=pk).first()
    if layering is None:
        raise layers.LayeringNotFound(_("There is no such layering."))
    return layering
