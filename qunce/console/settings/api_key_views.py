"""Pages of API keys: the list, and the form of a new key."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.settings import forms, labels
from qunce.core import errors, permissions
from qunce.core.staff import api_keys, staff


@require_GET
@http.page(permissions.MANAGE_STAFF)
def api_key_list(request: Request) -> HttpResponse:
    permissions.check_manage_staff(request.staff)
    rows = [
        (
            key,
            _state_of(key, request),
            permissions.may_manage_staff(request.staff, key.staff),
            [(scope, labels.scope_label(scope)) for scope in key.scopes],
        )
        for key in api_keys.list_all(request.community)
    ]
    return http.render(request, "console/settings/api_key_list.html", {"rows": rows})


def _state_of(key: api_keys.ApiKey, request: Request) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= request.at:
        return "expired"
    return "active" if key.staff.is_active else "staff_inactive"


@require_http_methods(["GET", "POST"])
@never_cache
@http.page(permissions.MANAGE_STAFF)
def api_key_create(request: Request) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    initial = {"staff": by.pk, "days": 90}
    form = forms.ApiKeyForm(by, request.POST or None, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        days = int(values["days"])
        try:
            key, token = api_keys.create(
                name=values["name"],
                scopes=values["scopes"],
                staff=staff.get(by, int(values["staff"])),
                expires_at=request.at + timedelta(days=days) if days else None,
                by=by,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            context = {"key": key, "token": token}
            return http.render(
                request, "console/settings/api_key_created.html", context
            )
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/api_key_create.html", {"form": form}, status=status
    )
