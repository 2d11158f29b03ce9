"""Actions on an idea."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.ideas import views
from qunce.console.ideas.forms import AssignForm
from qunce.core import errors
from qunce.core.staff import staff
from qunce.outreach.content import files
from qunce.outreach.ideas import archive as idea_archive
from qunce.outreach.ideas import (
    assignment,
    festivals,
    idea_materials,
    ideas,
    pasted_links,
)
from qunce.outreach.ideas.models import State


def _back(request: http.Request, pk: int) -> HttpResponse:
    """The board as it was filtered, or the idea."""
    url = request.POST.get("next", "")
    is_ours = url.startswith(reverse("ideas:list")) and url_has_allowed_host_and_scheme(
        url, allowed_hosts=None
    )
    return http.redirect_back(
        request, url if is_ours else reverse("ideas:detail", args=[pk])
    )


@require_POST
@http.page(files.MANAGE)
def move(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    ideas.move(
        idea=idea,
        to=request.POST.get("to", ""),
        expected=request.POST.get("expected") or None,
        by=request.staff,
        at=request.at,
    )
    values = {"title": idea.title, "state": State(idea.state).label}
    http.flash(request, _("“%(title)s”: %(state)s.") % values)
    return _back(request, pk)


@require_POST
@http.page(files.MANAGE)
def assign(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    form = AssignForm(request, request.POST)
    if form.is_valid():
        try:
            task = assignment.assign(
                idea=idea,
                staff=staff.get(by=request.staff, pk=form.cleaned_data["staff"]),
                due_at=form.cleaned_data["due_at"],
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("%(name)s has the task.") % {"name": task.staff.name}
            http.flash(request, text)
            return _back(request, pk)
    return views.render_detail(request, idea, form, status=422)


@require_POST
@http.page(files.MANAGE)
def unassign(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    assignment.unassign(idea=idea, by=request.staff, at=request.at)
    http.flash(request, _("The task is cancelled."))
    return _back(request, pk)


@require_POST
@http.page(files.MANAGE)
def make_material(request: http.Request, pk: int) -> HttpResponse:
    """One tap; then the form of the material, for origin and licence."""
    idea = ideas.get(by=request.staff, pk=pk)
    material = idea_materials.make_material(idea=idea, by=request.staff, at=request.at)
    http.flash(
        request, _("The material is there. Complete its text, origin and licence.")
    )
    return http.redirect_back(request, reverse("materials:update", args=[material.pk]))


@require_POST
@http.page(files.MANAGE)
def read_again(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    pasted_links.read_again(idea=idea, by=request.staff, at=request.at)
    http.flash(request, _("The page is read within seconds."))
    return _back(request, pk)


@require_POST
@http.page(files.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    idea_archive.archive(idea=idea, by=request.staff, at=request.at)
    http.flash(
        request,
        _("“%(title)s” is archived.") % {"title": idea},
        undo=reverse("ideas:restore", args=[pk]),
    )
    return http.redirect_back(request, reverse("ideas:list"))


@require_POST
@http.page(files.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    idea = ideas.get(by=request.staff, pk=pk)
    idea_archive.restore(idea=idea, by=request.staff, at=request.at)
    http.flash(request, _("“%(title)s” is back in the box.") % {"title": idea})
    return _back(request, pk)


@require_POST
@http.page(files.MANAGE)
def add_festival(request: http.Request) -> HttpResponse:
    key = request.POST.get("key", "")
    idea = festivals.add_idea(key=key, by=request.staff, at=request.at)
    http.flash(
        request,
        _("“%(title)s” is in the box.") % {"title": idea},
        undo=reverse("ideas:archive", args=[idea.pk]),
    )
    return http.redirect_back(request, reverse("ideas:festival-list"))
