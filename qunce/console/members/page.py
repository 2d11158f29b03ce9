"""The page of one member, and the parts of it that come after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from qunce.console import entry
from qunce.console.entry import Request
from qunce.console.members import showing, telling
from qunce.console.members.forms import IdentifierForm, NoteForm, TagForm
from qunce.core import access
from qunce.members import (
    accounts,
    attributes,
    layers,
    notes,
    people,
    remarks,
    segments,
    tagging,
)
from qunce.outreach import optouts
from qunce.sales.orders import Order
from qunce.sets import audiences, bitmaps, history

ORDERS = 8
FACTS = 30


@require_GET
@entry.page()
def show(request: Request, pk: int) -> HttpResponseBase:
    member = showing.seen(request, pk)
    if member.head != pk:
        return redirect("members:page", pk=member.head)
    return entry.render(request, "console/members/page.html", about(request, member))


def about(request: Request, member: showing.Member, **forms: Any) -> dict[str, Any]:
    """What the page needs; `forms` are those that came back with errors."""
    by = request.operator
    return {
        "member": member,
        "remark": remarks.of(member.person, by=by),
        "orders": _orders(member),
        "layers": _layers(request, member),
        "note_form": NoteForm(by=by, at=request.at),
        "tag_form": TagForm(community=request.community),
        "identifier_form": IdentifierForm(),
        "may_tend": access.may(by, accounts.TEND),
        "may_fill": access.may(by, attributes.FILL),
        "may_tag": access.may(by, tagging.TEND),
        "may_note": access.may(by, notes.WRITE),
        "may_merge": access.may(by, people.MERGE),
        "may_opt_out": access.may(by, optouts.TEND),
        "may_erase": access.may(by, people.ERASE),
        "may_pattern": access.may(by, remarks.SET),
        **forms,
    }


def _orders(member: showing.Member) -> list[Order]:
    rows = Order.objects.filter(account_id__in=member.family)
    return list(rows.order_by("-paid_at", "-pk")[:ORDERS])


def _layers(request: Request, member: showing.Member) -> list[tuple[Any, str, str]]:
    """Layering, the layer's key and its name, as of the newest run."""
    found = []
    for layering in layers.listed(request.community):
        key = layers.layer_of(layering, member.head)
        known = {e["key"]: e.get("name") or e["key"] for e in layering.spec["layers"]}
        found.append((layering, key, known.get(key, key)))
    return found


@require_GET
@entry.page()
def timeline(request: Request, pk: int) -> HttpResponse:
    """Everything that happened to her, the newest first, page by page."""
    member = showing.seen(request, pk)
    happened = history.timeline(
        community=request.community,
        accounts=member.family,
        limit=FACTS + 1,
        before=_cursor(request),
    )
    shown = happened[:FACTS]
    more = ""
    if len(happened) > FACTS:
        more = "-".join(str(part) for part in history.cursor(shown[-1]))
    told = telling.Teller(request.operator, shown).tell()
    context = {"member": member, "told": told, "more": more}
    part = "console/members/_timeline.html"
    return entry.render(request, "console/members/timeline.html", context, part=part)


def _cursor(request: Request) -> history.Cursor | None:
    micros, _dash, fact = request.GET.get("before", "").partition("-")
    if all(p.isascii() and p.isdigit() and len(p) < 18 for p in (micros, fact)):
        return int(micros), int(fact)
    return None


@require_GET
@entry.page()
def fits(request: Request, pk: int) -> HttpResponse:
    """The segments that she is in now."""
    member = showing.seen(request, pk)
    found = []
    for segment in segments.listed(request.community):
        rule = {"segment": {"any": [segment.key]}}
        blob = audiences.freeze(
            community=request.community, rule=rule, by=request.operator, at=request.at
        )
        if member.head in bitmaps.thaw(blob):
            found.append(segment)
    context = {"member": member, "segments": found}
    part = "console/members/_segments.html"
    return entry.render(request, "console/members/segments.html", context, part=part)


@require_GET
@entry.page()
def peek(request: Request, pk: int) -> HttpResponseBase:
    """Beside the list; the whole page where there is no list."""
    if not request.htmx:
        return redirect("members:page", pk=pk)
    member = showing.seen(request, pk)
    week = request.at - timedelta(days=7)
    context = {
        "member": member,
        "layers": _layers(request, member),
        "remark": remarks.of(member.person, by=request.operator),
        "week": week,
    }
    return entry.render(request, "console/members/_peek.html", context)
