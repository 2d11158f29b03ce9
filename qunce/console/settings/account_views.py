"""My account: name, language, theme, password and sessions."""

from __future__ import annotations

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
from qunce.core.staff import (
    linked_accounts,
    login_attempts,
    passwords,
    sessions,
    staff,
    two_factor,
)


@require_http_methods(["GET", "POST"])
@http.page()
def account(request: Request) -> HttpResponse:
    user = request.staff
    initial = {"name": user.name, "language": user.language, "theme": user.theme}
    form = forms.AccountForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            staff.set_preferences(staff=user, at=request.at, **form.cleaned_data)
        except errors.Invalid as error:
            form.add_error("name", str(error))
        else:
            http.flash(request, _("Saved."))
            response = http.redirect_back(request, reverse("settings:account"))
            return login_flow.set_language_cookie(response, user.language)
    current = sessions.digest(request.session.session_key or "")
    context = {
        "form": form,
        "linked": linked_accounts.list_others(user),
        "has_two_factor": two_factor.is_enabled(user),
        "codes_left": two_factor.count_recovery_codes(user),
        "two_factor_required": request.community.two_factor_required,
        "sessions": [
            (session, user_agents.describe(session.agent), session.name == current)
            for session in sessions.list_active(user, request.at)
        ],
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/settings/account.html", context, status=status)


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("old_password", "new_password", "repeat_password")
@http.page()
def change_password(request: Request) -> HttpResponse:
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        try:
            # Attempts are limited, so that an open page allows no guessing.
            subject = ("pair", f"{request.staff.login} (change)")
            login_attempts.start(subject, at=request.at)
            if not request.staff.check_password(form.cleaned_data["old_password"]):
                raise errors.Invalid(_("The current password is incorrect."))
            login_attempts.reset(subject)
            new = form.cleaned_data["new_password"]
            passwords.change(staff=request.staff, password=new, at=request.at)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            # Changing the password ends every session; keep only this one.
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
