"""Submitting campaigns, approving those of others, and test sends."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.moments import MomentField
from qunce.console.outreach import views
from qunce.console.outreach.forms import MINUTE_FORMAT
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import approvals, campaigns, test_sends
from qunce.outreach.campaigns.campaigns import Campaign


@require_POST
@http.page(campaigns.MANAGE)
def submit(request: http.Request, pk: int) -> HttpResponse:
    """Submit the campaign; without a time it is a draft again once it is approved."""
    campaign = campaigns.get(by=request.staff, pk=pk)
    field = MomentField(input_formats=[MINUTE_FORMAT, "%Y-%m-%d %H:%M"], required=False)
    try:
        send_at = field.clean(request.POST.get("send_at", ""))
        approvals.submit(
            campaign=campaign, send_at=send_at, by=request.staff, at=request.at
        )
    except forms.ValidationError:
        text = _("Choose a date and time.")
        return views.render_review(request, campaign, text, status=422)
    except errors.Invalid as error:
        return views.render_review(request, campaign, str(error), status=422)
    http.flash(
        request,
        _("Submitted. Somebody else has to approve it."),
        undo=reverse("outreach:campaign-withdraw", args=[pk]),
    )
    return _back(request, pk)


@require_POST
@http.page(campaigns.MANAGE)
def withdraw(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    approvals.withdraw(campaign=campaign, by=request.staff, at=request.at)
    http.flash(request, _("Moved back to draft."))
    return _back(request, pk)


@require_POST
@http.page(approvals.APPROVE)
def approve(request: http.Request, pk: int) -> HttpResponse:
    """Approve what the page showed; a campaign that changed since is shown again."""
    campaign = campaigns.get(by=request.staff, pk=pk)
    try:
        approvals.approve(
            campaign=campaign,
            digest=request.POST.get("digest", ""),
            by=request.staff,
            at=request.at,
        )
    except approvals.CampaignChangedSince as error:
        return views.render_review(request, campaign, str(error), status=422)
    http.flash(request, _approved_text(campaign))
    return _back(request, pk)


@require_POST
@http.page(approvals.APPROVE)
def reject(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    note = request.POST.get("note", "").replace("\0", "")
    try:
        approvals.reject(campaign=campaign, note=note, by=request.staff, at=request.at)
    except errors.Invalid as error:
        return views.render_review(request, campaign, str(error), status=422)
    http.flash(request, _("Rejected. Your note is on the campaign."))
    return _back(request, pk)


@require_POST
@http.page(campaigns.MANAGE)
def test_send(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    key = request.POST.get("key", "").strip().replace("\0", "")
    try:
        account = account_queries.get(request.community, key)
        sent = test_sends.send(
            campaign=campaign, account=account.pk, by=request.staff, at=request.at
        )
    except (errors.Invalid, errors.NotFound) as error:
        return views.render_review(request, campaign, str(error), status=422)
    text = _("Tests sent: %(n)s. They arrive within a minute.") % {"n": len(sent)}
    http.flash(request, text)
    return http.redirect_back(request, reverse("outreach:campaign-review", args=[pk]))


def _approved_text(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    if campaign.send_at:
        return _("Approved. It starts automatically.")
    return _("Approved. %(name)s has to start it.") % {"name": campaign.submitted_by}


def _back(request: http.Request, pk: int) -> HttpResponse:
    return http.redirect_back(request, reverse("outreach:campaign-detail", args=[pk]))
