"""The page of one member, and the parts of it that come after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import presenters
from qunce.console.members import timeline as member_timeline
from qunce.console.members.forms import IdentifierForm, NoteForm, TagForm
from qunce.core import permissions
from qunce.members.accounts import accounts
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.people import notes, people, remark_names
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.outreach import opt_outs
from qunce.sales.orders import Order
from qunce.sets import audiences, timelines

ORDERS = 8
FACTS = 30


@require_GET
@http.page()
def show(request: Request, pk: int) -> HttpResponseBase:
    member = presenters.seen(request, pk)
    if member.id != pk:
        return redirect("members:detail", pk=member.id)
    return http.render(request, "console/members/page.html", about(request, member))


def about(request: Request, member: presenters.Member, **forms: Any) -> dict[str, Any]:
    """What the page needs; `forms` are those that came back with errors."""
    by = request.staff
    return {
        "member": member,
        "remark": remark_names.render_for(member.person, by=by),
        "orders": _orders(member),
        "layers": _layers(request, member),
        "note_form": NoteForm(by=by, at=request.at),
        "tag_form": TagForm(community=request.community),
        "identifier_form": IdentifierForm(),
        "may_tend": permissions.may(by, accounts.EDIT),
        "may_fill": permissions.may(by, attributes.EDIT),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_note": permissions.may(by, notes.WRITE),
        "may_merge": permissions.may(by, people.MERGE),
        "may_opt_out": permissions.may(by, opt_outs.EDIT),
        "may_erase": permissions.may(by, people.ERASE),
        "may_pattern": permissions.may(by, remark_names.MANAGE),
        **forms,
    }


def _orders(member: presenters.Member) -> list[Order]:
    rows = Order.objects.filter(account_id__in=member.family)
    return list(rows.order_by("-paid_at", "-pk")[:ORDERS])


def _layers(request: Request, member: presenters.Member) -> list[tuple[Any, str, str]]:
    """Layering, the layer's key and its name, as of the newest run."""
    found = []
    for layering in layers.list_active(request.community):
        key = layers.layer_of(layering, member.id)
        known = {e["key"]: e.get("name") or e["key"] for e in layering.spec["layers"]}
        found.append((layering, key, known.get(key, key)))
    return found


@require_GET
@http.page()
def timeline(request: Request, pk: int) -> HttpResponse:
    """Everything that happened to her, the newest first, page by page."""
    member = presenters.seen(request, pk)
    happened = timelines.list_facts(
        community=request.community,
        accounts=member.family,
        limit=FACTS + 1,
        before=_cursor(request),
    )
    shown = happened[:FACTS]
    more = ""
    if len(happened) > FACTS:
        more = "-".join(str(part) for part in timelines.cursor_of(shown[-1]))
    told = member_timeline.Teller(request.staff, shown).tell()
    context = {"member": member, "told": told, "more": more}
    part = "console/members/_timeline.html"
    return http.render(request, "console/members/timeline.html", context, part=part)


def _cursor(request: Request) -> timelines.Cursor | None:
    micros, _dash, fact = request.GET.get("before", "").partition("-")
    if all(p.isascii() and p.isdigit() and len(p) < 18 for p in (micros, fact)):
        return int(micros), int(fact)
    return None


@require_GET
@http.page()
def fits(request: Request, pk: int) -> HttpResponse:
    """The segments that she is in now."""
    member = presenters.seen(request, pk)
    found = []
    for segment in segments.list_active(request.community):
        rule = {"segment": {"any": [segment.key]}}
        people = audiences.people(
            community=request.community, rule=rule, by=request.staff, at=request.at
        )
        if member.id in people:
            found.append(segment)
    context = {"member": member, "segments": found}
    part = "console/members/_segments.html"
    return http.render(request, "console/members/segments.html", context, part=part)


@require_GET
@http.page()
def peek(request: Request, pk: int) -> HttpResponseBase:
    """Beside the list; the whole page where there is no list."""
    if not request.htmx:
        return redirect("members:detail", pk=pk)
    member = presenters.seen(request, pk)
    week = request.at - timedelta(days=7)
    context = {
        "member": member,
        "layers": _layers(request, member),
        "remark": remark_names.render_for(member.person, by=request.staff),
        "week": week,
    }
    return http.render(request, "console/members/_peek.html", context)
