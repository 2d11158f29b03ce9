"""Moves between layers since yesterday: the table, and the people of one cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.layers import finding
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import ABSENT
from qunce.members.search import member_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qunce.console.layers.presenters import Sketch

PAGE = 50


@dataclass(frozen=True)
class Cell:
    size: int
    href: str
    stayed: bool


@dataclass(frozen=True)
class Table:
    """Rows are where they were, columns where they are."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


def table(sketch: Sketch) -> Table | None:
    moves = sketch.moves
    if moves is None:
        return None
    names = sketch.names
    keys = [*names]
    url = reverse("layers:changes", args=[sketch.layering.pk])

    def cell(old: str, new: str) -> Cell:
        size = moves.sizes.get((old, new), 0)
        asked = urlencode({"from": old, "to": new})
        return Cell(size, f"{url}?{asked}" if size and old != new else "", old == new)

    rows = [(names[old], [cell(old, new) for new in [*keys, ABSENT]]) for old in keys]
    rows.append(
        (
            _("newly joined"),
            [cell(ABSENT, new) for new in keys] + [Cell(0, "", stayed=True)],
        )
    )
    return Table([*names.values(), _("left")], rows)


@require_GET
@http.page()
def people(request: http.Request, pk: int) -> HttpResponse:
    """Who went from one layer to another since yesterday, the newest accounts first."""
    layering = finding.find(request, pk)
    before, after = request.GET.get("from", ""), request.GET.get("to", "")
    found = layer_moves.list_people(
        layering=layering,
        day=request.community.day(request.at) - 1,
        before=before,
        after=after,
        by=request.staff,
        at=request.at,
    )
    text = request.GET.get("before", "")
    upto = int(text) if text.isdecimal() and len(text) < 18 else None
    left = [head for head in reversed(found) if upto is None or head < upto]
    names = {layer["key"]: layer.get("name") or layer["key"] for layer in _of(layering)}
    context = {
        "layering": layering,
        "before": names.get(before, _("newly joined")),
        "after": names.get(after, _("left")),
        "count": len(found),
        "rows": member_list.load_rows(left[:PAGE], by=request.staff),
        "next": left[PAGE - 1] if len(left) > PAGE else None,
    }
    return http.render(request, "console/layers/moves.html", context)


def _of(layering: layers.Layering) -> list[dict[str, str]]:
    return list(layering.spec["layers"])
