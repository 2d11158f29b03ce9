"""A campaign: how far it is, what became of it, who has not sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.outreach import labels, presenters, preview
from qunce.console.outreach.forms import CampaignForm
from qunce.core import errors, permissions
from qunce.members.segments import segments
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, results
from qunce.outreach.campaigns import review as reviews
from qunce.outreach.campaigns.campaigns import STATES, Campaign
from qunce.outreach.campaigns.review import Review
from qunce.outreach.content import templates, variable_values
from qunce.outreach.sending.recipients import REACHED, State
from qunce.sets import audiences
from qunce.sets.rules import tree


@dataclass(frozen=True)
class StateCount:
    """A number of the result that leads to its list."""

    chip: labels.Chip
    state: str
    count: int


@http.page()
def campaign_detail(request: http.Request, pk: int) -> HttpResponse:
    found = campaigns.get(by=request.staff, pk=pk)
    progress = results.progress(found)
    context = {
        "campaign": found,
        "progress": progress,
        "mine": _my_task(found, request),
        "me": request.staff.pk,
        **_permissions(found, request),
        **_campaign_context(found),
        **_result_context(found, progress, request),
    }
    return http.render(
        request,
        "console/outreach/campaign.html",
        context,
        part="console/outreach/_result.html",
    )


def _permissions(found: Campaign, request: http.Request) -> dict[str, Any]:
    by = request.staff
    may_manage = permissions.may(by, campaigns.MANAGE)
    return {
        "steps": _allowed_transitions(found) if may_manage else set(),
        "may_manage": may_manage,
        "may_edit": campaigns.may_edit(found, by),
        "may_oversee": permissions.may(by, campaigns.OVERSEE_TASKS),
        "may_export": permissions.may(by, results.EXPORT),
    }


def _campaign_context(found: Campaign) -> dict[str, Any]:
    return {
        "chip": labels.campaign_chip(found),
        "audience": labels.audience(found),
        "without": labels.excluded(found),
        "in_groups": found.target == campaigns.Target.GROUPS,
    }


def _result_context(
    found: Campaign, progress: results.Progress, request: http.Request
) -> dict[str, Any]:
    excluded = found.excluded.items()
    return {
        "counts": _state_counts(progress),
        "reasons": results.count_by_reason(found),
        "excluded": [
            (skip_reasons.label_of(reason), count) for reason, count in excluded
        ],
        "shares": results.list_task_progress(found, request.at),
    }


def _state_counts(progress: results.Progress) -> list[StateCount]:
    """What came of it, reached first."""
    order = [*REACHED, State.PLANNED, State.SKIPPED, State.FAILED, State.UNKNOWN]
    return [
        StateCount(labels.recipient_chip(state), state.value, progress.counts[state])
        for state in order
        if progress.counts.get(state)
    ]


def _allowed_transitions(found: Campaign) -> set[str]:
    """What may be done with it now."""
    return {step for step in STATES.transitions if STATES.may(step, found.state)}


def _my_task(found: Campaign, request: http.Request) -> int | None:
    """The reader's own task in it, if there is something left to do."""
    rows = found.tasks.filter(staff=request.staff, finished_at__isnull=True)
    return rows.values_list("pk", flat=True).first()


PAGE_SIZE = 30


