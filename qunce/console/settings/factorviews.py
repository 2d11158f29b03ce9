"""My second factor: on, off, new recovery codes."""

from __future__ import annotations

import django_otp
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import entry
from qunce.console.entry import Request
from qunce.console.signing import forms, pictures
from qunce.core import attempts, errors, secondfactor, sessions


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code")
@never_cache
@entry.page()
def turn_on(request: Request) -> HttpResponse:
    me = request.operator
    if secondfactor.is_set(me):
        return entry.back(request, reverse("settings:mine"))
    form = forms.Code(request.POST or None)
    device, wrong = secondfactor.offered(me), ""
    if form.is_valid():
        given = form.cleaned_data["code"]
        try:
            codes = secondfactor.confirm(operator=me, code=given, at=request.at)
        except secondfactor.WrongCode as error:
            wrong = str(error)
        else:
            django_otp.login(request, secondfactor.confirmed(me))
            sessions.end_all(me, but=request.session.session_key)
            return _told(request, codes)
    context = {
        "form": form,
        "wrong": wrong,
        "picture": pictures.code(device),
        "secret": secondfactor.secret(device),
    }
    status = 422 if wrong or form.errors else 200
    return entry.render(request, "console/settings/factor.html", context, status=status)


def _told(request: Request, codes: list[str]) -> HttpResponse:
    context = {"codes": codes, "to": reverse("settings:mine")}
    return entry.render(request, "console/settings/codes.html", context)


def _proven(request: Request) -> bool:
    """A code once more: an open page alone takes nobody's second factor away."""
    code = request.POST.get("code", "")[:40]
    try:
        secondfactor.verify(operator=request.operator, code=code, at=request.at)
    except (secondfactor.WrongCode, attempts.TooMany) as error:
        entry.say(request, str(error), level="bad")
        return False
    return True


@require_POST
@sensitive_post_parameters("code")
@entry.page()
def renew_codes(request: Request) -> HttpResponse:
    if not _proven(request):
        return entry.back(request, reverse("settings:mine"))
    codes = secondfactor.renew_codes(operator=request.operator, at=request.at)
    return _told(request, codes)


@require_POST
@sensitive_post_parameters("code")
@entry.page()
def turn_off(request: Request) -> HttpResponse:
    me = request.operator
    if _proven(request):
        try:
            secondfactor.remove(operator=me, by=me, at=request.at)
        except errors.Refused as error:
            entry.say(request, str(error), level="bad")
        else:
            entry.say(request, _("Two-factor is off."))
    return entry.back(request, reverse("settings:mine"))
