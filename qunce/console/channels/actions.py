"""Actions on the account of a channel."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.channels.accounts import accounts
from qunce.console import http
from qunce.console.channels import forms, presenters, views
from qunce.console.http import Request


@require_POST
@http.page(accounts.MANAGE)
def check(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    found = accounts.check(account=account, by=request.staff, at=request.at)
    if found:
        http.flash(request, _("Checked. The problems are listed below."), level="bad")
    else:
        http.flash(request, _("Checked. The account has all rights that it needs."))
    return http.redirect_back(request, reverse("channels:detail", args=[channel]))


@require_POST
@http.page(accounts.MANAGE)
def change_limit(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    form = forms.LimitForm(request.POST)
    if not form.is_valid():
        page = presenters.present_page(account, request.staff, request.at)
        return views.render_detail(request, page, form)
    accounts.change_limit(
        account=account,
        per_minute=form.cleaned_data["per_minute"],
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("channels:detail", args=[channel]))


@require_POST
@http.page(accounts.MANAGE)
def disconnect(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    accounts.disconnect(account=account, by=request.staff, at=request.at)
    http.flash(request, _("Disconnected. What was received stays."))
    return http.redirect_back(request, reverse("channels:list"))
