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

from qunce.console import entry
from qunce.console.signing import coming, forms, pictures
from qunce.core import attempts, errors, secondfactor, staff
from qunce.core.operators import Operator

SECRETS = sensitive_post_parameters("password", "code", "new", "again", "old")
Step = Callable[[Any, Operator], HttpResponse]


def step(view: Step) -> Step:
    """For who is on the way in; who dawdled begins again."""

    @require_http_methods(["GET", "POST"])
    @SECRETS
    @never_cache
    @entry.public
    @functools.wraps(view)
    def entered(request: Any) -> HttpResponse:
        operator = coming.who(request, request.at)
        if operator is None:
            return redirect("signing:sign-in")
        translation.activate(operator.language)
        request.LANGUAGE_CODE = operator.language
        return view(request, operator)

    setattr(entered, entry.ENTRY, "public")
    return entered  # type: ignore[return-value]


@require_http_methods(["GET", "POST"])
@SECRETS
@never_cache
@entry.public
def sign_in(request: Any) -> HttpResponse:
    to = coming.safe(request, request.GET.get("next") or "/")
    if isinstance(request.user, Operator) and entry.is_verified(request):
        return redirect(to)
    form = forms.SignIn(request.POST or None)
    if form.is_valid():
        try:
            operator = coming.by_password(request, at=request.at, **form.cleaned_data)
        except attempts.TooMany as error:
            return _asked(request, "sign_in", form, error)
        if operator is not None:
            coming.begin(request, operator, to=to, at=request.at)
            return _on(request, operator)
        wrong = errors.Invalid(_("Login or password is not right."))
        return _asked(request, "sign_in", form, wrong)
    return _asked(request, "sign_in", form)


@step
def code(request: Any, operator: Operator) -> HttpResponse:
    form = forms.Code(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data["code"]
        try:
            device = secondfactor.verify(operator=operator, code=given, at=request.at)
        except (secondfactor.WrongCode, attempts.TooMany) as error:
            return _asked(request, "code", form, error)
        coming.took(request, device)
        return _on(request, operator)
    return _asked(request, "code", form)


@step
def password(request: Any, operator: Operator) -> HttpResponse:
    form = forms.NewPassword(request.POST or None)
    if coming.owed(request, operator) != "signing:password":
        return _on(request, operator)
    if form.is_valid():
        new = form.cleaned_data["new"]
        try:
            staff.choose_password(operator=operator, password=new, at=request.at)
        except errors.Invalid as error:
            return _asked(request, "password", form, error)
        coming.chose(request, operator)
        return _on(request, operator)
    return _asked(request, "password", form)


@step
def factor(request: Any, operator: Operator) -> HttpResponse:
    if coming.owed(request, operator) != "signing:factor":
        return _on(request, operator)
    form = forms.Code(request.POST or None)
    device = secondfactor.offered(operator)
    context: dict[str, Any] = {
        "picture": pictures.code(device),
        "secret": secondfactor.secret(device),
    }
    if form.is_valid():
        given = form.cleaned_data["code"]
        try:
            codes = secondfactor.confirm(operator=operator, code=given, at=request.at)
        except secondfactor.WrongCode as error:
            return _asked(request, "factor", form, error, **context)
        coming.took(request, secondfactor.confirmed(operator))
        to = coming.finish(request, operator, at=request.at)
        return entry.render(
            request, "console/signing/codes.html", {"codes": codes, "to": to}
        )
    return _asked(request, "factor", form, **context)


def _on(request: HttpRequest, operator: Operator) -> HttpResponse:
    """To the next step, or in."""
    owed = coming.owed(request, operator)
    if owed:
        return redirect(owed)
    to = coming.finish(request, operator, at=request.at)  # type: ignore[attr-defined]
    answer = redirect(to)
    answer.status_code = 303
    return coming.speak(answer, operator.language)


def _asked(
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
    answer = entry.render(
        request, f"console/signing/{page}.html", context, status=status
    )
    if wait:
        answer["Retry-After"] = str(max(1, int(wait.total_seconds())))
    return answer


@require_POST
@entry.public
def sign_out(request: Any) -> HttpResponse:
    coming.leave(request, at=request.at)
    return redirect("signing:sign-in")


@require_POST
@entry.public
def language(request: Any) -> HttpResponse:
    """For pages without a sign-in; who is signed in has it in "My account"."""
    asked = request.POST.get("language", "")
    chosen = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    to = coming.safe(request, request.POST.get("next") or "/")
    return coming.speak(redirect(to), chosen)
