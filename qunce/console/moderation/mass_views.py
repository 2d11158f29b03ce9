"""Mass actions: asked for by one person and approved by another."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.moderation import presenters
from qunce.console.moderation.forms import MassActionForm
from qunce.core import errors
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.models import MassAction, MassState
from qunce.groups.moderation.moderation_permissions import DECIDE, MANAGE
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.staff_decisions import mass_actions
from qunce.members.accounts.models import Account
from qunce.members.people import named_members, visibility

PAGE_SIZE, SHOWN_NAMES = 50, 10


@require_http_methods(["GET", "POST"])
@http.page(DECIDE)
def mass_list(request: http.Request) -> HttpResponse:
    """The mass actions, and the form for another one."""
    form = MassActionForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = _request(request, form)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            waits = row.state == MassState.WAITING
            text = _("A second person has to approve it.") if waits else _("Planned.")
            http.flash(request, text)
            return http.redirect_back(request, reverse("moderation:mass-list"))
    rows = mass_actions.list_visible(request.staff, request.at)[:PAGE_SIZE]
    context = {
        "rows": [_row(request, row) for row in rows],
        "form": form,
        "limit": moderation_settings.get(request.staff).two_people_above,
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/moderation/mass_list.html", context, status=status
    )


def _request(request: http.Request, form: MassActionForm) -> MassAction:
    by, at, values = request.staff, request.at, form.cleaned_data
    accounts = [
        named_members.get_by_key(by=by, key=key, at=at).pk for key in values["keys"]
    ]
    return mass_actions.request(
        group=group_visibility.get(by=by, pk=values["group"]),
        kind=values["kind"],
        accounts=accounts,
        minutes=values["minutes"],
        reason=values["reason"],
        by=by,
        at=at,
    )


def _row(request: http.Request, row: MassAction) -> dict[str, object]:
    seen = visibility.filter_visible(
        by=request.staff, accounts=row.accounts[:SHOWN_NAMES], at=request.at
    )
    members = Account.objects.filter(pk__in=seen).order_by("pk")
    return {
        "row": row,
        "what": presenters.action_label(row.kind),
        "size": mass_actions.size_of(row),
        "members": list(members),
        "may_answer": mass_actions.may_answer(row, request.staff),
        "is_waiting": row.state == MassState.WAITING,
    }


@require_POST
@http.page(DECIDE)
def approve(request: http.Request, pk: int) -> HttpResponse:
    row = mass_actions.get(by=request.staff, pk=pk, at=request.at)
    mass_actions.approve(mass_action=row, by=request.staff, at=request.at)
    http.flash(request, _("Approved."))
    return http.redirect_back(request, reverse("moderation:mass-list"))


@require_POST
@http.page(DECIDE)
def refuse(request: http.Request, pk: int) -> HttpResponse:
    row = mass_actions.get(by=request.staff, pk=pk, at=request.at)
    mass_actions.refuse(mass_action=row, by=request.staff, at=request.at)
    http.flash(request, _("Refused. Nothing is done."))
    return http.redirect_back(request, reverse("moderation:mass-list"))


@require_POST
@http.page(MANAGE)
def undo_run(request: http.Request, pk: int) -> HttpResponse:
    """Undo what a rule did in the last hours or days."""
    text = request.POST.get("hours", "")
    hours = int(text) if text in ("1", "24", "168") else 1
    for rule in rules.list_all(request.staff):
        if rule.pk == pk:
            mass_actions.request_undo(
                rule=rule,
                since=request.at - timedelta(hours=hours),
                until=request.at,
                reason=request.POST.get("reason", ""),
                by=request.staff,
                at=request.at,
            )
            return http.redirect_back(request, reverse("moderation:mass-list"))
    raise rules.RuleNotFound(_("There is no such rule."))
