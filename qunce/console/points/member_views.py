"""The points of one member, with what was given by hand and waits for approval."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.points import (
    adjustments,
    balances,
    leaderboard,
    point_facts,
    point_settings,
)
from qunce.console import http, member_names
from qunce.console.members import presenters
from qunce.console.points.forms import AdjustForm
from qunce.core import errors, permissions


@require_http_methods(["GET", "POST"])
@http.page()
def member_points(request: http.Request, pk: int) -> HttpResponseBase:
    """A member's balance, lots and history; a POST gives or takes points by hand."""
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("points:member", pk=member.id)
    by, at = request.staff, request.at
    form = AdjustForm(request.POST or None, initial={"key": secrets.token_hex(8)})
    if request.method == "POST":
        permissions.check_may(by, point_facts.ADJUST)
        if form.is_valid():
            try:
                done = adjustments.adjust(
                    account_id=pk, by=by, at=at, **form.cleaned_data
                )
            except errors.NotFound:
                raise
            except errors.QunceError as error:
                form.add_error(None, str(error))
            else:
                http.flash(
                    request,
                    _("Written.")
                    if done.entry
                    else _("It waits for the approval of a second person."),
                )
                return http.redirect_back(request, reverse("points:member", args=[pk]))
    status = 422 if form.errors else 200
    context = {
        "member": member,
        "form": form,
        "balance": balances.get(account_id=pk, by=by, at=at),
        "lots": balances.list_lots(account_id=pk, by=by, at=at),
        "entries": balances.history(account_id=pk, by=by, at=at),
        "limit": point_settings.get(request.community).hand_limit,
        "is_opted_out": leaderboard.is_opted_out(pk),
        "may_adjust": permissions.may(by, point_facts.ADJUST),
    }
    return http.render(request, "console/points/member.html", context, status=status)


@require_GET
@http.page(point_facts.ADJUST)
def approvals(request: http.Request) -> HttpResponse:
    rows = adjustments.list_waiting(by=request.staff, at=request.at)
    names = member_names.find(row.account_id for row in rows)
    context: dict[str, Any] = {
        "rows": [(row, names.get(row.account_id, "")) for row in rows]
    }
    return http.render(request, "console/points/approvals.html", context)
