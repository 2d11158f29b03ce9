"""Pages of group templates: the list, one template, its form, preview and results."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.group_templates import presenters
from qunce.console.group_templates.forms import CopyForm, TemplateForm
from qunce.console.groups import group_list
from qunce.core import errors, permissions
from qunce.groups import groups, visibility
from qunce.outreach.group_templates import (
    applications,
    following,
    new_groups,
    previews,
    templates,
)
from qunce.outreach.group_templates.models import GroupTemplate
from qunce.outreach.group_templates.previews import Preview

MAX_APPLICATIONS = 10


@require_GET
@http.page(templates.VIEW)
def template_list(request: http.Request) -> HttpResponse:
    by, at = request.staff, request.at
    is_archived = request.GET.get("state") == "archived"
    rows: list[dict[str, Any]] = [
        {
            "template": template,
            "parts": presenters.summary(template, by),
            "preview": following.compare_followers(template=template, by=by, at=at),
        }
        for template in templates.list_visible(by, archived=is_archived)
    ]
    for row in rows:
        row["differing"] = sum(group.differs for group in row["preview"].groups)
        row["fields"] = presenters.count_by_field(row["preview"])
    context = {
        "rows": rows,
        "is_archived": is_archived,
        "are_any": bool(rows) or templates.list_visible(by, archived=None).exists(),
        "archived": templates.list_visible(by, archived=True).count(),
        "may_manage": permissions.may(by, templates.MANAGE),
    }
    return http.render(request, "console/group_templates/list.html", context)


@require_GET
@http.page(templates.VIEW)
def template_detail(request: http.Request, pk: int) -> HttpResponse:
    by, at = request.staff, request.at
    template = templates.get(by=by, pk=pk)
    shown = following.compare_followers(template=template, by=by, at=at)
    differing = [row for row in shown.groups if row.differs]
    own = [row for row in shown.groups if row.pinned and not row.differs]
    content = templates.visible_content(template, by)
    context = {
        "template": template,
        "sections": presenters.content_sections(content, by, at),
        "hidden": shown.hidden,
        "total": len(shown.groups),
        "differing": presenters.group_rows(shown, differing),
        "fields": presenters.count_by_field(shown),
        "own": presenters.group_rows(shown, own),
        "versions": [
            (row, presenters.content_sections(row.content, by, at))
            for row in templates.list_versions(template=template, by=by)
        ],
        "applications": applications.list_recent(template=template, by=by)[
            :MAX_APPLICATIONS
        ],
        "may_manage": permissions.may(by, templates.MANAGE),
        "may_apply": applications.may_apply(by) and template.archived_at is None,
        "may_create": groups.may_create(by) and template.archived_at is None,
    }
    return http.render(request, "console/group_templates/detail.html", context)


# Writing


@require_http_methods(["GET", "POST"])
@http.page(templates.MANAGE)
def template_create(request: http.Request) -> HttpResponse:
    by, at = request.staff, request.at
    copy = CopyForm(by, request.GET if "group" in request.GET else None)
    name, content = "", {}
    if copy.is_bound and copy.is_valid() and copy.cleaned_data["group"]:
        group = copy.cleaned_data["group"]
        name = group.name
        content = templates.copy_setup(
            group=group, by=by, at=at, chosen=copy.cleaned_data["part"] or None
        )
    form = TemplateForm(by, at, request.POST or None, name=name, content=content)
    if request.method == "POST" and form.is_valid():
        try:
            template = templates.create(
                community=request.community,
                name=form.cleaned_data["name"],
                content=form.to_content(),
                by=by,
                at=at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _redirect_after_save(request, template)
    return _render_form(request, form, copy=copy)


@require_http_methods(["GET", "POST"])
@http.page(templates.MANAGE)
def template_update(request: http.Request, pk: int) -> HttpResponse:
    by, at = request.staff, request.at
    template = templates.get(by=by, pk=pk)
    form = TemplateForm(
        by, at, request.POST or None, name=template.name, content=template.content
    )
    if request.method == "POST" and form.is_valid():
        try:
            templates.update(
                template=template,
                name=form.cleaned_data["name"],
                content=form.to_content(),
                by=by,
                at=at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _redirect_after_save(request, template)
    return _render_form(request, form, template=template)


def _redirect_after_save(
    request: http.Request, template: GroupTemplate
) -> HttpResponse:
    http.flash(request, _("Saved. Groups stay as they are until you apply it."))
    return http.redirect_back(
        request, reverse("group_templates:detail", args=[template.pk])
    )


def _render_form(
    request: http.Request, form: TemplateForm, **context: Any
) -> HttpResponse:
    status = 422 if form.errors else 200
    return http.render(
        request,
        "console/group_templates/form.html",
        {"form": form, **context},
        status=status,
    )


# Applying


@require_GET
@http.page(groups.MANAGE)
def choose_groups(request: http.Request, pk: int) -> HttpResponse:
    """The groups to apply a template to. Only `all` in the address ticks them."""
    by = request.staff
    template = templates.get(by=by, pk=pk)
    visible = visibility.list_visible(by)
    found = group_list.find_groups(request, visible).order_by("name", "pk")
    are_ticked = "all" in request.GET
    context = {
        "template": template,
        "groups": found[: previews.MAX_GROUPS],
        "total": found.count(),
        "most": previews.MAX_GROUPS,
        "filter_choices": group_list.list_filters(request, visible),
        "searched": request.GET.get("q", ""),
        "are_ticked": are_ticked,
        "tick_link": paging.link(request, all=None if are_ticked else 1),
    }
    part = "console/group_templates/_choose.html"
    return http.render(
        request, "console/group_templates/choose.html", context, part=part
    )


@require_POST
@http.page(groups.MANAGE)
def preview(request: http.Request, pk: int) -> HttpResponse:
    """What the template would change in the chosen groups."""
    by, at = request.staff, request.at
    template = templates.get(by=by, pk=pk)
    applications.check_may_apply(template, by)
    chosen = chosen_groups(request)
    if not chosen:
        http.flash(request, _("Choose at least one group."), level="bad")
        return http.redirect_back(
            request, reverse("group_templates:choose-groups", args=[pk])
        )
    shown = previews.compute(template=template, groups=chosen, by=by, at=at)
    return render_preview(request, shown)


def chosen_groups(request: http.Request) -> list[int]:
    texts = request.POST.getlist("group")[: previews.MAX_GROUPS + 1]
    return [
        int(text)
        for text in texts
        if text.isascii() and text.isdigit() and len(text) < 20
    ]


def render_preview(
    request: http.Request, shown: Preview, problem: str = ""
) -> HttpResponse:
    """The page of a preview, with the reason if applying it was refused."""
    context = {
        "preview": shown,
        "template": shown.template,
        "changing": presenters.group_rows(
            shown, [row for row in shown.groups if row.changes]
        ),
        "stuck": presenters.group_rows(
            shown, [row for row in shown.groups if row.conflicts and not row.changes]
        ),
        "unchanged": presenters.group_rows(
            shown, [row for row in shown.groups if not row.differs]
        ),
        "total": len(shown.groups),
        "problem": problem,
    }
    return http.render(
        request,
        "console/group_templates/preview.html",
        context,
        status=409 if problem else 200,
    )


@require_GET
@http.page(templates.VIEW)
def application_detail(request: http.Request, pk: int) -> HttpResponse:
    by = request.staff
    application = applications.get(by=by, pk=pk)
    rows = presenters.result_rows(
        application,
        applications.list_results(application=application, by=by),
        by,
        request.at,
    )
    states = [row.result.state for row in rows]
    context = {
        "application": application,
        "template": application.template,
        "failed": [row for row in rows if row.result.problem],
        "rows": [row for row in rows if not row.result.problem],
        "done": states.count("done"),
        "undone": states.count("undone"),
        "total": len(rows),
        "are_new": any(row.result.is_new_group for row in rows),
        "opens_chats": all(
            new_groups.can_create_chats(row.result.group.platform) for row in rows
        ),
        "may_apply": applications.may_apply(by),
    }
    return http.render(request, "console/group_templates/application.html", context)
