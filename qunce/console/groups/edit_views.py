"""A group is registered, changed, and led from stage to stage."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.groups.forms import GroupForm
from qunce.console.groups.list_views import may_open
from qunce.core import errors, permissions
from qunce.groups import groups, labels, visibility
from qunce.groups.groups import Group


@require_http_methods(["GET", "POST"])
@http.page(groups.MANAGE)
def new(request: http.Request) -> HttpResponse:
    if not may_open(request):
        raise permissions.ScopeTooNarrow(
            _("You see only some groups and would not see a new one.")
        )
    form = GroupForm(request.community, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = groups.create(
                community=request.community,
                key=form.cleaned_data["key"],
                by=request.staff,
                at=request.at,
                **form.about(),
            )
        except errors.QunceError as error:
            form.add_error("key" if "key" in form.fields else None, str(error))
        else:
            return http.back(request, reverse("groups:detail", args=[group.pk]))
    return _form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(groups.MANAGE)
def edit(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    form = GroupForm(request.community, request.POST or None, group=group)
    if request.method == "POST" and form.is_valid():
        try:
            groups.update(group=group, by=request.staff, at=request.at, **form.about())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.say(request, _("Saved."))
            return http.back(request, reverse("groups:detail", args=[group.pk]))
    return _form(request, form, group)


def _form(
    request: http.Request, form: GroupForm, group: Group | None = None
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "group": group}
    status = 422 if form.errors else 200
    return http.render(request, "console/groups/form.html", context, status=status)


@require_POST
@http.page(groups.MANAGE)
def move(request: http.Request, pk: int, step: str) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    if step not in groups.STATES.transitions:
        return redirect("groups:detail", group.pk)
    before = group.state
    groups.change_stage(group=group, transition=step, by=request.staff, at=request.at)
    text = _("The stage of “%(group)s” is now %(stage)s.") % {
        "group": group,
        "stage": group.get_state_display(),
    }
    http.say(request, text, undo=_undo(group, before))
    return http.back(request, reverse("groups:detail", args=[group.pk]))


def _undo(group: Group, before: str) -> str | None:
    """The step that leads back, where there is one."""
    for step, (origins, target) in groups.STATES.transitions.items():
        if target == before and group.state in origins and step in labels.TRANSITIONS:
            return reverse("groups:change-stage", args=[group.pk, step])
    return None
