"""The setup of one group: the template that it follows, its own values, its playbooks."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.group_templates import presenters
from qunce.core import permissions
from qunce.groups import groups, visibility
from qunce.outreach.group_templates import following, templates
from qunce.outreach.group_templates.parts.playbooks import PLAYBOOKS
from qunce.outreach.playbooks import excluded_groups, playbooks


@require_GET
@http.page(templates.VIEW)
def group_setup(request: http.Request, pk: int) -> HttpResponse:
    by, at = request.staff, request.at
    group = visibility.get(by=by, pk=pk)
    followed = following.find(group=group, by=by)
    shown = following.compare_group(group=group, by=by, at=at)
    excluded = excluded_groups.list_pairs([pk])
    options = PLAYBOOKS.list_options(by) if PLAYBOOKS.is_visible_to(by) else []
    context = {
        "group": group,
        "followed": followed,
        "row": presenters.group_rows(shown, shown.groups)[0] if shown else None,
        "pinned": followed.pinned if followed else [],
        "own_choices": presenters.own_choices(followed.template, by, at)
        if followed
        else [],
        "playbooks": [
            (option.field, option.label, (pk, option.field) not in excluded)
            for option in options
        ],
        "templates": templates.list_visible(by),
        "may_manage": permissions.may(by, groups.MANAGE),
        "may_copy": permissions.may(by, templates.MANAGE),
    }
    return http.render(request, "console/group_templates/group.html", context)


@require_POST
@http.page(groups.MANAGE)
def pin(request: http.Request, pk: int) -> HttpResponse:
    """Save the fields of which the group keeps its own values."""
    group = visibility.get(by=request.staff, pk=pk)
    following.pin(
        group=group,
        fields=[name[:200] for name in request.POST.getlist("pinned")],
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("group_templates:group", args=[pk]))


@require_POST
@http.page(groups.MANAGE)
def unfollow(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    following.unfollow(group=group, by=request.staff, at=request.at)
    text = _("“%(group)s” follows no template any more. It keeps its values.")
    http.flash(request, text % {"group": group})
    return http.redirect_back(request, reverse("group_templates:group", args=[pk]))


@require_POST
@http.page(groups.MANAGE)
def set_playbook(request: http.Request, pk: int) -> HttpResponse:
    by = request.staff
    group = visibility.get(by=by, pk=pk)
    playbook = playbooks.get_by_key(by=by, key=request.POST.get("playbook", "")[:100])
    runs = request.POST.get("runs") == "1"
    excluded_groups.set_excluded(
        playbook=playbook, group=group, excluded=not runs, by=by, at=request.at
    )
    text = _("“%(name)s” runs in this group.")
    if not runs:
        text = _(
            "“%(name)s” does not run in this group. Its open runs here have ended."
        )
    http.flash(request, text % {"name": playbook})
    return http.redirect_back(request, reverse("group_templates:group", args=[pk]))
