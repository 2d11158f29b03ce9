"""Actions on campaigns."""

from __future__ import annotations

from datetime import datetime

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
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign


def _get_campaign(request: http.Request, pk: int) -> Campaign:
    return campaigns.get(by=request.staff, pk=pk)


def _redirect_to_campaign(request: http.Request, campaign: Campaign) -> HttpResponse:
    return http.redirect_back(
        request, reverse("outreach:campaign-detail", args=[campaign.pk])
    )


@require_POST
@http.page(campaigns.MANAGE)
def start_campaign(request: http.Request, pk: int) -> HttpResponse:
    """Start the campaign, unless the recipients have changed since the review."""
    campaign = _get_campaign(request, pk)
    text = request.POST.get("expected", "")
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    expected = int(text) if is_number else -1
    try:
        plan = launch.start(
            campaign=campaign, by=request.staff, at=request.at, expected=expected
        )
    except errors.QunceError as error:
        if campaign.state not in ("draft", "scheduled"):
            raise
        return views.render_review(request, campaign, str(error), status=422)
    if campaign.is_assisted:
        message = _("Staff tasks assigned: %(n)s.") % {"n": len(plan.shares)}
    else:
        message = _("Sending started. Recipients: %(n)s.") % {"n": f"{plan.size:,}"}
    http.flash(request, message)
    return _redirect_to_campaign(request, campaign)


@require_POST
@http.page(campaigns.MANAGE)
def schedule_campaign(request: http.Request, pk: int) -> HttpResponse:
    campaign = _get_campaign(request, pk)
    field = MomentField(input_formats=[MINUTE_FORMAT, "%Y-%m-%d %H:%M"])
    try:
        send_at: datetime = field.clean(request.POST.get("send_at", ""))
        campaigns.schedule(
            campaign=campaign,
            send_at=send_at,
            by=request.staff,
            at=request.at,
        )
    except forms.ValidationError:
        text = _("Choose a date and time.")
        return views.render_review(request, campaign, text, status=422)
    except errors.Invalid as error:
        return views.render_review(request, campaign, str(error), status=422)
    http.flash(
        request,
        _("Scheduled. Sending starts automatically."),
        undo=reverse("outreach:campaign-unschedule", args=[pk]),
    )
    return _redirect_to_campaign(request, campaign)


@require_POST
@http.page(campaigns.MANAGE)
def unschedule_campaign(request: http.Request, pk: int) -> HttpResponse:
    campaign = _get_campaign(request, pk)
    campaigns.unschedule(campaign=campaign, by=request.staff, at=request.at)
    http.flash(request, _("Moved back to draft."))
    return _redirect_to_campaign(request, campaign)


@require_POST
@http.page(campaigns.MANAGE)
def pause_campaign(request: http.Request, pk: int) -> HttpResponse:
    campaign = _get_campaign(request, pk)
    campaigns.pause(campaign=campaign, by=request.staff, at=request.at)
    http.flash(
        request,
        _("Paused. Staff can still mark messages they have already opened."),
        undo=reverse("outreach:campaign-resume", args=[pk]),
    )
    return _redirect_to_campaign(request, campaign)


@require_POST
@http.page(campaigns.MANAGE)
def resume_campaign(request: http.Request, pk: int) -> HttpResponse:
    campaign = _get_campaign(request, pk)
    campaigns.resume(campaign=campaign, by=request.staff, at=request.at)
    http.flash(
        request, _("Resumed."), undo=reverse("outreach:campaign-pause", args=[pk])
    )
    return _redirect_to_campaign(request, campaign)


@require_POST
@http.page(campaigns.MANAGE)
def cancel_campaign(request: http.Request, pk: int) -> HttpResponse:
    campaign = _get_campaign(request, pk)
    launch.cancel(campaign=campaign, by=request.staff, at=request.at)
    http.flash(request, _("Cancelled. Unsent messages will not be sent."))
    return _redirect_to_campaign(request, campaign)


@require_POST
@http.page(campaigns.MANAGE)
def duplicate_campaign(request: http.Request, pk: int) -> HttpResponse:
    campaign = _get_campaign(request, pk)
    copy = campaigns.duplicate(campaign=campaign, by=request.staff, at=request.at)
    return http.redirect_back(
        request, reverse("outreach:campaign-update", args=[copy.pk])
    )
