"""Pages of entry gates: who waits, the gate of a group with its rules, one newcomer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.entry import presenters
from qunce.console.entry.forms import GateForm, RulesForm
from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.groups.entry import effects, gates, group_rules, requests
from qunce.groups.entry.models import EntryGate, State
from qunce.groups.groups import Group, Stage
from qunce.members.surveys import surveys

MAX_SHOWN = 100


@require_GET
@http.page(gates.DECIDE)
def request_list(request: http.Request) -> HttpResponse:
    by, at = request.staff, request.at
    visible = requests.list_visible(by)
    waiting = visible.filter(state=State.WAITING).order_by("asked_at", "pk")
    by_hand = visible.filter(action__state__in=presenters.BY_HAND).exclude(
        state=State.WAITING
    )
    decided = visible.exclude(state=State.WAITING)
    gate_of = {gate.group_id: gate for gate in gates.list_visible(by)}
    groups = group_visibility.list_visible(by).exclude(state=Stage.DEAD)
    context = {
        "waiting": _rows(request, waiting),
        "by_hand": _rows(request, by_hand),
        "decided": _rows(request, decided, limit=20),
        "gates": [
            (group, gate_of.get(group.pk), presenters.parts(gate_of.get(group.pk)))
            for group in groups.order_by("name", "pk")[:500]
        ],
        "at": at,
    }
    return http.render(request, "console/entry/list.html", context)


def _rows(request: http.Request, found: Any, *, limit: int = MAX_SHOWN) -> Any:
    seen = requests.list_seen(found, by=request.staff, at=request.at, limit=limit)
    return presenters.rows(request, seen)


@require_GET
@http.page(gates.DECIDE)
def request_detail(request: http.Request, pk: int) -> HttpResponse:
    row = requests.get(pk=pk, by=request.staff, at=request.at)
    (shown,) = presenters.rows(request, [row])
    context = {"row": shown, "gate": gates.find(row.group)}
    return http.render(request, "console/entry/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(gates.DECIDE)
def gate(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    found = gates.find(group)
    form = GateForm(request, found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            gates.configure(
                group=group, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("entry:gate", args=[pk]))
    return render_gate(request, group, form=form)


def render_gate(
    request: http.Request,
    group: Group,
    *,
    form: GateForm | None = None,
    rules_form: RulesForm | None = None,
) -> HttpResponse:
    found, rules = gates.find(group), group_rules.find(group)
    form = form or GateForm(request, found)
    rules_form = rules_form or RulesForm(rules)
    waiting = requests.list_visible(request.staff).filter(
        group=group, state=State.WAITING
    )
    context = {
        "group": group,
        "gate": found,
        "form": form,
        "rules": rules,
        "rules_form": rules_form,
        "versions": group_rules.list_versions(group)[:10],
        "accepted": group_rules.count_accepted(rules, by=request.staff, at=request.at)
        if rules
        else None,
        "waiting": _rows(request, waiting),
        "is_broken": found is not None and effects.is_broken(found, request.at),
        "is_survey_closed": _is_survey_closed(found, request.at),
        "may_manage": permissions.may(request.staff, gates.MANAGE),
    }
    status = 422 if form.errors or rules_form.errors else 200
    return http.render(request, "console/entry/gate.html", context, status=status)


def _is_survey_closed(gate: EntryGate | None, at: datetime) -> bool:
    survey = gate.asked_survey if gate is not None else None
    return survey is not None and not surveys.is_open(survey, at)
