"""The editor of a playbook: its settings, and the indented list of its steps."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.playbooks import presenters
from qunce.console.playbooks.choices import Choices
from qunce.console.playbooks.forms import SettingsForm
from qunce.console.playbooks.step_form import StepForm
from qunce.console.playbooks.step_forms import FORMS
from qunce.core import errors, timestamps
from qunce.outreach.playbooks import editing, playbooks, resources
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.editing import Place
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step


def _get(request: http.Request, pk: int) -> tuple[Playbook, Definition]:
    playbook = playbooks.get(by=request.staff, pk=pk)
    return playbook, playbooks.definition_of(playbook)


@require_GET
@http.page(playbooks.MANAGE)
def edit(request: http.Request, pk: int) -> HttpResponse:
    playbook, definition = _get(request, pk)
    return _render_editor(request, playbook, definition)


def _render_editor(
    request: http.Request,
    playbook: Playbook,
    definition: Definition,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    names = resources.names_of(playbook.community, definition)
    found = playbooks.find_problems(playbook, request.staff)
    by_step: dict[str, list[str]] = {}
    for problem in found:
        by_step.setdefault(problem.step, []).append(problem.text)
    version = playbooks.find_version(playbook)
    context = {
        "playbook": playbook,
        "lines": presenters.lines(definition, names, problems=by_step),
        "about": presenters.about(definition, names),
        "problems": by_step.get("", []),
        "problem_count": len(found),
        "kinds": presenters.step_kinds(definition),
        "is_changed": version is not None and version.definition != playbook.draft,
        "version": version,
        "error": error,
    }
    return http.render(request, "console/playbooks/edit.html", context, status=status)


def save(
    request: http.Request, playbook: Playbook, steps: tuple[Step, ...]
) -> HttpResponse:
    definition = dataclasses.replace(playbooks.definition_of(playbook), steps=steps)
    playbooks.update(
        playbook=playbook,
        definition=definition.to_json(),
        seen_at=_seen_at(request),
        by=request.staff,
        at=request.at,
    )
    return http.redirect_back(request, _editor_url(request, playbook))


def _seen_at(request: http.Request) -> datetime | None:
    """When the playbook on the page had been changed, None if the form does not name it."""
    text = request.POST.get("seen_at", "")
    is_micros = text.isascii() and text.isdigit() and len(text) < 19
    return timestamps.from_micros(int(text)) if is_micros else None


def _editor_url(request: http.Request, playbook: Playbook) -> str:
    """The editor that the request came from: the list of steps, or the graph."""
    if request.POST.get("editor") != "graph":
        return reverse("playbooks:edit", args=[playbook.pk])
    step = request.POST.get("chosen", "")
    chosen = f"?step={step}" if base.STEP_ID.fullmatch(step) else ""
    return reverse("playbooks:graph", args=[playbook.pk]) + chosen


# Settings


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def settings(request: http.Request, pk: int) -> HttpResponse:
    playbook, definition = _get(request, pk)
    choices = Choices(request, definition)
    data = request.POST if request.method == "POST" else None
    form = SettingsForm(choices, data, name=playbook.name)
    if data is not None and form.is_valid():
        try:
            playbooks.update(
                playbook=playbook,
                name=form.cleaned_data["name"],
                definition=form.to_json(),
                seen_at=_seen_at(request),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return http.redirect_back(request, _editor_url(request, playbook))
    seen_at = timestamps.to_micros(playbook.changed_at)
    context = {"playbook": playbook, "form": form, "seen_at": seen_at}
    status = 422 if form.errors else 200
    return http.render(
        request, "console/playbooks/settings.html", context, status=status
    )


# Steps


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def step_new(request: http.Request, pk: int) -> HttpResponse:
    """Add a step of a kind at a place, both of which are in the URL."""
    playbook, definition = _get(request, pk)
    kind = request.GET.get("kind") or "send"
    if kind not in FORMS:
        raise Http404
    place = Place(
        after=request.GET.get("after", ""),
        inside=request.GET.get("inside", ""),
        block=request.GET.get("block", ""),
    )
    step_id = editing.unused_id(definition.steps)
    data = request.POST if request.method == "POST" else None
    form = FORMS[kind](
        Choices(request, definition), data, step_id=place.after or place.inside
    )
    if not form.fields and data is None:
        # Nothing is to be filled in.
        return _render_step(request, playbook, form, kind)
    step = _parse(form, kind, step_id, data)
    if step is None:
        return _render_step(request, playbook, form, kind)
    return save(request, playbook, editing.insert(definition.steps, step, place))


@require_http_methods(["GET", "POST"])
@http.page(playbooks.MANAGE)
def step_edit(request: http.Request, pk: int, step: str) -> HttpResponse:
    playbook, definition = _get(request, pk)
    old = editing.find(definition.steps, step)
    data = request.POST if request.method == "POST" else None
    form = FORMS[old.kind](Choices(request, definition), data, step=old, step_id=step)
    new = _parse(form, old.kind, step, data)
    if new is None:
        return _render_step(request, playbook, form, old.kind, old)
    return save(request, playbook, editing.replace(definition.steps, new))


def _parse(form: StepForm, kind: str, step_id: str, data: Any) -> Step | None:
    """The step of a form that was sent, None if it is to be shown (again)."""
    if data is None or not form.is_valid():
        return None
    try:
        return base.parse({"id": step_id, "kind": kind, **form.to_json()})
    except errors.Invalid as error:
        form.add_error(None, str(error))
        return None


def _render_step(
    request: http.Request,
    playbook: Playbook,
    form: StepForm,
    kind: str,
    step: Step | None = None,
) -> HttpResponse:
    definition = playbooks.definition_of(playbook)
    context = {
        "playbook": playbook,
        "form": form,
        "kind": presenters.kind_of(kind),
        "step": step,
        "number": definition.graph.numbers.get(step.id, "") if step else "",
        "picker": _picker(request, form),
    }
    # A form that is shown again has an error, in it or in those of its variants.
    status = 422 if request.method == "POST" else 200
    return http.render(request, "console/playbooks/step.html", context, status=status)


def _picker(request: http.Request, form: StepForm) -> Any:
    if "materials" not in form.fields:
        return None
    return picker_views.build(request, form["materials"].value() or [])


@require_POST
@http.page(playbooks.MANAGE)
def step_move(request: http.Request, pk: int, step: str) -> HttpResponse:
    playbook, definition = _get(request, pk)
    direction = request.POST.get("to", "")
    after = request.POST.get("after", "")
    if after:
        steps = editing.relocate(definition.steps, step, Place(after=after))
        return save(request, playbook, steps)
    if direction not in (editing.UP, editing.DOWN, editing.IN, editing.OUT):
        raise errors.Invalid(_("Choose where to move the step."))
    return save(request, playbook, editing.move(definition.steps, step, direction))


@require_POST
@http.page(playbooks.MANAGE)
def step_delete(request: http.Request, pk: int, step: str) -> HttpResponse:
    playbook, definition = _get(request, pk)
    return save(request, playbook, editing.remove(definition.steps, step))
