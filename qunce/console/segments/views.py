"""The rule builder: a rule as lines that are edited in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import chart_downloads, http
from qunce.console.segments import draft as segment_draft
from qunce.console.segments import history, presenters, rule_editing
from qunce.console.segments.choices import Desk
from qunce.console.segments.draft import Draft
from qunce.core import errors, permissions
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment
from qunce.outreach.campaigns import campaigns


def desk(request: http.Request) -> Desk:
    return Desk(request.staff, request.at)


def find(request: http.Request, pk: int) -> Segment:
    rows = Segment.objects.select_related("community", "by")
    found = rows.filter(community=request.community, pk=pk).first()
    if found is None:
        raise segments.SegmentNotFound(_("There is no such segment."))
    return found


@require_GET
@http.page()
def new(request: http.Request) -> HttpResponse:
    """Begins with everyone, or with the rule in the address."""
    return show(request, _given(request, {"all": []}))


@require_GET
@http.page()
def page(request: http.Request, pk: int) -> HttpResponse:
    segment = find(request, pk)
    return show(request, _given(request, segment.rule), segment)


def _given(request: http.Request, rule: Any) -> Draft:
    text, why = request.GET.get("rule"), request.GET.get("why", "")
    draft = segment_draft.begin(rule_editing.given(text) if text else rule)
    return replace(draft, why=int(why) if why.isdecimal() and len(why) < 19 else None)


@require_POST
@http.page()
def edit_new(request: http.Request) -> HttpResponse:
    return _edited(request, None)


@require_GET
@http.page()
def chart(request: http.Request, pk: int) -> HttpResponse:
    """Its size over time as a file."""
    found = history.figure(find(request, pk), desk(request))
    if found is None:
        raise Http404
    return chart_downloads.answer(found, request.GET.get("as", "json"))


@require_POST
@http.page()
def edit(request: http.Request, pk: int) -> HttpResponse:
    return _edited(request, find(request, pk))


def _edited(request: http.Request, segment: Segment | None) -> HttpResponse:
    at_desk = desk(request)
    draft = segment_draft.read(request.POST, at_desk)
    done = segment_draft.do(draft, request.POST.get("do", "look"), at_desk)
    return show(request, done, segment)


def show(
    request: http.Request,
    draft: Draft,
    segment: Segment | None = None,
    error: str = "",
) -> HttpResponse:
    """The page of a rule; `error` is why it could not be saved."""
    at_desk = desk(request)
    context = _typed(request, segment) | {
        "draft": draft,
        "segment": segment,
        "error": error,
        "may": permissions.may(request.staff, segments.MANAGE),
        "may_send": permissions.may(request.staff, campaigns.MANAGE),
        "action": _url(segment, "rule"),
        "save": _url(segment, "save"),
    }
    context["board"] = presenters.of(draft, at_desk, context["who"])
    if segment is not None and not request.htmx:
        context |= history.of(segment, at_desk)
    return http.render(
        request,
        "console/segments/builder.html",
        context,
        part="console/segments/_builder.html",
        status=422 if error else 200,
    )


def _typed(request: http.Request, segment: Segment | None) -> dict[str, Any]:
    typed = request.POST if request.method == "POST" else {}
    return {
        "name": typed.get("name", segment.name if segment else ""),
        "note": typed.get("note", segment.description if segment else ""),
        "who": str(typed.get("who", ""))[:80],
    }


def _url(segment: Segment | None, action: str) -> str:
    if segment is None:
        return reverse({"rule": "segments:new-rule", "save": "segments:create"}[action])
    return reverse(f"segments:{action}", args=[segment.pk])


@require_POST
@http.page()
def numbers(request: http.Request) -> HttpResponse:
    """The numbers alone while a clause is being typed; nothing that has the focus."""
    at_desk = desk(request)
    draft = segment_draft.read(request.POST, at_desk)
    context = {"board": presenters.of(draft, at_desk), "draft": draft, "live": True}
    return http.render(request, "console/segments/_numbers.html", context)


@require_POST
@http.page()
def options(request: http.Request, field: str) -> HttpResponse:
    """What a picker of the clause in work finds."""
    draft = segment_draft.read(request.POST, desk(request))
    form = draft.form
    if form is None or field not in form.fields:
        raise errors.NotFound(_("There are no options to choose from."))
    bound = form[field]
    context = form.fields[field].widget.get_context(bound.html_name, bound.value(), {})
    context["name"] = bound.html_name
    return http.render(request, "console/segments/_options.html", context)
