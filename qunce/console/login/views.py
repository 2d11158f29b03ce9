"""Pages for signing in, step by step, and for signing out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms as django_forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.login import forms, known_devices, login_flow, provider, qr_code
from qunce.core import errors
from qunce.core.staff import linked_accounts, login_attempts, passwords, two_factor
from qunce.core.staff.models import Staff

hide_secrets = sensitive_post_parameters(
    "password", "code", "new_password", "repeat_password", "old_password"
)
PendingView = Callable[[Any, Staff], HttpResponse]


def pending_login(view: PendingView) -> PendingView:
    """Require a partial login; without one, or after its time-out, start over."""

    @require_http_methods(["GET", "POST"])
    @hide_secrets
    @never_cache
    @http.public
    @functools.wraps(view)
    def wrapper(request: Any) -> HttpResponse:
        staff = login_flow.find_pending_staff(request, request.at)
        if staff is None:
            return redirect("login:sign-in")
        language = login_flow.chosen_language(request) or staff.language
        translation.activate(language)
        request.LANGUAGE_CODE = language
        return view(request, staff)

    setattr(wrapper, http.ACCESS_ATTRIBUTE, "public")
    return wrapper  # type: ignore[return-value]


@require_http_methods(["GET", "POST"])
@hide_secrets
@never_cache
@http.public
def sign_in(request: Any) -> HttpResponse:
    next_url = login_flow.safe_redirect_url(request, request.GET.get("next") or "/")
    if isinstance(request.user, Staff) and http.is_verified(request):
        return redirect(next_url)
    form = forms.SignInForm(request.POST or None)
    if form.is_valid():
        try:
            staff = login_flow.authenticate(request, at=request.at, **form.cleaned_data)
        except login_attempts.TooManyAttempts as error:
            return _render_sign_in(request, form, error)
        if staff is not None:
            login_flow.start(request, staff, next_url=next_url, at=request.at)
            return continue_login(request, staff)
        invalid = errors.Invalid(_("Incorrect login or password."))
        return _render_sign_in(request, form, invalid)
    return _render_sign_in(request, form)


def render_failed_sign_in(request: Any, error: Exception) -> HttpResponse:
    """Render the sign-in page for somebody who tried it in another way."""
    return _render_sign_in(request, forms.SignInForm(), error)


def _render_sign_in(
    request: Any, form: django_forms.Form, error: Exception | None = None
) -> HttpResponse:
    context = {
        "provider_name": provider.name() if provider.is_configured() else "",
        "next_url": request.GET.get("next", ""),
    }
    return _render_form(request, "sign_in", form, error, **context)


@pending_login
def code(request: Any, staff: Staff) -> HttpResponse:
    form = forms.CodeForm(request.POST or None)
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            device = two_factor.verify(staff=staff, code=code, at=request.at)
        except (two_factor.WrongCode, login_attempts.TooManyAttempts) as error:
            return _render_form(request, "code", form, error)
        login_flow.record_device(request, device)
        return continue_login(request, staff)
    return _render_form(request, "code", form)


@pending_login
def password(request: Any, staff: Staff) -> HttpResponse:
    form = forms.NewPasswordForm(request.POST or None)
    if login_flow.next_step(request, staff) != "login:password":
        return continue_login(request, staff)
    if form.is_valid():
        password = form.cleaned_data["new_password"]
        try:
            passwords.change(staff=staff, password=password, at=request.at)
        except errors.Invalid as error:
            return _render_form(request, "password", form, error)
        login_flow.record_new_password(request, staff)
        return continue_login(request, staff)
    return _render_form(request, "password", form)


@pending_login
def two_factor_setup(request: Any, staff: Staff) -> HttpResponse:
    if login_flow.next_step(request, staff) != "login:two-factor":
        return continue_login(request, staff)
    form = forms.CodeForm(request.POST or None)
    device = two_factor.pending_device(staff)
    context: dict[str, Any] = {
        "qr_code": qr_code.data_uri(device),
        "secret": two_factor.format_secret(device),
    }
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            codes = two_factor.enable(staff=staff, code=code, at=request.at)
        except two_factor.WrongCode as error:
            return _render_form(request, "two_factor", form, error, **context)
        login_flow.record_device(request, two_factor.get_device(staff))
        login_flow.keep_language(request, staff)
        next_url = login_flow.complete(request, staff, at=request.at)
        response = http.render(
            request,
            "console/login/recovery_codes.html",
            {"codes": codes, "next_url": next_url},
        )
        known_devices.remember(request, response, staff)
        return response
    return _render_form(request, "two_factor", form, **context)


def continue_login(request: HttpRequest, staff: Staff) -> HttpResponse:
    """Redirect to the next pending step, or sign in if none is left."""
    step = login_flow.next_step(request, staff)
    if step:
        return redirect(step)
    # Before the session gets a new key.
    login_flow.keep_language(request, staff)
    next_url = login_flow.complete(request, staff, at=request.at)  # type: ignore[attr-defined]
    response = redirect(next_url)
    response.status_code = 303
    known_devices.remember(request, response, staff)
    return login_flow.set_language_cookie(response, staff.language)


def _render_form(
    request: HttpRequest,
    page: str,
    form: django_forms.Form,
    error: Exception | None = None,
    **context: Any,
) -> HttpResponse:
    """Render the form with its error; status 429 if the user must wait."""
    wait: timedelta | None = getattr(error, "wait", None)
    status = 429 if wait else 422 if error or form.errors else 200
    context |= {
        "form": form,
        "error": str(error or ""),
        "languages": settings.LANGUAGES,
    }
    response = http.render(
        request, f"console/login/{page}.html", context, status=status
    )
    if wait:
        response["Retry-After"] = str(max(1, int(wait.total_seconds())))
    return response


@require_POST
@http.public
def sign_out(request: Any) -> HttpResponse:
    login_flow.sign_out(request, at=request.at)
    return redirect("login:sign-in")


@require_POST
@http.page()
def switch(request: http.Request, pk: int) -> HttpResponse:
    """Sign in with the account of the same person in another community."""
    others = {each.pk: each for each in linked_accounts.list_others(request.staff)}
    if pk not in others:
        raise Http404
    login_flow.sign_out(request, at=request.at)
    # The other account may need a code or a new password.
    login_flow.start(request, others[pk], next_url="/", at=request.at)
    return continue_login(request, others[pk])


@require_POST
@http.public
def language(request: Any) -> HttpResponse:
    """Set the language of pages before sign-in, which is then kept for the account."""
    requested = request.POST.get("language", "")
    is_known = requested in dict(settings.LANGUAGES)
    language = requested if is_known else settings.LANGUAGE_CODE
    if is_known:
        request.session[login_flow.CHOSEN_LANGUAGE] = language
    next_url = login_flow.safe_redirect_url(request, request.POST.get("next") or "/")
    return login_flow.set_language_cookie(redirect(next_url), language)
