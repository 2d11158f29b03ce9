"""The editor of a playbook as a graph: boxes and arrows, and the form of a chosen box."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.playbooks import diagram, edit_views, presenters
from qunce.console.playbooks.choices import Choices
from qunce.console.playbooks.step_forms import FORMS
from qunce.core import errors, timestamps
from qunce.outreach.playbooks import editing, playbooks, resources
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.editing import Place
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.steps.continue_at import ContinueAt


@require_GET
@http.page(playbooks.MANAGE)
def show(request: http.Request, pk: int) -> HttpResponse:
    playbook = playbooks.get(by=request.staff, pk=pk)
    definition = playbooks.definition_of(playbook)
    names = resources.names_of(playbook.community, definition)
    found = playbooks.find_problems(playbook, request.staff)
    by_step: dict[str, list[str]] = {}
    for problem in found:
        by_step.setdefault(problem.step, []).append(problem.text)
    lines = presenters.lines(definition, names, problems=by_step)
    context = {
        "playbook": playbook,
        "diagram": diagram.build(definition, lines),
        "problems": by_step.get("", []),
        "problem_count": len(found),
        "kinds": presenters.step_kinds(definition),
        "seen_at": timestamps.to_micros(playbook.changed_at),
        "inside": request.GET.get("inside", ""),
        "block": request.GET.get("block", ""),
        **_chosen(request, playbook, definition, lines),
    }
    return http.render(request, "console/playbooks/graph.html", context)


def _chosen(
    request: http.Request,
    playbook: Playbook,
    definition: Definition,
    lines: list[presenters.Line],
) -> dict[str, Any]:
    """The form of the step in the address, if there is one."""
    step_id = request.GET.get("step", "")
    own = (line for line in lines if line.step.id == step_id and not line.block)
    chosen = next(own, None)
    if chosen is None:
        return {"chosen": None}
    choices = Choices(request, definition)
    form = FORMS[chosen.step.kind](choices, step=chosen.step, step_id=step_id)
    is_picked = "materials" in form.fields
    return {
        "chosen": chosen,
        "kind": presenters.kind_of(chosen.step.kind),
        "form": form,
        "picker": picker_views.build(request, form["materials"].value() or [])
        if is_picked
        else None,
        "others": choices.steps_after(step_id),
        "after": f"after={step_id}",
    }


@require_POST
@http.page(playbooks.MANAGE)
def connect(request: http.Request, pk: int, step: str) -> HttpResponse:
    """Let what follows a step, or a way that ends there, continue at another step."""
    playbook = playbooks.get(by=request.staff, pk=pk)
    definition = playbooks.definition_of(playbook)
    target = request.POST.get("to", "")
    old = editing.find(definition.steps, step)
    if target not in definition.graph.by_id or target == step:
        raise errors.Invalid(_("Choose the step at which to continue."))
    if isinstance(old, ContinueAt):
        steps = editing.replace(definition.steps, ContinueAt(id=step, step=target))
    else:
        new = ContinueAt(id=editing.unused_id(definition.steps), step=target)
        steps = editing.insert(definition.steps, new, Place(after=step))
    return edit_views.save(request, playbook, steps)