@http.page()
def campaign_list(request: http.Request) -> HttpResponse:
    rows = campaigns.list_visible(request.staff)
    state = request.GET.get("state", "")
    if state in campaigns.State:
        rows = rows.filter(state=state)
    before = paging.parse_number(request, "before")
    if before:
        rows = rows.filter(pk__lt=before)
    some = list(rows[: PAGE_SIZE + 1])
    more = some[PAGE_SIZE - 1].pk if len(some) > PAGE_SIZE else None
    context = {
        "rows": presenters.campaign_rows(some[:PAGE_SIZE]),
        "state": state,
        "states": campaigns.State.choices,
        "are_any": bool(some) or campaigns.list_visible(request.staff).exists(),
        "next": paging.link(request, before=more) if more else "",
        "may_manage": permissions.may(request.staff, campaigns.MANAGE),
    }
    page, part = "console/outreach/campaigns.html", "console/outreach/_campaigns.html"
    return http.render(request, page, context, part=part)


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def campaign_create(request: http.Request) -> HttpResponse:
    rule = None if request.method == "POST" else _rule_from_url(request)
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
            form.add_error(_invalid_field(error), str(error))
        else:
            return _redirect_after_save(request, campaign)
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def campaign_update(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    campaigns.check_editable(campaign)
    form = CampaignForm(request, request.POST or None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            campaigns.update(
                campaign=campaign, by=request.staff, at=request.at, **form.about()
            )
        except errors.QunceError as error:
            form.add_error(_invalid_field(error), str(error))
        else:
            return _redirect_after_save(request, campaign)
    return _render_form(request, form, campaign)


def _invalid_field(error: errors.QunceError) -> str | None:
    """Where on the form a refusal belongs."""
    return "text" if isinstance(error, templates.InvalidText) else None


def _redirect_after_save(request: http.Request, campaign: Campaign) -> HttpResponse:
    """To the review, or back to what is under way; a draft may also just be kept."""
    if campaign.state == "paused" or "keep" in request.POST:
        http.flash(request, _("Saved."))
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[campaign.pk])
        )
    return http.redirect_back(
        request, reverse("outreach:campaign-review", args=[campaign.pk])
    )


def _rule_from_url(request: http.Request) -> Any:
    """The rule that another page came with: a segment's, or one of its own."""
    pk = paging.parse_number(request, "segment")
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


def _render_form(
    request: http.Request, form: CampaignForm, campaign: Campaign | None = None
) -> HttpResponse:
    target = campaign.target if campaign else ""
    context: dict[str, Any] = {
        "form": form,
        "campaign": campaign,
        "of_members": variable_values.list_variables(request.community, "members"),
        "of_groups": variable_values.list_variables(request.community, "groups"),
        "target": target,
        **preview.build_preview(request, form, 0),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/outreach/form.html", context, status=status)


@require_POST
@http.page(campaigns.MANAGE)
def campaign_preview(request: http.Request) -> HttpResponse:
    """How many it is now, and the text as one of them would read it."""
    form = CampaignForm(request, request.POST)
    turn = request.POST.get("turn", "")
    number = int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 7 else 0
    context = preview.build_preview(request, form, number)
    part = "console/outreach/_preview.html"
    return http.render(request, part, context, part=part)


@dataclass(frozen=True)
class ReviewStep:
    """A line of the way from who was asked for to who gets it."""

    words: str
    count: int


@http.page(campaigns.MANAGE)
def campaign_review(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    if campaign.state not in (campaigns.State.DRAFT, campaigns.State.SCHEDULED):
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[campaign.pk])
        )
    return render_review(request, campaign)


def render_review(
    request: http.Request, campaign: Campaign, wrong: str = "", status: int = 200
) -> HttpResponse:
    """The review as of now; what is not complete is said in its place."""
    context = {
        "campaign": campaign,
        "audience": labels.audience(campaign),
        "without": labels.excluded(campaign),
        "wrong": wrong,
    }
    try:
        found = reviews.build(campaign=campaign, by=request.staff, at=request.at)
    except errors.QunceError as error:
        context["incomplete"] = str(error)
    else:
        context |= {
            "review": found,
            "steps": [
                ReviewStep(skip_reasons.label_of(reason), count)
                for reason, count in found.excluded.items()
            ],
            "button": button_label(campaign, found),
            "in_groups": campaign.target == campaigns.Target.GROUPS,
        }
    return http.render(request, "console/outreach/review.html", context, status=status)


def button_label(campaign: Campaign, found: Review) -> str:
    """What it does, with its numbers."""
    in_groups = campaign.target == campaigns.Target.GROUPS
    who = (
        ngettext("%(n)s group", "%(n)s groups", found.size)
        if in_groups
        else ngettext("%(n)s member", "%(n)s members", found.size)
    ) % {"n": f"{found.size:,}"}
    if not campaign.is_assisted:
        return _("Send to %(who)s") % {"who": who}
    staff = len(found.shares)
    return ngettext(
        "Assign %(who)s to %(n)s staff member for sending",
        "Assign %(who)s to %(n)s staff members for sending",
        staff,
    ) % {"who": who, "n": staff}
