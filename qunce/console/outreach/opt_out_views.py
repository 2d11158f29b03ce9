"""The list of members who have opted out, and its changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http, paging
from qunce.core import errors, permissions
from qunce.members.accounts import channel_labels
from qunce.members.people import named_members, visibility
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import content
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.opt_outs import OptOut
from qunce.sets import audiences

PAGE_SIZE = 50


@dataclass(frozen=True)
class OptOutRow:
    account: int
    name: str
    opt_out: OptOut | None

    @property
    def is_of_service(self) -> bool:
        return self.opt_out is not None and self.opt_out.purpose == opt_outs.SERVICE

    @property
    def source(self) -> str:
        return _source_label(self.opt_out.source) if self.opt_out else ""


def _source_label(source: str) -> str:
    return _("staff") if source == opt_outs.STAFF else channel_labels.label_of(source)


@http.page()
def opt_out_list(request: http.Request) -> HttpResponse:
    return _render_list(request)


def _render_list(request: http.Request, error: str = "", key: str = "") -> HttpResponse:
    selection: dict[str, Any] = {
        "community": request.community,
        "rule": {"with_left": opt_outs.RULE},
        "by": request.staff,
        "at": request.at,
    }
    people = audiences.people(**selection)
    start = people.rank(
        paging.parse_number(request, "after", maximum=paging.MAX_MEMBER_ID)
    )
    page = list(people[start : start + PAGE_SIZE + 1])
    rows = opt_outs.find_by_person(page[:PAGE_SIZE])
    names = _names(request, page[:PAGE_SIZE])
    context = {
        "rows": [
            OptOutRow(account, names[account], rows.get(account))
            for account in page[:PAGE_SIZE]
        ],
        "total": len(people),
        "counts": [
            (_source_label(source), purpose == opt_outs.SERVICE, count)
            for source, purpose, count in opt_outs.count_by_source(
                by=request.staff, at=request.at
            )
        ],
        "next": paging.link(request, after=page[PAGE_SIZE - 1])
        if len(page) > PAGE_SIZE
        else "",
        "may_edit": permissions.may(request.staff, opt_outs.EDIT),
        "error": error,
        "key": key,
    }
    template, part = (
        "console/outreach/opt_out_list.html",
        "console/outreach/_opt_outs.html",
    )
    status = 422 if error else 200
    return http.render(request, template, context, part=part, status=status)


def _names(request: http.Request, accounts: list[int]) -> dict[int, str]:
    # An unsaved campaign is enough for `recipient_names` to name members.
    campaign = Campaign(community=request.community)
    return content.recipient_names(campaign, accounts, request.staff)


@require_POST
@http.page(opt_outs.EDIT)
def add_opt_out(request: http.Request) -> HttpResponse:
    key = request.POST.get("key", "").replace("\0", "").strip()[:300]
    by, at = request.staff, request.at
    try:
        account = named_members.get_by_key(by=by, key=key, at=at)
    except errors.QunceError as error:
        return _render_list(request, str(error), key)
    purpose = request.POST.get("purpose") or opt_outs.MARKETING
    earlier = opt_outs.find_by_person([account.pk]).get(account.pk)
    community = request.community
    opt_outs.opt_out(
        community=community, accounts=[account.pk], by=by, at=at, purpose=purpose
    )
    name = _names(request, [account.pk])[account.pk]
    # Undoing would also remove an earlier opt-out.
    undo = "" if earlier else reverse("outreach:opt-out-undo", args=[account.pk])
    http.flash(request, _recorded(purpose, earlier) % {"name": name}, undo=undo)
    return http.redirect_back(request, reverse("outreach:opt-out-list"))


def _recorded(purpose: str, earlier: OptOut | None) -> str:
    if earlier and opt_outs.WEIGHTS[purpose] <= opt_outs.WEIGHTS[earlier.purpose]:
        return _("%(name)s had already opted out.")
    if purpose == opt_outs.SERVICE:
        return _("%(name)s will no longer receive marketing or service messages.")
    return _("%(name)s will no longer receive marketing.")


@require_POST
@http.page(opt_outs.EDIT)
def undo_opt_out(request: http.Request, account: int) -> HttpResponse:
    by, at = request.staff, request.at
    member = visibility.get(by=by, account=account, at=at)
    opt_outs.opt_in(community=request.community, accounts=[account], by=by, at=at)
    http.flash(
        request,
        _("%(name)s can receive messages again.")
        % {"name": _names(request, [member.pk])[member.pk]},
    )
    return http.redirect_back(request, reverse("outreach:opt-out-list"))
