"""Entry links: the list with the form of a new one, and the page with the QR code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import segno
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
from qunce.core.staff import entry_links, staff
from qunce.core.staff.entry_links import Purpose
from qunce.core.staff.models import Staff

HOURS = (
    (1, gettext_lazy("1 hour")),
    (8, gettext_lazy("8 hours")),
    (24, gettext_lazy("1 day")),
    (168, gettext_lazy("7 days")),
)
STATES: dict[str, Any] = {
    "open": gettext_lazy("not opened yet"),
    "used": gettext_lazy("in use"),
    "ended": gettext_lazy("ended"),
    "expired": gettext_lazy("link expired"),
    "revoked": gettext_lazy("revoked"),
}
MAY_REVOKE = ("open", "used")


class EntryLinkForm(forms.Form):
    staff = forms.ChoiceField(label=gettext_lazy("For"))
    purpose = forms.ChoiceField(label=gettext_lazy("Opens"), choices=Purpose.choices)
    role = forms.ChoiceField(
        label=gettext_lazy("With the rights of"),
        choices=[(role.value, role.label) for role in entry_links.ROLES],
        help_text=gettext_lazy("Never more than the person's own rights."),
    )
    hours = forms.ChoiceField(
        label=gettext_lazy("Must be opened within"),
        choices=HOURS,
        help_text=gettext_lazy("Once opened it belongs to that device for 12 hours."),
    )

    def __init__(self, by: Staff, data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["staff"]
        rows = Staff.objects.filter(community=by.community, is_active=True)
        field.choices = [
            (row.pk, row.name)
            for row in rows.order_by("name", "pk")
            if not row.is_system and permissions.may_manage_staff(by, row)
        ]


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def entry_link_list(request: Request) -> HttpResponse:
    by = request.staff
    form = EntryLinkForm(by, request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            link = entry_links.create(
                staff=staff.get(by, int(values["staff"])),
                role=values["role"],
                purpose=values["purpose"],
                valid_for=timedelta(hours=int(values["hours"])),
                by=by,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            url = reverse("settings:entry-link-detail", args=[link.pk])
            return http.redirect_back(request, url)
    rows = [
        (link, link.state(request.at), STATES[link.state(request.at)])
        for link in entry_links.list_all(by=by)
    ]
    context = {"rows": rows, "form": form, "may_revoke": MAY_REVOKE}
    template = "console/settings/entry_link_list.html"
    status = 422 if form.errors else 200
    return http.render(request, template, context, status=status)


@require_GET
@never_cache
@http.page(permissions.MANAGE_STAFF)
def entry_link_detail(request: Request, pk: int) -> HttpResponse:
    """The address and the QR code, as long as nobody has opened the link."""
    link = entry_links.get(by=request.staff, pk=pk)
    state = link.state(request.at)
    path = reverse("login:enter", args=[entry_links.token_of(link)])
    url = request.build_absolute_uri(path) if state == "open" else ""
    # Dark on white, because cameras need that.
    code = segno.make(url, error="m") if url else None
    context = {
        "link": link,
        "state": STATES[state],
        "url": url,
        "qr_code": code.svg_data_uri(scale=5, border=3, light="#fff", dark="#000")
        if code
        else "",
        "may_revoke": state in MAY_REVOKE,
    }
    return http.render(request, "console/settings/entry_link_detail.html", context)


@require_POST
@http.page(permissions.MANAGE_STAFF)
def revoke_entry_link(request: Request, pk: int) -> HttpResponse:
    link = entry_links.get(by=request.staff, pk=pk)
    entry_links.revoke(link=link, by=request.staff, at=request.at)
    http.flash(
        request, _("Revoked. %(name)s is signed out there.") % {"name": link.staff.name}
    )
    return http.redirect_back(request, reverse("settings:entry-link-list"))
