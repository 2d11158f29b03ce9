"""Writing a campaign, with what it becomes for a real receiver beside it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.outreach import previews
from qunce.console.outreach.forms import CampaignForm
from qunce.core import errors
from qunce.members.segments import segments
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.content import templates, variable_values
from qunce.sets import audiences
from qunce.sets.rules import tree


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def new(request: http.Request) -> HttpResponse:
    rule = None if request.method == "POST" else _asked(request)
    form = CampaignForm(request, request.POST or None, rule=rule)
    if request.method == "POST" and form.is_valid():
        try:
            campaign = campaigns.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.about(),
            )
        except errors.QunceError as error:
            form.add_error(_field(error), str(error))
        else:
            return _onward(request, campaign)
    return _form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def edit(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    campaigns.check_editable(campaign)
    form = CampaignForm(request, request.POST or None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            campaigns.update(
                campaign=campaign, by=request.staff, at=request.at, **form.about()
            )
        except errors.QunceError as error:
            form.add_error(_field(error), str(error))
        else:
            return _onward(request, campaign)
    return _form(request, form, campaign)


def _field(error: errors.QunceError) -> str | None:
    """Where on the form a refusal belongs."""
    return "text" if isinstance(error, templates.InvalidText) else None


def _onward(request: http.Request, campaign: Campaign) -> HttpResponse:
    """To the review, or back to what is under way; a draft may also just be kept."""
    if campaign.state == "paused" or "keep" in request.POST:
        http.say(request, _("Saved."))
        return http.back(
            request, reverse("outreach:campaign-detail", args=[campaign.pk])
        )
    return http.back(request, reverse("outreach:campaign-review", args=[campaign.pk]))


def _asked(request: http.Request) -> Any:
    """The rule that another page came with: a segment's, or one of its own."""
    pk = paging.number(request, "segment")
    if pk:
        listed = segments.Segment.objects.filter(community=request.community)
        segment = listed.filter(pk=pk).first()
        return {"segment": {"any": [segment.key]}} if segment else None
    text = request.GET.get("rule", "")
    if not text:
        return None
    rule = tree.parse_json(text)
    audiences.check(community=request.community, rule=rule)
    return rule


def _form(
    request: http.Request, form: CampaignForm, campaign: Campaign | None = None
) -> HttpResponse:
    target = campaign.target if campaign else ""
    context: dict[str, Any] = {
        "form": form,
        "campaign": campaign,
        "of_members": variable_values.list_variables(request.community, "members"),
        "of_groups": variable_values.list_variables(request.community, "groups"),
        "target": target,
        **previews.of_form(request, form, 0),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/outreach/form.html", context, status=status)


@require_POST
@http.page(campaigns.MANAGE)
def preview(request: http.Request) -> HttpResponse:
    """How many it is now, and the text as one of them would read it."""
    form = CampaignForm(request, request.POST)
    turn = request.POST.get("turn", "")
    number = int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 7 else 0
    context = previews.of_form(request, form, number)
    part = "console/outreach/_preview.html"
    return http.render(request, part, context, part=part)
