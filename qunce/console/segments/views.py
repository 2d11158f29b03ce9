"""Pages of segments, and the rule builder with its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.segments import rule_draft as segment_draft
from qunce.console.segments import rule_editing, sentence_line
from qunce.console.segments.builder_choices import Choices
from qunce.console.segments.presenters import builder
from qunce.console.segments.presenters import segments as presenters
from qunce.console.segments.rule_draft import Draft
from qunce.core import errors, permissions
from qunce.members.rule_text import contact_masks, free_sentences, sentences
from qunce.members.rule_text import names as rule_names
from qunce.members.segments import segments
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment
from qunce.outreach.campaigns import campaigns
from qunce.sets import audiences

PAGE_SIZE = 40
MAX_FROZEN_SEGMENTS = 20


def choices_of(request: http.Request) -> Choices:
    return Choices(request.staff, request.at)


def get_segment(request: http.Request, pk: int) -> Segment:
    rows = Segment.objects.select_related("community", "by")
    segment = rows.filter(community=request.community, pk=pk).first()
    if segment is None:
        raise segments.SegmentNotFound(_("There is no such segment."))
    return segment


# Lists


@require_GET
@http.page()
def list_page(request: http.Request) -> HttpResponse:
    """All segments with their rules as sentences and their sizes; frozen segments."""
    archived = request.GET.get("state") == "archived"
    query = request.GET.get("q", "").strip()[:80]
    rows = Segment.objects.filter(community=request.community)
    matches = rows.filter(
        Q(name__icontains=query) | Q(key__icontains=query),
        state="archived" if archived else "active",
    )
    ordered = matches.select_related("by").order_by("-changed_at", "-pk")
    page = Paginator(ordered, PAGE_SIZE).get_page(request.GET.get("page"))
    frozen = FrozenSegment.objects.filter(community=request.community)
    newest = frozen.select_related("by", "segment").order_by("-at", "-pk")
    viewer: dict[str, Any] = {"by": request.staff, "at": request.at}
    context = {
        "rows": presenters.list_rows(request.community, list(page), **viewer),
        "pages": page,
        "archived": archived,
        "archived_count": rows.filter(state="archived").count(),
        "has_segments": rows.exists(),
        "query": query,
        "frozen_segments": [
            (each, presenters.count_frozen(each, **viewer))
            for each in newest[:MAX_FROZEN_SEGMENTS]
        ],
        "may": permissions.may(request.staff, segments.MANAGE),
    }
    return http.render(
        request,
        "console/segments/list.html",
        context,
        part="console/segments/_segment_rows.html",
    )


@require_GET
@http.page()
def frozen_detail(request: http.Request, pk: int) -> HttpResponse:
    rows = FrozenSegment.objects.select_related("by", "segment")
    frozen = rows.filter(community=request.community, pk=pk).first()
    if frozen is None:
        raise segments.SegmentNotFound(_("There is no such frozen segment."))
    rule = {"segment": {"frozen": [frozen.key]}}
    viewer: dict[str, Any] = {"by": request.staff, "at": request.at}
    names = rule_names.find(request.community, frozen.rule)
    context = {
        "frozen": frozen,
        "size": presenters.count_frozen(frozen, **viewer),
        "present_size": audiences.count(
            community=request.community, rule=rule, **viewer
        ),
        "href": builder.members_url({"with_left": rule}),
        "present_href": builder.members_url(rule),
        "sentence": sentences.describe(
            contact_masks.masked(frozen.rule, request.staff), names
        ),
    }
    return http.render(request, "console/segments/frozen.html", context)


@require_GET
@http.page()
def overlap(request: http.Request) -> HttpResponse:
    """How many members two segments have in common."""
    active = segments.list_active(request.community)
    by_id = {str(segment.pk): segment for segment in active}
    left, right = (by_id.get(request.GET.get(side, "")) for side in ("left", "right"))
    context: dict[str, Any] = {"segments": active, "left": left, "right": right}
    if left and right:
        try:
            context["parts"] = presenters.list_overlap_parts(
                left, right, by=request.staff, at=request.at
            )
        except errors.Invalid as error:
            context["error"] = str(error)
    return http.render(
        request,
        "console/segments/overlap.html",
        context,
        part="console/segments/_overlap.html",
    )


@require_GET
@http.page()
def chart(request: http.Request, pk: int) -> HttpResponse:
    """The size over time as a file."""
    figure = presenters.build_chart(
        get_segment(request, pk), by=request.staff, at=request.at
    )
    if figure is None:
        raise Http404
    return chart_downloads.render_download(figure, request.GET.get("as", "json"))


# The rule builder


@require_GET
@http.page()
def new(request: http.Request) -> HttpResponse:
    """Starts with everyone, or with the rule in the URL."""
    return render_builder(request, _draft_from_url(request, {"all": []}))


@require_GET
@http.page()
def detail(request: http.Request, pk: int) -> HttpResponse:
    segment = get_segment(request, pk)
    contact_masks.check_readable(segment.rule, request.staff)
    return render_builder(request, _draft_from_url(request, segment.rule), segment)


def _draft_from_url(request: http.Request, rule: Any) -> Draft:
    text = request.GET.get("rule")
    draft = segment_draft.start(rule_editing.parse_json(text) if text else rule)
    person = segment_draft.parse_person(request.GET.get("why", ""))
    return replace(draft, person=person)


@require_POST
@http.page()
def edit_new_rule(request: http.Request) -> HttpResponse:
    return _edit(request, None)


@require_POST
@http.page()
def edit_rule(request: http.Request, pk: int) -> HttpResponse:
    return _edit(request, get_segment(request, pk))


def _edit(request: http.Request, segment: Segment | None) -> HttpResponse:
    choices = choices_of(request)
    draft = segment_draft.load(request.POST, choices)
    action = request.POST.get("do", "look")
    edited = segment_draft.apply_action(draft, action, choices)
    return render_builder(request, edited, segment)


def render_builder(
    request: http.Request,
    draft: Draft,
    segment: Segment | None = None,
    error: str = "",
) -> HttpResponse:
    """The page of a rule; `error` is why it could not be saved."""
    post = request.POST if request.method == "POST" else {}
    query = str(post.get("who", ""))[:80]
    edit_url, save_url = reverse("segments:new-rule"), reverse("segments:create")
    if segment is not None:
        edit_url = reverse("segments:rule", args=[segment.pk])
        save_url = reverse("segments:update", args=[segment.pk])
    context = {
        "name": post.get("name", segment.name if segment else ""),
        "note": post.get("note", segment.description if segment else ""),
        "query": query,
        "draft": draft,
        "segment": segment,
        "error": error,
        "may": permissions.may(request.staff, segments.MANAGE),
        "may_send": permissions.may(request.staff, campaigns.MANAGE),
        "edit_url": edit_url,
        "save_url": save_url,
        "page": builder.build_page(draft, choices_of(request), query),
    }
    # HTMX replaces the builder only, not what is below it.
    if segment is not None and not request.htmx:
        context |= presenters.describe_segment(segment, by=request.staff, at=request.at)
    return http.render(
        request,
        "console/segments/builder.html",
        context,
        part="console/segments/_builder.html",
        status=422 if error else 200,
    )


@require_POST
@http.page()
def counts(request: http.Request) -> HttpResponse:
    """The numbers alone while a clause is being typed; nothing that has the focus."""
    choices = choices_of(request)
    draft = segment_draft.load(request.POST, choices)
    page = builder.build_page(draft, choices)
    context = {
        "page": page,
        "draft": draft,
        "live": True,
        "has_sample": "without-sample" not in request.POST,
    }
    return http.render(request, "console/segments/_counts.html", context)


@require_POST
@http.page()
def sentence(request: http.Request) -> HttpResponse:
    """What is understood of a sentence while it is being typed."""
    text = request.POST.get("sentence", "")[: 2 * free_sentences.MAX_LENGTH]
    line = sentence_line.read(text, choices_of(request))
    return http.render(
        request, "console/segments/_sentence_reading.html", {"line": line}
    )


@require_POST
@http.page()
def options(request: http.Request, field: str) -> HttpResponse:
    """The options that a picker of the open form finds."""
    form = segment_draft.load(request.POST, choices_of(request)).form
    if form is None or field not in form.fields:
        raise errors.NotFound(_("There are no options to choose from."))
    bound = form[field]
    widget = form.fields[field].widget
    picker = widget.get_context(bound.html_name, bound.value(), {})
    context = {
        "name": bound.html_name,
        "part": "offered",
        "options": picker["offered"],
    }
    return http.render(request, "console/segments/_options.html", context)
