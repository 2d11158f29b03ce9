"""Pages of the idea box: the board, one idea, its form, pasted links, festivals."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.activities import activities
from qunce.console import http, paging
from qunce.console.ideas import presenters
from qunce.console.ideas.forms import AssignForm, IdeaForm, PasteForm
from qunce.core import errors, permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.content import files
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import (
    assignment,
    feeds,
    festivals,
    ideas,
    pasted_links,
    search,
)
from qunce.outreach.ideas.models import Idea, Source, State
from qunce.outreach.ideas.search import Filters

COLUMN_SIZE, PAGE_SIZE = 20, 60
MAX_QUERY_LENGTH = 80


def parse_filters(request: http.Request) -> Filters:
    given = {
        name: request.GET.get(name, "").replace("\0", "")[:MAX_QUERY_LENGTH]
        for name in ("content_type", "source", "tag", "state", "due")
    }
    query = request.GET.get("q", "").replace("\0", "")[:MAX_QUERY_LENGTH]
    is_archived = given["state"] == "archived"
    if given["state"] not in State.values:
        given["state"] = ""
    return Filters(
        query=query,
        archived=is_archived,
        feed=paging.parse_number(request, "feed") or None,
        **given,
    )


@require_GET
@http.page()
def idea_list(request: http.Request) -> HttpResponse:
    """The board, or one state with all its ideas."""
    filters = parse_filters(request)
    found = search.find(request.staff, filters, at=request.at)
    everything = list(ideas.list_visible(request.staff).values_list("tags", flat=True))
    is_single = bool(filters.state) or filters.archived
    page = max(paging.parse_number(request, "page", 1), 1) if is_single else 1
    size = PAGE_SIZE if is_single else COLUMN_SIZE
    states = [State(filters.state)] if filters.state else list(presenters.ORDER)
    columns = presenters.columns(
        found, request.at, states=states, start=(page - 1) * size, limit=size
    )
    context = {
        "columns": [c for c in columns if c.total or not filters.archived],
        "total": len(found),
        "are_any": bool(everything),
        "filters": filters,
        "is_single": is_single,
        "content_types": ContentType.choices,
        "sources": Source.choices,
        "states": State.choices,
        "tags": sorted({tag for tags in everything for tag in tags}),
        "feeds": list(feeds.list_visible(request.staff)),
        "next": paging.link(request, page=page + 1)
        if is_single and any(c.total > page * size for c in columns)
        else "",
        "first": paging.link(request, page=None) if page > 1 else "",
        "may_manage": permissions.may(request.staff, files.MANAGE),
    }
    return http.render(
        request,
        "console/ideas/list.html",
        context,
        part="console/ideas/_board.html",
    )


@require_GET
@http.page()
def idea_detail(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    return render_detail(request, idea, AssignForm(request))


def render_detail(
    request: http.Request, idea: Idea, form: AssignForm, *, status: int = 200
) -> HttpResponse:
    (card,) = presenters.cards([idea], request.at)
    may_manage = permissions.may(request.staff, files.MANAGE)
    context = {
        "idea": idea,
        "card": card,
        "form": form,
        "may_open_task": card.task is not None
        and assignment.may_open(card.task, request.staff),
        "may_manage": may_manage and idea.archived_at is None,
        "may_start_topic": may_manage
        and idea.archived_at is None
        and permissions.may(request.staff, activities.MANAGE),
        "may_restore": may_manage and idea.archived_at is not None,
        "may_assign": may_manage
        and idea.archived_at is None
        and permissions.may(request.staff, campaigns.MANAGE),
    }
    return http.render(request, "console/ideas/detail.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def idea_create(request: http.Request) -> HttpResponse:
    form = IdeaForm(request.POST or None)
    if form.is_valid():
        try:
            idea = ideas.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _saved(request, idea)
    return _render_form(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def idea_update(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    form = IdeaForm(request.POST or None, idea=idea)
    if form.is_valid():
        try:
            ideas.update(
                idea=idea, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _saved(request, idea)
    return _render_form(request, form, idea)


def _saved(request: http.Request, idea: Idea) -> HttpResponse:
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("ideas:detail", args=[idea.pk]))


def _render_form(
    request: http.Request, form: IdeaForm, idea: Idea | None
) -> HttpResponse:
    context = {"form": form, "idea": idea}
    status = 422 if form.errors else 200
    return http.render(request, "console/ideas/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def paste(request: http.Request) -> HttpResponse:
    """The form, and after it what was added and what was in the box already."""
    form = PasteForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            pasted = pasted_links.paste(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error("text", str(error))
        else:
            if not pasted.known:
                http.flash(request, _added_text(len(pasted.added)))
                return http.redirect_back(request, reverse("ideas:list"))
            context |= {
                "pasted": pasted,
                "added": _added_text(len(pasted.added)) if pasted.added else "",
                "form": PasteForm(),
            }
    status = 422 if form.errors else 200
    return http.render(request, "console/ideas/paste.html", context, status=status)


def _added_text(count: int) -> str:
    text = ngettext(
        "%(n)s idea added. Its page is being read.",
        "%(n)s ideas added. Their pages are being read.",
        count,
    )
    return text % {"n": count}


@require_GET
@http.page()
def festival_list(request: http.Request) -> HttpResponse:
    """What is coming and has no idea yet."""
    today = festivals.today_of(request.staff, request.at)
    found = festivals.list_suggestions(by=request.staff, at=request.at)
    context = {
        "rows": [(coming, coming.days_left(today)) for coming in found],
        "may_manage": permissions.may(request.staff, files.MANAGE),
    }
    return http.render(request, "console/ideas/festivals.html", context)
