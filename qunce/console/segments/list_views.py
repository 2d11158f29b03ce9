"""All segments with their sizes, each read as a sentence; and the lists frozen of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.segments import history, presenters, views
from qunce.core import permissions
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.segments import segments
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.sets.rules.phrasing import Names, Pieces

PAGE = 40


@dataclass(frozen=True)
class Row:
    segment: Segment
    said: Pieces
    size: int | None
    trouble: str = ""


@require_GET
@http.page()
def page(request: http.Request) -> HttpResponse:
    archived = request.GET.get("state") == "archived"
    words = request.GET.get("q", "").strip()[:80]
    rows = Segment.objects.filter(community=request.community)
    fits = Q(name__icontains=words) | Q(key__icontains=words)
    chosen = rows.filter(fits, state="archived" if archived else "active")
    pages = Paginator(chosen.select_related("by").order_by("-changed_at", "-pk"), PAGE)
    shown = pages.get_page(request.GET.get("page"))
    context = {
        "rows": _rows(request, list(shown)),
        "pages": shown,
        "archived": archived,
        "archived_count": rows.filter(state="archived").count(),
        "are_any": rows.exists(),
        "searched": words,
        "lists": _lists(request),
        "may": permissions.may(request.staff, segments.MANAGE),
    }
    return http.render(
        request,
        "console/segments/list.html",
        context,
        part="console/segments/_rows.html",
    )


def _rows(request: http.Request, shown: Sequence[Segment]) -> list[Row]:
    names = rule_names.find(request.community, *(each.rule for each in shown))
    return [_row(request, each, names) for each in shown]


def _row(request: http.Request, segment: Segment, names: Names) -> Row:
    said = sentences.describe(segment.rule, names)
    segment.community = request.community
    try:
        size = segments.count(segment=segment, by=request.staff, at=request.at)
    except RuleError as error:
        return Row(segment, said, None, str(error))
    return Row(segment, said, size)


def _lists(request: http.Request) -> list[tuple[FrozenSegment, int]]:
    rows = FrozenSegment.objects.filter(community=request.community)
    newest = rows.select_related("by", "segment").order_by("-at", "-pk")[:20]
    desk = views.desk(request)
    return [(each, history.size(each, desk)) for each in newest]


@require_GET
@http.page()
def frozen(request: http.Request, pk: int) -> HttpResponse:
    """One list: how it came about, how many of it are still here."""
    rows = FrozenSegment.objects.select_related("by", "segment")
    found = rows.filter(community=request.community, pk=pk).first()
    if found is None:
        raise segments.SegmentNotFound(_("There is no such frozen segment."))
    desk = views.desk(request)
    rule = {"segment": {"frozen": [found.key]}}
    names = rule_names.find(request.community, found.rule)
    context = {
        "frozen": found,
        "size": history.size(found, desk),
        "here": audiences.count(
            community=request.community, rule=rule, by=request.staff, at=request.at
        ),
        "href": presenters.people({"with_left": rule}),
        "here_href": presenters.people(rule),
        "said": sentences.describe(found.rule, names),
    }
    return http.render(request, "console/segments/frozen.html", context)
