"""A layering as pages show it: sizes, shares, bars, rules as text, and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.layers import forms
from qunce.console.layers.forms import Field, NumberField
from qunce.core import community_days, money
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight import charts
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import ABSENT, Layering, LayerRun
from qunce.members.layers.moves import LayerMoves
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.sets import audiences
from qunce.sets.rules.phrasing import Pieces

BAR_WIDTH = 600
TONES = 6
"""Colours of layers; further layers begin with the first again, as in charts."""
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
        return self.index % TONES + 1


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
        return _("%(amount)s %(currency)s or more") % {
            "amount": money.format_amount(units, currency),
            "currency": currency,
        }
    return _("%(n)s or more") % {"n": f"{units:,}"}


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
    first = by.community.day(at) - HISTORY_DAYS + 1
    history: dict[str, dict[int, int]] = {}
    for day, sizes in layers.sizes_by_day(layering, first).items():
        for layer, size in sizes.items():
            history.setdefault(layer, {})[day] = size
    days = {day for by_day in history.values() for day in by_day}
    if len(days) < 2:
        return None
    span = [community_days.to_date(day) for day in range(min(days), max(days) + 1)]
    series = [
        charts.Series(label=label, values=fill_gaps(history.get(key, {}), span))
        for key, label in layer_specs.names_of(layering.spec).items()
    ]
    return charts.Figure(
        name=f"layers-{layering.pk}",
        title=_("Layer sizes over time"),
        unit=_("members"),
        days=span,
        series=series,
        definition=_("Members in each layer after the last run of each day."),
        equals=True,
    )


PAGE_SIZE = 50


@dataclass(frozen=True)
class Days:
    """Two days of which layers are compared; `until` None is now."""

    since: int
    until: int | None = None

    @property
    def since_date(self) -> str:
        return community_days.to_date(self.since).isoformat()

    @property
    def until_date(self) -> str:
        if self.until is None:
            return ""
        return community_days.to_date(self.until).isoformat()

    @classmethod
    def from_query(cls, query: Mapping[str, str], today: int) -> Days:
        """Yesterday and now, unless the query has other days."""
        since = _parse_day(query.get("since", ""))
        until = _parse_day(query.get("until", ""))
        return cls(today - 1 if since is None else since, until)


def _parse_day(text: str) -> int | None:
    try:
        return community_days.from_date(date.fromisoformat(text[:10]))
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class ChangeCell:
    """`redefined` counts those who moved because the layering was changed."""

    size: int
    url: str = ""
    is_unchanged: bool = False
    redefined: int = 0


@dataclass(frozen=True)
class ChangeTable:
    """Rows are the layers of the first day, columns those of the second."""

    headings: Sequence[str]
    rows: Sequence[tuple[str, Sequence[ChangeCell]]]
    moves: LayerMoves

    @property
    def redefined(self) -> int:
        return sum(self.moves.redefined.values())


def change_table(
    layering: Layering, days: Days, by: Staff, at: datetime
) -> ChangeTable | None:
    moves = layer_moves.moves_since(
        layering=layering, day=days.since, until=days.until, by=by, at=at
    )
    if moves is None:
        return None
    old_names = layer_names(layering, moves.before)
    new_names = layer_names(layering, moves.after)
    url = reverse("layers:changes", args=[layering.pk])

    def cell(old: str, new: str) -> ChangeCell:
        size = moves.sizes.get((old, new), 0)
        query = urlencode(
            {
                "from": old,
                "to": new,
                "since": days.since_date,
                **({"until": days.until_date} if days.until_date else {}),
            }
        )
        return ChangeCell(
            size,
            f"{url}?{query}" if size and old != new else "",
            old == new,
            moves.redefined.get((old, new), 0),
        )

    rows = [
        (name, [cell(old, new) for new in [*new_names, ABSENT]])
        for old, name in old_names.items()
    ]
    arrived = [cell(ABSENT, new) for new in new_names]
    rows.append((_("newly joined"), [*arrived, ChangeCell(0, is_unchanged=True)]))
    return ChangeTable([*new_names.values(), _("left")], rows, moves)


def layer_names(layering: Layering, run: LayerRun | None = None) -> dict[str, str]:
    """Layer → its name: today's, or the one at a run for a layer that was removed."""
    today = layer_specs.names_of(layering.spec)
    if run is None or not run.spec:
        return today
    names = layer_specs.names_of(run.spec)
    return {key: today.get(key, name) for key, name in names.items()}


def get_layering(request: http.Request, pk: int) -> Layering:
    rows = Layering.objects.select_related("community")
    layering = rows.filter(community=request.community, pk=pk).first()
    if layering is None:
        raise layers.LayeringNotFound(_("There is no such layering."))
    return layering
