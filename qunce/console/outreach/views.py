"""Pages of campaigns: the list, one campaign with its result, form and review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from qunce.channels import channel_contract
from qunce.console import http, paging
from qunce.console.materials import picker_views
from qunce.console.materials import presenters as material_presenters
from qunce.console.message_templates import presenters as template_presenters
from qunce.console.outreach import comparison_lines, labels, presenters, preview
from qunce.console.outreach.forms import CampaignForm
from qunce.console.outreach.options_form import CampaignOptions
from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.members.people import staff_accounts
from qunce.members.segments import segments
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.campaigns import (
    approvals,
    campaign_materials,
    campaigns,
    comparisons,
    effects,
    fingerprints,
    results,
    variants,
)
from qunce.outreach.campaigns import review as reviews
from qunce.outreach.campaigns.campaigns import STATES, Campaign
from qunce.outreach.campaigns.review import Review
from qunce.outreach.contact_budget import kept_places
from qunce.outreach.content import templates, variable_values
from qunce.outreach.links import link_results, tracked_links
from qunce.outreach.sending import rates
from qunce.outreach.sending.ledger import REACHED, State
from qunce.sets import audiences
from qunce.sets.rules import tree


@dataclass(frozen=True)
class StateCount:
    """Recipients in one state."""

    chip: labels.Chip
    state: str
    count: int


@http.page()
def campaign_detail(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    progress = results.progress(campaign)
    own_tasks = campaign.tasks.filter(staff=request.staff, finished_at__isnull=True)
    may_manage = permissions.may(request.staff, campaigns.MANAGE)
    context = {
        "campaign": campaign,
        "progress": progress,
        "my_task": own_tasks.values_list("pk", flat=True).first(),
        "user_id": request.staff.pk,
        "chip": labels.campaign_chip(campaign),
        "parts": material_presenters.parts_of(
            campaign_materials.list_versions(campaign)
        ),
        "audience": labels.audience(campaign, request.staff),
        "exclusion": labels.excluded(campaign, request.staff),
        "texts": variants.of(campaign),
        "in_groups": campaign.target == campaigns.Target.GROUPS,
        "kept_count": kept_places.count(campaign, request.at)
        if campaign.keeps_place and campaign.state in kept_places.KEEPING
        else None,
        "transitions": {
            transition
            for transition in STATES.transitions
            if may_manage and STATES.may(transition, campaign.state)
        },
        "may_manage": may_manage,
        "may_edit": campaigns.may_edit(campaign, request.staff),
        "may_oversee": permissions.may(request.staff, task_permissions.OVERSEE_TASKS),
        "may_export": permissions.may(request.staff, results.EXPORT),
        **_result_context(campaign, progress, request),
    }
    return http.render(
        request,
        "console/outreach/campaign_detail.html",
        context,
        part="console/outreach/_result.html",
    )


def _result_context(
    campaign: Campaign, progress: results.Progress, request: http.Request
) -> dict[str, Any]:
    excluded = campaign.excluded.items()
    order = [
        *REACHED,
        State.PLANNED,
        State.SKIPPED,
        State.FAILED,
        State.UNKNOWN,
        State.CANCELLED,
    ]
    counts = progress.counts
    shares = presenters.staff_shares(request, campaign)
    to_members = campaign.target == campaigns.Target.MEMBERS
    is_sending = campaign.state == campaigns.State.SENDING
    return {
        "portraits": presenters.list_portraits(campaign),
        "effects": effects.measure(campaign, request.at)
        if campaign.started_at and to_members
        else None,
        "comparisons": [
            comparison_lines.to_line(each)
            for each in comparisons.measure(campaign, request.at)
        ],
        "links": link_results.list_results(
            campaign=campaign, by=request.staff, at=request.at
        ),
        "links_are_tracked": tracked_links.is_on(),
        "variants": results.count_by_variant(campaign) if campaign.variants else [],
        "ends_at": rates.end_of(campaign, progress.left, request.at)
        if is_sending
        else None,
        "counts": [
            StateCount(labels.recipient_chip(state), state.value, counts[state])
            for state in order
            if counts.get(state)
        ],
        "reasons": results.count_by_reason(campaign),
        "excluded": [
            (skip_reasons.label_of(reason), count) for reason, count in excluded
        ],
        "shares": shares,
        "left_line": presenters.left_line(campaign, shares),
        "left_reminder": presenters.left_reminder(campaign, shares),
    }


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
    page = list(rows[: PAGE_SIZE + 1])
    last_id = page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None
    context = {
        "rows": presenters.campaign_rows(page[:PAGE_SIZE]),
        "state": state,
        "states": campaigns.State.choices,
        "are_any": bool(page) or campaigns.list_visible(request.staff).exists(),
        "next": paging.link(request, before=last_id) if last_id else "",
        "may_manage": permissions.may(request.staff, campaigns.MANAGE),
    }
    template, part = (
        "console/outreach/campaign_list.html",
        "console/outreach/_campaign_rows.html",
    )
    return http.render(request, template, context, part=part)


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def campaign_create(request: http.Request) -> HttpResponse:
    rule = None if request.method == "POST" else _rule_from_url(request)
    form = CampaignForm(request, request.POST or None, rule=rule)
    options = CampaignOptions(request, None)
    if request.method == "POST" and form.is_valid() and options.is_valid():
        try:
            campaign = campaigns.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
                **options.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(_invalid_field(error), str(error))
        else:
            return _redirect_after_save(request, campaign)
    return _render_form(request, form, options)


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def campaign_update(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    campaigns.check_editable(campaign)
    form = CampaignForm(request, request.POST or None, campaign=campaign)
    options = CampaignOptions(request, campaign)
    if request.method == "POST" and form.is_valid() and options.is_valid():
        try:
            campaigns.update(
                campaign=campaign,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
                **options.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(_invalid_field(error), str(error))
        else:
            return _redirect_after_save(request, campaign)
    return _render_form(request, form, options, campaign)


def _invalid_field(error: errors.QunceError) -> str | None:
    """Return the form field that the error belongs to."""
    return "text" if isinstance(error, templates.InvalidText) else None


def _redirect_after_save(request: http.Request, campaign: Campaign) -> HttpResponse:
    """Redirect to the review, or to the campaign if it is paused or kept as a draft."""
    if campaign.state == "paused" or "save_draft" in request.POST:
        http.flash(request, _("Saved."))
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[campaign.pk])
        )
    return http.redirect_back(
        request, reverse("outreach:campaign-review", args=[campaign.pk])
    )


def _rule_from_url(request: http.Request) -> Any:
    """Return the rule that another page put into the URL, as a segment or as JSON."""
    pk = paging.parse_number(request, "segment")
    if pk:
        rows = segments.Segment.objects.filter(community=request.community)
        segment = rows.filter(pk=pk).first()
        return {"segment": {"any": [segment.key]}} if segment else None
    text = request.GET.get("rule", "")
    if not text:
        return None
    rule = tree.parse_json(text)
    audiences.check(community=request.community, rule=rule, by=request.staff)
    return rule


def _render_form(
    request: http.Request,
    form: CampaignForm,
    options: CampaignOptions,
    campaign: Campaign | None = None,
) -> HttpResponse:
    target = campaign.target if campaign else ""
    context: dict[str, Any] = {
        "form": form,
        "options": options,
        "campaign": campaign,
        "more_variables": _more_variables(request),
        "target": target,
        "picker": picker_views.build(request, form["materials"].value() or []),
        "templates": template_presenters.menu(request.staff),
        **preview.build_preview(request, form, 0),
    }
    is_wrong = form.errors or (options.is_sent and not options.is_valid())
    status = 422 if is_wrong else 200
    return http.render(
        request, "console/outreach/campaign_form.html", context, status=status
    )


@require_POST
@http.page(campaigns.MANAGE)
def campaign_preview(request: http.Request) -> HttpResponse:
    """The size of the audience, and the text as one of its members would read it."""
    form = CampaignForm(request, request.POST)
    text = request.POST.get("sample_index", "")
    index = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    context = preview.build_preview(request, form, index)
    part = "console/outreach/_preview.html"
    return http.render(request, part, context, part=part)


REVIEWED_STATES = (
    campaigns.State.DRAFT,
    campaigns.State.IN_REVIEW,
    campaigns.State.REJECTED,
    campaigns.State.SCHEDULED,
)


@dataclass(frozen=True)
class ReviewStep:
    """Recipients excluded for one reason."""

    label: str
    count: int


@http.page(campaigns.MANAGE)
def campaign_review(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    if campaign.state not in REVIEWED_STATES:
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[campaign.pk])
        )
    return render_review(request, campaign)


def render_review(
    request: http.Request, campaign: Campaign, error: str = "", status: int = 200
) -> HttpResponse:
    """Render the review, or the reason why the campaign is incomplete."""
    context = {
        "campaign": campaign,
        "audience": labels.audience(campaign, request.staff),
        "exclusion": labels.excluded(campaign, request.staff),
        "error": error,
        "parts": material_presenters.parts_of(
            campaign_materials.list_versions(campaign)
        ),
    }
    try:
        review = reviews.build(campaign=campaign, by=request.staff, at=request.at)
    except errors.QunceError as raised:
        context["incomplete"] = str(raised)
    else:
        context |= {
            "review": review,
            "foreseen": [
                comparison_lines.foresee(each) for each in review.sensitivities
            ],
            "exclusions": [
                ReviewStep(skip_reasons.label_of(reason), count)
                for reason, count in review.excluded.items()
            ],
            "recipients": recipients_label(campaign, review),
            "button": button_label(campaign, review),
            "variants": _variant_sizes(campaign, review),
            "in_review": campaign.state == campaigns.State.IN_REVIEW,
            "why_not_approved": _why_not_approved(campaign, request.staff),
            "approvers": approvals.list_approvers(
                campaign, _submitter(campaign) or request.staff
            ),
            "own_key": staff_accounts.find_own_key(
                staff=request.staff, channel=campaign.channel
            ),
            "channel_label": channel_contract.get(campaign.channel).label,
            "may_submit": STATES.may("submit", campaign.state),
            "may_start": STATES.may("start", campaign.state)
            and not review.needs_approval,
            "digest": fingerprints.digest(campaign),
            "in_groups": campaign.target == campaigns.Target.GROUPS,
        }
    return http.render(
        request, "console/outreach/campaign_review.html", context, status=status
    )


def _more_variables(request: http.Request) -> dict[str, str]:
    """The variables that only texts to members have, without the name."""
    every = variable_values.list_variables(request.community, "members")
    common = {"name", *variable_values.list_variables(request.community, "groups")}
    return {name: label for name, label in every.items() if name not in common}


def _submitter(campaign: Campaign) -> Staff | None:
    is_submitted = campaign.state == campaigns.State.IN_REVIEW
    return campaign.submitted_by if is_submitted else None


def _why_not_approved(campaign: Campaign, by: Staff) -> str:
    """Return why `by` cannot approve the campaign now, or "" if they can."""
    try:
        approvals.check_may_approve(campaign, by)
    except approvals.SecondPersonNeeded as error:
        return str(error)
    except errors.QunceError:
        return _("Waiting for the approval of a second person.")
    return ""


def _variant_sizes(campaign: Campaign, review: Review) -> list[tuple[str, str, int]]:
    """Name, text and number of recipients of each variant, the campaign's own text last."""
    texts = {each.name: each.text for each in variants.of(campaign)}
    rows = [(name, texts[name], review.variants.get(name, 0)) for name in texts]
    if not rows:
        return []
    everyone_else = review.variants.get(variants.EVERYONE_ELSE, 0)
    return [*rows, (_("everyone else"), campaign.text, everyone_else)]


def recipients_label(campaign: Campaign, review: Review) -> str:
    """Return how many recipients it has, such as “1,204 members”."""
    if campaign.target == campaigns.Target.GROUPS:
        text = ngettext("%(n)s group", "%(n)s groups", review.size)
    else:
        text = ngettext("%(n)s member", "%(n)s members", review.size)
    return text % {"n": f"{review.size:,}"}


def button_label(campaign: Campaign, review: Review) -> str:
    """Return the label of the start button, with the numbers it will act on."""
    recipients = recipients_label(campaign, review)
    if not campaign.is_assisted:
        return _("Send to %(who)s") % {"who": recipients}
    staff = len(review.shares)
    return ngettext(
        "Assign %(who)s to %(n)s staff member for sending",
        "Assign %(who)s to %(n)s staff members for sending",
        staff,
    ) % {"who": recipients, "n": staff}
