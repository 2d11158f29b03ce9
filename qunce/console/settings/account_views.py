"""My account: name, language, look, password, and where I am signed in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.login import login_flow
from qunce.console.login.forms import ChangePasswordForm
from qunce.console.settings import forms, user_agents
from qunce.core import errors
from qunce.core.staff import login_attempts, passwords, sessions, staff, two_factor


@require_http_methods(["GET", "POST"])
@http.page()
def account(request: Request) -> HttpResponse:
    me = request.staff
    start = {"name": me.name, "language": me.language, "theme": me.theme}
    form = forms.AccountForm(request.POST or None, initial=start)
    if form.is_valid():
        try:
            staff.set_preferences(staff=me, at=request.at, **form.cleaned_data)
        except errors.Invalid as error:
            form.add_error("name", str(error))
        else:
            http.flash(request, _("Saved."))
            answer = http.redirect_back(request, reverse("settings:account"))
            return login_flow.set_language_cookie(answer, me.language)
    context = _account_context(request) | {"form": form}
    status = 422 if form.errors else 200
    return http.render(request, "console/settings/mine.html", context, status=status)


def _account_context(request: Request) -> dict[str, Any]:
    me = request.staff
    places = sessions.list_active(me, request.at)
    here = request.session.session_key
    return {
        "has_factor": two_factor.is_enabled(me),
        "codes_left": two_factor.count_recovery_codes(me),
        "demanded": request.community.two_factor_required,
        "places": [
            (each, user_agents.describe(each.agent), each.key == here)
            for each in places
        ],
    }


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("old", "new", "again")
@http.page()
def change_password(request: Request) -> HttpResponse:
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        try:
            _change_password(request, form.cleaned_data)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            # This session goes on, all others end with the old password.
            update_session_auth_hash(request, request.staff)
            sessions.end_all(request.staff, except_key=request.session.session_key)
            http.flash(
                request, _("Password changed. All your other sessions are signed out.")
            )
            return http.redirect_back(request, reverse("settings:account"))
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/password.html", {"form": form}, status=status
    )


def _change_password(request: Request, given: dict[str, Any]) -> None:
    """Who sits down at an open page does not get to guess either."""
    me, whom = request.staff, ("pair", f"{request.staff.login} (change)")
    login_attempts.start(whom, at=request.at)
    if not me.check_password(given["old"]):
        raise errors.Invalid(_("The current password is incorrect."))
    login_attempts.reset(whom)
    passwords.change(staff=me, password=given["new"], at=request.at)
