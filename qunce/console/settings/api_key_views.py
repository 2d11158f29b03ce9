"""API keys: which there are, a new one, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.core import errors, permissions
from qunce.core.staff import api_keys, staff
from qunce.core.staff.models import Staff

DAYS = (
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("365 days")),
    (0, gettext_lazy("until it is revoked")),
)


class KeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=api_keys.MAX_NAME_LENGTH,
        help_text=gettext_lazy(
            "The program that uses the key, such as “till” or “CRM”."
        ),
    )
    staff = forms.ChoiceField(
        label=gettext_lazy("Acts as"),
        help_text=gettext_lazy("The key can see and do what this staff member can."),
    )
    days = forms.ChoiceField(label=gettext_lazy("Valid for"), choices=DAYS)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[(scope, scope) for scope in sorted(api_keys.SCOPES)],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, by: Staff, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.by = by
        found = [each for each in staff.list_all(by.community) if each.is_active]
        whom = self.fields["staff"]
        assert isinstance(whom, forms.ChoiceField)  # noqa: S101 - for the type checker
        whom.choices = [
            (each.pk, f"{each.name} ({each.login})")
            for each in found
            if permissions.may_manage_staff(by, each)
        ]


@require_GET
@http.page(permissions.MANAGE_STAFF)
def listed(request: Request) -> HttpResponse:
    permissions.check_manage_staff(request.staff)
    rows = [
        (
            key,
            _state(key, request),
            permissions.may_manage_staff(request.staff, key.staff),
        )
        for key in api_keys.list_all(request.community)
    ]
    return http.render(request, "console/settings/keys.html", {"rows": rows})


def _state(key: api_keys.ApiKey, request: Request) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= request.at:
        return "ended"
    return "good" if key.staff.is_active else "asleep"


@require_http_methods(["GET", "POST"])
@never_cache
@http.page(permissions.MANAGE_STAFF)
def add(request: Request) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    start = {"staff": by.pk, "days": 90}
    form = KeyForm(by, request.POST or None, initial=start)
    if form.is_valid():
        try:
            key, token = _make(request, form.cleaned_data)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            context = {"key": key, "token": token}
            return http.render(request, "console/settings/key_made.html", context)
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/key_new.html", {"form": form}, status=status
    )


def _make(request: Request, given: dict[str, Any]) -> tuple[api_keys.ApiKey, str]:
    days = int(given["days"])
    return api_keys.create(
        name=given["name"],
        scopes=given["scopes"],
        staff=staff.get(request.staff, int(given["staff"])),
        expires_at=request.at + timedelta(days=days) if days else None,
        by=request.staff,
        at=request.at,
    )


@require_POST
@http.page(permissions.MANAGE_STAFF)
def revoke(request: Request, pk: int) -> HttpResponse:
    key = api_keys.get(request.community, pk)
    api_keys.revoke(key=key, by=request.staff, at=request.at)
    http.say(request, _("Key “%(name)s” revoked.") % {"name": key.name})
    return http.back(request, reverse("settings:api-key-list"))
