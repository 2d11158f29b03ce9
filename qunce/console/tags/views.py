"""Pages of the tag library: tags, their forms, batches, the report and templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django_stubs_ext import StrOrPromise

from qunce.console import http, paging
from qunce.console.tags import presenters
from qunce.console.tags.forms import MergeForm, TagForm
from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.members.tags import assignments, deepening, library, naming
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library as tag_library
from qunce.members.tags import merges as tag_merges
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report
from qunce.members.tags import templates as tag_templates
from qunce.members.tags.models import Tag

MAX_BATCHES_SHOWN = 10
"""Batches on the page of a tag."""


@http.page()
def tag_detail(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    return render_detail(request, tag)


def render_detail(
    request: http.Request, tag: Tag, *, error: str = "", typed: str = ""
) -> HttpResponse:
    (row,) = presenters.tag_rows([tag], request.staff, request.at)
    context = {
        "tag": tag,
        "row": row,
        "synonyms": tag.synonyms.order_by("key"),
        "deepened_by": [facts.label_of(kind) for kind in sorted(tag.deepened_by)],
        "merged_keys": set(tag.merged_tags.values_list("key", flat=True)),
        "batches": presenters.batch_rows(
            # Automatic ones only if there are no others.
            assignments.list_batches_of_tag(
                tag,
                request.staff,
                limit=MAX_BATCHES_SHOWN,
                exclude_sources=presenters.AUTOMATIC_SOURCES,
            )
            or assignments.list_batches_of_tag(
                tag, request.staff, limit=MAX_BATCHES_SHOWN
            ),
            request.staff,
        ),
        "may_manage": permissions.may(request.staff, tag_models.MANAGE),
        "error": error,
        "typed": typed,
    }
    status = 422 if error else 200
    return http.render(request, "console/tags/detail.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(tag_models.MANAGE)
def tag_update(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    form = TagForm(request.staff, request.POST or None, tag=tag)
    if request.method == "POST" and form.is_valid():
        try:
            by, at, values = request.staff, request.at, form.cleaned_data
            if values["group"] != tag.group:
                library.move(tag=tag, group=values["group"], by=by, at=at)
            if values["owner"] != tag.owner:
                library.set_owner(tag=tag, owner=values["owner"], by=by, at=at)
            if set(values["deepened_by"]) != set(tag.deepened_by):
                kinds = values["deepened_by"]
                deepening.set_kinds(tag=tag, kinds=kinds, by=by, at=at)
            if values["levels"] != [tuple(level) for level in tag.levels]:
                library.set_levels(tag=tag, levels=values["levels"], by=by, at=at)
            if (values["name"], values["description"]) != (tag.name, tag.description):
                name, description = values["name"], values["description"]
                library.update(
                    tag=tag, name=name, description=description, by=by, at=at
                )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, presenters.detail_url(tag))
    status = 422 if form.errors else 200
    context = {"form": form, "tag": tag}
    return http.render(request, "console/tags/update.html", context, status=status)


PAGE_SIZE = 100
NO_GROUP = "none"
BY_NAME, BY_MEMBERS = "name", "members"
AUTOMATIC = "automatic"


@http.page()
def tag_list(request: http.Request) -> HttpResponse:
    state = request.GET.get("state", "")
    archived = state == "archived"
    query = tag_library.list_tags(request.community, archived=archived)
    all_tags = list(query.select_related("group", "owner"))
    # The system's tags would crowd out those of staff.
    is_automatic = state == AUTOMATIC
    shows_all = archived or ("group" in request.GET and request.GET["group"] != "")
    listed = [tag for tag in all_tags if shows_all or tag.is_automatic == is_automatic]
    filtered = _filter(request, listed)
    by_members = request.GET.get("sort") == BY_MEMBERS
    page_number = max(paging.parse_number(request, "page", 1), 1)
    page = slice((page_number - 1) * PAGE_SIZE, page_number * PAGE_SIZE)
    if by_members:
        rows = presenters.tag_rows(filtered, request.staff, request.at)
        rows.sort(key=lambda row: (-row.member_count, row.tag.name))
        sections = [presenters.TagSection(None, rows[page])]
    else:
        filtered.sort(key=_group_sort_key)
        rows = presenters.tag_rows(filtered[page], request.staff, request.at)
        sections = list(presenters.group_into_sections(rows))
    groups = tag_groups.list_all(request.community)
    context = {
        "sections": sections if filtered else [],
        "by_members": by_members,
        "total": len(filtered),
        "are_any": bool(all_tags) or archived,
        "next": paging.link(request, page=page_number + 1)
        if page_number * PAGE_SIZE < len(filtered)
        else "",
        "first": paging.link(request, page=None) if page_number > 1 else "",
        "groups": groups,
        "selected_group": request.GET.get("group", ""),
        "archived": archived,
        "is_automatic": is_automatic,
        "automatic_count": sum(tag.is_automatic for tag in all_tags),
        "searched": request.GET.get("q", ""),
        "may_manage": permissions.may(request.staff, tag_models.MANAGE),
        "may_create": any(
            tag_library.may_create(group, request.staff) for group in [None, *groups]
        ),
    }
    part = "console/tags/_rows.html"
    return http.render(request, "console/tags/list.html", context, part=part)


def _filter(request: http.Request, tags: Iterable[Tag]) -> list[Tag]:
    """Return the tags of the selected group whose name or pinyin contains the query."""
    group, pk = request.GET.get("group", ""), paging.parse_number(request, "group", -1)
    text = naming.fold(request.GET.get("q", "")[:80])
    return [
        tag
        for tag in tags
        if (not group or tag.group_id == (None if group == NO_GROUP else pk))
        and any(
            text in naming.fold(name) or text in naming.pinyin_of(name)
            for name in (tag.name, tag.key)
        )
    ]


def _group_sort_key(tag: Tag) -> tuple[bool, str, int, str]:
    """Sort by the pinyin of group and tag, with ungrouped tags last."""
    group = tag.group
    name = naming.pinyin_of(group.name) if group else ""
    return group is None, name, group.pk if group else 0, naming.pinyin_of(tag.name)


@require_http_methods(["GET", "POST"])
@http.page()
def tag_create(request: http.Request) -> HttpResponse:
    groups = tag_groups.list_all(request.community)
    if not any(library.may_create(group, request.staff) for group in [None, *groups]):
        permissions.check_may(request.staff, tag_models.MANAGE)
    group_id = paging.parse_number(request, "group") or None
    name = request.GET.get("name", "")[: naming.MAX_LENGTH]
    form = TagForm(request.staff, request.POST or None, group=group_id, name=name)
    similar: list[Tag] = []
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        similar = tag_report.list_similar(request.community, name)
        if not similar or "confirmed" in request.POST:
            tag = _create(request, form)
            if tag is not None:
                http.flash(request, _("Tag “%(tag)s” created.") % {"tag": tag.name})
                return http.redirect_back(
                    request,
                    next_url(request, reverse("tags:detail", args=[tag.pk])),
                )
    context = {
        "form": form,
        "next": next_url(request, ""),
        **_similar_context(request, similar),
        "groups": [group for group in groups if group.guidance or group.prefix],
    }
    status = 422 if request.method == "POST" else 200
    return http.render(request, "console/tags/create.html", context, status=status)


def next_url(request: http.Request, default: str) -> str:
    """The page to return to, from the parameter `next` of the link."""
    url = request.POST.get("next", "") or request.GET.get("next", "")
    own = {request.get_host()}
    is_own = url_has_allowed_host_and_scheme(
        url, own, require_https=request.is_secure()
    )
    return url if is_own else default


def _create(request: http.Request, form: TagForm) -> Tag | None:
    values: dict[str, Any] = dict(form.cleaned_data)
    # They belong to the tag's own page, once there is something to count.
    del values["levels"], values["deepened_by"]
    try:
        return library.create(
            community=request.community,
            key=values.pop("name"),
            by=request.staff,
            at=request.at,
            **values,
        )
    except errors.QunceError as error:
        form.add_error("name", str(error))
    return None


@http.page()
def similar_tags(request: http.Request) -> HttpResponse:
    name = request.GET.get("name", "")[:80]
    similar = tag_report.list_similar(request.community, name) if name.strip() else []
    return http.render(
        request, "console/tags/_similar.html", _similar_context(request, similar)
    )


def _similar_context(request: http.Request, tags: list[Tag]) -> dict[str, Any]:
    return {"similar": presenters.tag_rows(tags, request.staff, request.at)}


@require_http_methods(["GET", "POST"])
@http.page(tag_models.MANAGE)
def tag_merge(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    into = paging.parse_number(request, "into") or None
    form = MergeForm(tag, request.POST or None, into=into)
    if request.method == "POST" and form.is_valid():
        other = library.get_by_id(request.community, form.cleaned_data["into"].pk)
        try:
            batch = tag_merges.merge(
                tag=tag, into=other, by=request.staff, at=request.at
            )
        except errors.QunceError as error:
            form.add_error("into", str(error))
        else:
            text = _("“%(tag)s” is now a synonym of “%(into)s”.")
            http.flash(
                request,
                text % {"tag": tag.name, "into": other.name},
                undo=reverse("tags:batch-undo", args=[batch.pk]),
            )
            return http.redirect_back(request, reverse("tags:detail", args=[other.pk]))
    similar = [
        other_tag
        for other_tag in tag_report.list_similar(request.community, tag.name)
        if other_tag != tag
    ]
    chosen = library.get_by_id(request.community, into) if into else None
    shown = [tag, *([chosen] if chosen else []), *similar]
    rows = presenters.tag_rows(shown, request.staff, request.at)
    context = {
        "form": form,
        "row": rows[0],
        "target": rows[1] if chosen else None,
        "similar": rows[2 if chosen else 1 :],
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/tags/merge.html", context, status=status)


BATCH_PAGE_SIZE = 50


@http.page()
def batch_list(request: http.Request) -> HttpResponse:
    before, show_all = (
        paging.parse_number(request, "before"),
        request.GET.get("all") == "1",
    )
    excluded = () if show_all else presenters.AUTOMATIC_SOURCES
    batches = assignments.list_batches(
        request.staff,
        before=before,
        limit=BATCH_PAGE_SIZE + 1,
        exclude_sources=excluded,
    )
    more = len(batches) > BATCH_PAGE_SIZE
    context = {
        "batches": presenters.batch_rows(batches[:BATCH_PAGE_SIZE], request.staff),
        "show_all": show_all,
        "next": paging.link(request, before=batches[BATCH_PAGE_SIZE - 1].pk)
        if more
        else "",
        "first": paging.link(request, before=None) if before else "",
    }
    return http.render(request, "console/tags/batch_list.html", context)


@http.page(tag_models.MANAGE)
def report(request: http.Request) -> HttpResponse:
    if request.staff.scope is not None:
        raise permissions.ScopeTooNarrow(
            _(
                "This report covers all members, but your scope includes only some of them."
            )
        )
    pairs = tag_report.list_duplicates(request.community)
    tags = [tag for pair in pairs for tag in pair]
    rows = presenters.tag_rows(tags, request.staff, request.at)
    single_use = tag_report.list_single_use(request.community, at=request.at)
    context = {
        "pairs": list(zip(rows[::2], rows[1::2], strict=True)),
        "unused": tag_report.list_unused(request.community, at=request.at),
        "single_use": presenters.tag_rows(single_use, request.staff, request.at),
    }
    return http.render(request, "console/tags/report.html", context)


TEMPLATE_LABELS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "education": (
        gettext_lazy("Education"),
        gettext_lazy("Learner or not, project, subject, exam date."),
    ),
    "ecommerce": (
        gettext_lazy("E-commerce"),
        gettext_lazy(
            "How members were added, what they bought, how often, and what they do."
        ),
    ),
}


@http.page(tag_models.MANAGE)
def template_list(request: http.Request) -> HttpResponse:
    previews = []
    for name, (label, description) in TEMPLATE_LABELS.items():
        groups = tag_templates.TEMPLATES[name]
        keys = [key for group in groups for key, _name in group.tags]
        missing = len(keys) - len(library.find(request.community, keys))
        previews.append(
            presenters.TemplatePreview(name, label, description, groups, missing)
        )
    context = {"templates": previews}
    return http.render(request, "console/tags/template_list.html", context)
