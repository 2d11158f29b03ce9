"""A layering as pages show it: sizes, shares, bars, rules as text, and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.layers import changes, forms
from qunce.console.layers.forms import Field, NumberField
from qunce.core import community_days, money
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight import charts
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import Layering
from qunce.members.layers.moves import LayerMoves
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.sets import audiences
from qunce.sets.rules.phrasing import Pieces

BAR_WIDTH = 600
HISTORY_DAYS = 90


@dataclass(frozen=True)
class Layer:
    """`taken` counts members whom the rule matches and an earlier layer has."""

    field: Field
    index: int
    size: int
    x: int
    width: int
    url: str = ""
    bound: str = ""
    entered: int = 0
    left: int = 0
    taken: int = 0
    rule_text: Pieces = ()
    is_first: bool = False
    is_last: bool = False

    @property
    def name(self) -> str:
        return self.field.name or self.field.key

    @property
    def tone(self) -> int:
        """The number of its colour, which is that of its line in the chart."""
        return self.index % changes.TONES + 1


@dataclass(frozen=True)
class LayeringView:
    """`x` and `width` of the layers divide a bar of `BAR_WIDTH`."""

    layers: Sequence[Layer]
    layering: Layering | None = None
    moves: LayerMoves | None = None
    numbers: Sequence[NumberField] = ()

    @property
    def total(self) -> int:
        return sum(layer.size for layer in self.layers)

    @property
    def moved(self) -> int:
        return self.moves.moved if self.moves else 0

    @property
    def redefined(self) -> int:
        return sum(self.moves.redefined.values()) if self.moves else 0

    @property
    def taken(self) -> int:
        return sum(layer.taken for layer in self.layers)


@dataclass(frozen=True)
class Counts:
    """Layer → members; thresholds computed from the data; who is in an earlier layer."""

    sizes: Mapping[str, int]
    bounds: Mapping[str, int]
    taken: Mapping[str, int] = field(default_factory=dict)


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
    counts = Counts(count_sizes(layering, by, at), run.bounds if run else {})
    view = build_view(layering.community, layering.spec, counts, layering)
    shown = [
        replace(
            layer,
            entered=moves.into(layer.field.key) if moves else 0,
            left=moves.out_of(layer.field.key) if moves else 0,
        )
        for layer in view.layers
    ]
    return replace(view, layers=shown, moves=moves)


def preview(
    spec: Mapping[str, Any], by: Staff, at: datetime, layering: Layering | None
) -> LayeringView:
    """The view with the sizes that a spec would give. Raises QunceError."""
    found = layer_assignment.preview_sizes(spec=spec, by=by, at=at)
    counts = Counts(found.sizes, found.bounds, found.taken)
    return build_view(by.community, spec, counts, layering)


def build_view(
    community: Community,
    spec: Mapping[str, Any],
    counts: Counts,
    layering: Layering | None = None,
    typed: Mapping[str, Any] | None = None,
) -> LayeringView:
    """`typed` is what was typed into the form, which is shown again after an error."""
    total, x, counted, rows = max(sum(counts.sizes.values()), 1), 0, 0, []
    currency = community.currency
    rules = [
        layer_specs.rule_of(layer, spec, counts.bounds) for layer in spec["layers"]
    ]
    names = rule_names.find(community, *rules)
    last = len(rules) - 1
    for index, shown in enumerate(forms.fields_of(spec, currency)):
        size = counts.sizes.get(shown.key, 0)
        # Rounding the right edge, not the width, makes the widths add up exactly.
        width = round(BAR_WIDTH * (counted + size) / total) - x
        bound = _describe_bound(shown, spec, counts.bounds, currency)
        if typed is not None:
            shown = _with_typed(shown, index, typed)
        rule = rules[index]
        rows.append(
            Layer(
                field=shown,
                index=index,
                size=size,
                x=x,
                width=width,
                url=_members_url(layering, shown.key),
                bound=bound,
                taken=counts.taken.get(shown.key, 0),
                rule_text=() if rule is None else sentences.describe(rule, names),
                is_first=index == 0,
                is_last=index >= last - 1,
            )
        )
        x, counted = x + width, counted + size
    numbers = forms.number_fields_of(spec, currency)
    if typed is not None:
        numbers = [
            replace(each, value=str(typed.get(f"number-{each.name}", each.value)))
            for each in numbers
        ]
    return LayeringView(rows, layering, numbers=numbers)


def _with_typed(shown: Field, index: int, typed: Mapping[str, Any]) -> Field:
    return replace(
        shown,
        name=str(typed.get(f"name-{index}", shown.name)),
        value=str(typed.get(f"value-{index}", shown.value)),
    )


def _members_url(layering: Layering | None, key: str) -> str:
    if layering is None:
        return ""
    filters = urlencode({"layer": f"{layering.pk}:{key}"})
    return f"{reverse('members:list')}?{filters}"


def _describe_bound(
    field: Field, spec: Mapping[str, Any], bounds: Mapping[str, int], currency: str
) -> str:
    """Return the value from which a share begins, as found in the data."""
    if field.method != "top" or field.key not in bounds:
        return ""
    units = bounds[field.key]
    if forms.is_money(spec):
        amount = money.format_with_currency(units, currency)
        return _("%(amount)s or more") % {"amount": amount}
    return _("%(n)s or more") % {"n": f"{units:,}"}


def size_chart(layering: Layering, by: Staff, at: datetime) -> charts.Figure | None:
    """Return the chart of sizes over time, or None.

    Stored sizes count the whole community, so users with a scope do not get them.
    """
    if by.scope is not None:
        return None
    first = by.community.day(at) - HISTORY_DAYS + 1
    history: dict[str, dict[int, int]] = {}
    for day, sizes in layers.sizes_by_day(layering, first).items():
        for layer, size in sizes.items():
            history.setdefault(layer, {})[day] = size
    days = {day for by_day in history.values() for day in by_day}
    if len(days) < 2:
        return None
    span = range(min(days), max(days) + 1)
    series = [
        charts.Series(label=label, values=[*map(history.get(key, {}).get, span)])
        for key, label in layer_specs.names_of(layering.spec).items()
    ]
    return charts.Figure(
        name=f"layers-{layering.pk}",
        title=_("Layer sizes over time"),
        unit=_("members"),
        days=[*map(community_days.to_date, span)],
        series=series,
        definition=_(
            "Members in each layer after the last run of each day. A day without a run "
            "is a gap."
        ),
        equals=True,
    )


def get_layering(request: http.Request, pk: int) -> Layering:
    rows = Layering.objects.select_related("community")
    layering = rows.filter(community=request.community, pk=pk).first()
    if layering is None:
        raise layers.LayeringNotFound(_("There is no such layering."))
    return layering
