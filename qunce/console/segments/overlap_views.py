"""How much two segments have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.segments import presenters
from qunce.core import errors
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment
from qunce.sets import audiences

WIDTH = 600


@dataclass(frozen=True)
class Part:
    """One of the three parts, and where its bar stands in the drawing."""

    words: str
    size: int
    href: str
    x: int
    width: int


@require_GET
@http.page()
def page(request: http.Request) -> HttpResponse:
    known = segments.list_active(request.community)
    left, right = (_chosen(request, known, side) for side in ("left", "right"))
    context: dict[str, Any] = {"segments": known, "left": left, "right": right}
    if left and right:
        try:
            context["parts"] = _parts(request, left, right)
        except errors.Invalid as error:
            context["error"] = str(error)
    return http.render(
        request,
        "console/segments/overlap.html",
        context,
        part="console/segments/_overlap.html",
    )


def _chosen(request: http.Request, known: list[Segment], side: str) -> Segment | None:
    wanted = request.GET.get(side, "")
    return next((each for each in known if str(each.pk) == wanted), None)


def _parts(request: http.Request, left: Segment, right: Segment) -> list[Part]:
    one, other = ({"segment": {"any": [each.key]}} for each in (left, right))
    found = audiences.overlap(
        community=request.community,
        left=one,
        right=other,
        by=request.staff,
        at=request.at,
    )
    rules = [[one, {"not": other}], [one, other], [other, {"not": one}]]
    words = [
        _("only in “%(name)s”") % {"name": left.name},
        _("in both"),
        _("only in “%(name)s”") % {"name": right.name},
    ]
    sizes = [found.left, found.both, found.right]
    whole, parts, x = max(sum(sizes), 1), [], 0
    for said, size, rule in zip(words, sizes, rules, strict=True):
        width = round(WIDTH * size / whole)
        parts.append(Part(said, size, presenters.people({"all": rule}), x, width))
        x += width
    return parts
