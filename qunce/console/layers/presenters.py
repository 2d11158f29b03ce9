"""A layering as it is shown: layers with size and share, bars, rules in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.layers import forms
from qunce.core import community_days, money
from qunce.insight import charts
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers import specs as layer_specs
from qunce.members.layers.layers import ABSENT, Layering
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.sets import audiences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from qunce.console.layers.forms import Field
    from qunce.core.staff.models import Staff
    from qunce.members.layers.layers import Layering
    from qunce.members.layers.moves import LayerMoves
    from qunce.sets.rules.phrasing import Names, Pieces

BAR_WIDTH = 600
HISTORY_DAYS = 90


@dataclass(frozen=True)
class Layer:
    field: Field
    number: int
    size: int
    x: int
    width: int
    href: str
    bound: str = ""
    came: int = 0
    went: int = 0
    said: Pieces = ()

    @property
    def name(self) -> str:
        return self.field.name or self.field.key


@dataclass(frozen=True)
class LayeringView:
    layering: Layering
    layers: Sequence[Layer]
    moves: LayerMoves | None = None

    @property
    def whole(self) -> int:
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
    """Who is in which layer now, newcomers in that for newcomers."""
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
    counted: Mapping[str, int],
    found: Mapping[str, int],
    moves: LayerMoves | None = None,
) -> LayeringView:
    whole, x, seen, shown = max(sum(counted.values()), 1), 0, 0, []
    currency = layering.community.currency
    names = rule_names.find(
        layering.community, *(layer.get("rule") for layer in spec["layers"])
    )
    for number, field in enumerate(forms.fields_of(spec, currency)):
        size = counted.get(field.key, 0)
        width = round(BAR_WIDTH * (seen + size) / whole) - x
        layer = Layer(field, number, size, x, width, _members_url(layering, field.key))
        bound = _describe_bound(field, spec, found, currency)
        layer = replace(layer, bound=bound, said=_describe_rule(field, found, names))
        shown.append(_with_moves(layer, moves) if moves else layer)
        x, seen = x + width, seen + size
    return LayeringView(layering, shown, moves)


def _with_moves(layer: Layer, moves: LayerMoves) -> Layer:
    key = layer.field.key
    return replace(layer, came=moves.into(key), went=moves.out_of(key))


def _members_url(layering: Layering, key: str) -> str:
    asked = urlencode({"layering": layering.pk, "layer": key})
    return f"{reverse('members:list')}?{asked}"


def _describe_bound(
    field: Field, spec: Mapping[str, Any], found: Mapping[str, int], currency: str
) -> str:
    """From which sum on a share begins, as found in the data."""
    if field.how != "top" or field.key not in found:
        return ""
    units = found[field.key]
    if forms.is_money(spec):
        return _("%(amount)s %(currency)s or more") % {
            "amount": money.format_amount(units, currency),
            "currency": currency,
        }
    return _("%(n)s or more") % {"n": f"{units:,}"}


def _describe_rule(field: Field, found: Mapping[str, int], names: Names) -> Pieces:
    if field.rule is None:
        return ()
    return sentences.describe(
        layer_specs.fill_placeholders(field.rule, {**EXAMPLE_GAPS, **found}), names
    )


EXAMPLE_GAPS = {"median": 30, "long": 90}


def _size_history(layering: Layering, today: int) -> dict[str, dict[int, int]]:
    """Layer → day → size after the last run of that day."""
    rows = layers.LayerSet.objects.filter(
        run__layering=layering, run__day__gt=today - HISTORY_DAYS
    ).order_by("run_id")
    known: dict[str, dict[int, int]] = {}
    for layer, day, size in rows.values_list("layer", "run__day", "size"):
        known.setdefault(layer, {})[day] = size
    return known


def fill_gaps(known: Mapping[int, int], span: Sequence[date]) -> list[int | None]:
    """A day without a run is as the day before left it."""
    found: list[int | None] = []
    for day in map(community_days.from_date, span):
        found.append(known.get(day, found[-1] if found else None))
    return found


def size_chart(layering: Layering, by: Staff, at: datetime) -> charts.Figure | None:
    """Sizes run by run, which are the whole community's: only who sees that sees them."""
    if by.scope is not None:
        return None
    known = _size_history(layering, by.community.day(at))
    every = {day for by_day in known.values() for day in by_day}
    if len(every) < 2:
        return None
    span = [community_days.to_date(day) for day in range(min(every), max(every) + 1)]
    series = [
        charts.Series(
            label=layer.get("name") or layer["key"],
            values=fill_gaps(known.get(layer["key"], {}), span),
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
    href: str
    stayed: bool


@dataclass(frozen=True)
class ChangeTable:
    """Rows are where they were, columns where they are."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[ChangeCell]]]


def change_table(sketch: LayeringView) -> ChangeTable | None:
    moves = sketch.moves
    if moves is None:
        return None
    names = sketch.names
    keys = [*names]
    url = reverse("layers:changes", args=[sketch.layering.pk])

    def cell(old: str, new: str) -> ChangeCell:
        size = moves.sizes.get((old, new), 0)
        asked = urlencode({"from": old, "to": new})
        return ChangeCell(
            size, f"{url}?{asked}" if size and old != new else "", old == new
        )

    rows = [(names[old], [cell(old, new) for new in [*keys, ABSENT]]) for old in keys]
    rows.append(
        (
            _("newly joined"),
            [cell(ABSENT, new) for new in keys] + [ChangeCell(0, "", stayed=True)],
        )
    )
    return ChangeTable([*names.values(), _("left")], rows)


def layers_of(layering: layers.Layering) -> list[dict[str, str]]:
    return list(layering.spec["layers"])


def get_layering(request: http.Request, pk: int) -> Layering:
    rows = Layering.objects.select_related("community")
    found = rows.filter(community=request.community, pk=pk).first()
    if found is None:
        raise layers.LayeringNotFound(_("There is no such layering."))
    return found
