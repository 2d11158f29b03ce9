"""Actions on the account of a channel."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.channels.accounts import (
    accounts,
    invitations,
    member_sign_in,
    missed_messages,
)
from qunce.console import http
from qunce.console.channels import forms, presenters, views
from qunce.console.http import Request
from qunce.core import errors


@require_POST
@http.page(accounts.MANAGE)
def check(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    found = accounts.check(account=account, by=request.staff, at=request.at)
    if any(not problem.is_hint for problem in found):
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
        return views.render_detail(request, page, limit=form)
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
def allow_frames(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    form = forms.WidgetForm(request.POST)
    if form.is_valid():
        try:
            member_sign_in.allow_frames(
                account=account,
                origins=form.cleaned_data["origins"].splitlines(),
                by=request.staff,
                at=request.at,
            )
        except errors.Invalid as error:
            form.add_error("origins", str(error))
        else:
            http.flash(request, _("Saved."))
            return _back(request, channel)
    page = presenters.present_page(account, request.staff, request.at)
    return views.render_detail(request, page, widget=form)


@require_POST
@http.page(accounts.MANAGE)
def ask_first(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    form = forms.InvitationsForm(request.POST)
    if form.is_valid():
        invitations.ask_first(
            account=account,
            asks_first=form.cleaned_data["asks_first"],
            by=request.staff,
            at=request.at,
        )
        http.flash(request, _("Saved."))
    return _back(request, channel)


@require_POST
@http.page(accounts.MANAGE)
def accept(request: Request, channel: str) -> HttpResponse:
    done = _("Accepted. The room appears among the groups within a minute.")
    return _answer(request, channel, invitations.accept, done)


@require_POST
@http.page(accounts.MANAGE)
def refuse(request: Request, channel: str) -> HttpResponse:
    done = _("Refused. The room does not become a group.")
    return _answer(request, channel, invitations.refuse, done)


def _answer(
    request: Request, channel: str, verb: Callable[..., None], done: str
) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    key = request.POST.get("key", "")
    try:
        verb(account=account, key=key, by=request.staff, at=request.at)
    except (
        invitations.InvitationNotFound,
        invitations.InvitationNotAnswered,
    ) as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, done)
    return _back(request, channel)


@require_POST
@http.page(accounts.MANAGE)
def note_missed(request: Request, channel: str, pk: int) -> HttpResponse:
    missed = missed_messages.get(pk, by=request.staff)
    missed_messages.note(missed=missed, by=request.staff, at=request.at)
    http.flash(request, _("Noted."))
    return _back(request, channel)


def _back(request: Request, channel: str) -> HttpResponse:
    return http.redirect_back(request, reverse("channels:detail", args=[channel]))


@require_POST
@http.page(accounts.MANAGE)
def disconnect(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    accounts.disconnect(account=account, by=request.staff, at=request.at)
    http.flash(request, _("Disconnected. What was received stays."))
    return http.redirect_back(request, reverse("channels:list"))
