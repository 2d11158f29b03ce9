"""Pages to turn one's own two-factor on and off, and to renew recovery codes."""

from __future__ import annotations

import django_otp
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.login import forms, qr_code
from qunce.core import errors
from qunce.core.staff import login_attempts, sessions, two_factor


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code")
@never_cache
@http.page()
def enable(request: Request) -> HttpResponse:
    user = request.staff
    if two_factor.is_enabled(user):
        return http.redirect_back(request, reverse("settings:account"))
    form = forms.CodeForm(request.POST or None)
    device, error_text = two_factor.pending_device(user), ""
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            codes = two_factor.enable(staff=user, code=code, at=request.at)
        except two_factor.WrongCode as error:
            error_text = str(error)
        else:
            django_otp.login(request, two_factor.get_device(user))
            sessions.end_all(user, except_key=request.session.session_key)
            return _render_codes(request, codes)
    context = {
        "form": form,
        "error": error_text,
        "qr_code": qr_code.data_uri(device),
        "secret": two_factor.format_secret(device),
    }
    status = 422 if error_text or form.errors else 200
    return http.render(
        request, "console/settings/two_factor.html", context, status=status
    )


def _render_codes(request: Request, codes: list[str]) -> HttpResponse:
    context = {"codes": codes, "next_url": reverse("settings:account")}
    return http.render(request, "console/settings/recovery_codes.html", context)


def _is_confirmed(request: Request) -> bool:
    """Check a code again, so that an open page is not enough to turn two-factor off."""
    code = request.POST.get("code", "")[:40]
    try:
        two_factor.verify(staff=request.staff, code=code, at=request.at)
    except (two_factor.WrongCode, login_attempts.TooManyAttempts) as error:
        http.flash(request, str(error), level="bad")
        return False
    return True


@require_POST
@sensitive_post_parameters("code")
@http.page()
def renew_recovery_codes(request: Request) -> HttpResponse:
    if not _is_confirmed(request):
        return http.redirect_back(request, reverse("settings:account"))
    codes = two_factor.renew_recovery_codes(staff=request.staff, at=request.at)
    return _render_codes(request, codes)


@require_POST
@sensitive_post_parameters("code")
@http.page()
def disable(request: Request) -> HttpResponse:
    user = request.staff
    if _is_confirmed(request):
        try:
            two_factor.disable(staff=user, by=user, at=request.at)
        except errors.Refused as error:
            http.flash(request, str(error), level="bad")
        else:
            http.flash(request, _("Two-factor turned off."))
    return http.redirect_back(request, reverse("settings:account"))
