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

from qunce.console import entry
from qunce.console.segments import boards, builder, histories
from qunce.core import access
from qunce.members import segments, sentencenames, sentences
from qunce.members.segments import FrozenSegment, Segment
from qunce.sets import audiences
from qunce.sets.leaves import RuleError

if TYPE_CHECKING:
    from qunce.members.phrases import Names, Pieces

PAGE = 40


@dataclass(frozen=True)
class Row:
    segment: Segment
    said: Pieces
    size: int | None
    trouble: str = ""


@require_GET
@entry.page()
def page(request: entry.Request) -> HttpResponse:
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
        "may": access.may(request.operator, segments.MANAGE),
    }
    return entry.render(
        request,
        "console/segments/list.html",
        context,
        part="console/segments/_rows.html",
    )


def _rows(request: entry.Request, shown: Sequence[Segment]) -> list[Row]:
    names = sentencenames.of_rules(request.community, [each.rule for each in shown])
    return [_row(request, each, names) for each in shown]


def _row(request: entry.Request, segment: Segment, names: Names) -> Row:
    said = sentences.said(segment.rule, names)
    segment.community = request.community
    try:
        size = segments.count(segment=segment, by=request.operator, at=request.at)
    except RuleError as error:
        return Row(segment, said, None, str(error))
    return Row(segment, said, size)


def _lists(request: entry.Request) -> list[tuple[FrozenSegment, int]]:
    rows = FrozenSegment.objects.filter(community=request.community)
    newest = rows.select_related("by", "segment").order_by("-at", "-pk")[:20]
    desk = builder.desk(request)
    return [(each, histories.size(each, desk)) for each in newest]


@require_GET
@entry.page()
def frozen(request: entry.Request, pk: int) -> HttpResponse:
    """One list: how it came about, how many of it are still here."""
    rows = FrozenSegment.objects.select_related("by", "segment")
    found = rows.filter(community=request.community, pk=pk).first()
    if found is None:
        raise segments.UnknownSegment(_("There is no such list."))
    desk = builder.desk(request)
    rule = {"segment": {"frozen": [found.key]}}
    names = sentencenames.of(request.community, found.rule)
    context = {
        "frozen": found,
        "size": histories.size(found, desk),
        "here": audiences.count(
            community=request.community, rule=rule, by=request.operator, at=request.at
        ),
        "href": boards.people({"with_left": rule}),
        "here_href": boards.people(rule),
        "said": sentences.said(found.rule, names),
    }
    return entry.render(request, "console/segments/frozen.html", context)
