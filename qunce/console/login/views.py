"""Signing in, step by step, and out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms as django_forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.login import forms, login_flow, qr_code
from qunce.core import errors
from qunce.core.staff import login_attempts, passwords, two_factor
from qunce.core.staff.models import Staff

hide_secrets = sensitive_post_parameters("password", "code", "new", "again", "old")
PendingView = Callable[[Any, Staff], HttpResponse]


def pending_login(view: PendingView) -> PendingView:
    """For who is on the way in; who dawdled begins again."""

    @require_http_methods(["GET", "POST"])
    @hide_secrets
    @never_cache
    @http.public
    @functools.wraps(view)
    def entered(request: Any) -> HttpResponse:
        staff = login_flow.find_pending_staff(request, request.at)
        if staff is None:
            return redirect("login:sign-in")
        translation.activate(staff.language)
        request.LANGUAGE_CODE = staff.language
        return view(request, staff)

    setattr(entered, http.ACCESS_ATTRIBUTE, "public")
    return entered  # type: ignore[return-value]


@require_http_methods(["GET", "POST"])
@hide_secrets
@never_cache
@http.public
def sign_in(request: Any) -> HttpResponse:
    to = login_flow.safe_redirect_url(request, request.GET.get("next") or "/")
    if isinstance(request.user, Staff) and http.is_verified(request):
        return redirect(to)
    form = forms.SignInForm(request.POST or None)
    if form.is_valid():
        try:
            staff = login_flow.authenticate(request, at=request.at, **form.cleaned_data)
        except login_attempts.TooManyAttempts as error:
            return _render_form(request, "sign_in", form, error)
        if staff is not None:
            login_flow.start(request, staff, to=to, at=request.at)
            return _continue(request, staff)
        wrong = errors.Invalid(_("Incorrect login or password."))
        return _render_form(request, "sign_in", form, wrong)
    return _render_form(request, "sign_in", form)


@pending_login
def code(request: Any, staff: Staff) -> HttpResponse:
    form = forms.CodeForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data["code"]
        try:
            device = two_factor.verify(staff=staff, code=given, at=request.at)
        except (two_factor.WrongCode, login_attempts.TooManyAttempts) as error:
            return _render_form(request, "code", form, error)
        login_flow.record_device(request, device)
        return _continue(request, staff)
    return _render_form(request, "code", form)


@pending_login
def password(request: Any, staff: Staff) -> HttpResponse:
    form = forms.NewPasswordForm(request.POST or None)
    if login_flow.next_step(request, staff) != "login:password":
        return _continue(request, staff)
    if form.is_valid():
        new = form.cleaned_data["new"]
        try:
            passwords.change(staff=staff, password=new, at=request.at)
        except errors.Invalid as error:
            return _render_form(request, "password", form, error)
        login_flow.record_new_password(request, staff)
        return _continue(request, staff)
    return _render_form(request, "password", form)


@pending_login
def two_factor_setup(request: Any, staff: Staff) -> HttpResponse:
    if login_flow.next_step(request, staff) != "login:two-factor":
        return _continue(request, staff)
    form = forms.CodeForm(request.POST or None)
    device = two_factor.pending_device(staff)
    context: dict[str, Any] = {
        "picture": qr_code.data_uri(device),
        "secret": two_factor.format_secret(device),
    }
    if form.is_valid():
        given = form.cleaned_data["code"]
        try:
            codes = two_factor.enable(staff=staff, code=given, at=request.at)
        except two_factor.WrongCode as error:
            return _render_form(request, "factor", form, error, **context)
        login_flow.record_device(request, two_factor.get_device(staff))
        to = login_flow.complete(request, staff, at=request.at)
        return http.render(
            request, "console/login/codes.html", {"codes": codes, "to": to}
        )
    return _render_form(request, "factor", form, **context)


def _continue(request: HttpRequest, staff: Staff) -> HttpResponse:
    """To the next step, or in."""
    owed = login_flow.next_step(request, staff)
    if owed:
        return redirect(owed)
    to = login_flow.complete(request, staff, at=request.at)  # type: ignore[attr-defined]
    answer = redirect(to)
    answer.status_code = 303
    return login_flow.set_language_cookie(answer, staff.language)


def _render_form(
    request: HttpRequest,
    page: str,
    form: django_forms.Form,
    error: Exception | None = None,
    **context: Any,
) -> HttpResponse:
    """The form again, with what was wrong; 429 where one has to wait."""
    wait: timedelta | None = getattr(error, "wait", None)
    status = 429 if wait else 422 if error or form.errors else 200
    context |= {
        "form": form,
        "wrong": str(error or ""),
        "languages": settings.LANGUAGES,
    }
    answer = http.render(request, f"console/login/{page}.html", context, status=status)
    if wait:
        answer["Retry-After"] = str(max(1, int(wait.total_seconds())))
    return answer


@require_POST
@http.public
def sign_out(request: Any) -> HttpResponse:
    login_flow.sign_out(request, at=request.at)
    return redirect("login:sign-in")


@require_POST
@http.public
def language(request: Any) -> HttpResponse:
    """For pages without a sign-in; who is signed in has it in "My account"."""
    asked = request.POST.get("language", "")
    chosen = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    to = login_flow.safe_redirect_url(request, request.POST.get("next") or "/")
    return login_flow.set_language_cookie(redirect(to), chosen)
