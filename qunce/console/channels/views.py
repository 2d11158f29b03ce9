"""Pages of channels: the list, the form that connects an account, and one account."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts, invitations, providers
from qunce.console import http
from qunce.console.channels import forms, presenters
from qunce.console.http import Request
from qunce.console.member_pages import presenters as member_pages
from qunce.core import errors


@require_GET
@http.page(accounts.MANAGE)
def channel_list(request: Request) -> HttpResponse:
    rows = presenters.list_rows(request.staff, request.at)
    return http.render(request, "console/channels/list.html", {"rows": rows})


@require_GET
@http.page(accounts.MANAGE)
def channel_detail(request: Request, channel: str) -> HttpResponse:
    account = accounts.get(channel=channel, by=request.staff)
    page = presenters.present_page(account, request.staff, request.at)
    return render_detail(request, page)


def render_detail(
    request: Request,
    page: presenters.ChannelPage,
    *,
    limit: forms.LimitForm | None = None,
    widget: forms.WidgetForm | None = None,
) -> HttpResponse:
    """The page of an account, with a form that was refused in its place."""
    asks_first = bool(page.account.settings.get(invitations.ASKS_FIRST))
    kind = forms.AT_MOST if page.per_minute else forms.NONE
    context = {
        "page": page,
        "form": limit
        or forms.LimitForm(initial={"limit": kind, "per_minute": page.per_minute}),
        "invitations_form": forms.InvitationsForm(initial={"asks_first": asks_first}),
        "widget_form": widget
        or forms.WidgetForm(initial={"origins": "\n".join(page.frame_origins)}),
        "widget_address": member_pages.widget_address(request, page.row.name),
    }
    is_refused = limit is not None or widget is not None
    return http.render(
        request,
        "console/channels/detail.html",
        context,
        status=422 if is_refused else 200,
    )


@require_http_methods(["GET", "POST"])
@http.page(accounts.MANAGE)
def channel_connect(request: Request, channel: str) -> HttpResponse:
    accounts.check_may(request.staff)
    providers.get(channel)
    known = accounts.find(request.community.pk, channel)
    initial = {} if known is None else {"address": known.address}
    form = forms.ConnectForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            account = accounts.connect(
                community=request.community,
                channel=channel,
                address=form.cleaned_data["address"],
                secret=form.cleaned_data["secret"],
                per_minute=form.cleaned_data["per_minute"],
                by=request.staff,
                at=request.at,
            )
        except (errors.Invalid, errors.Refused) as error:
            form.add_error(None, str(error))
        else:
            text = _("Connected as %(user)s.") % {"user": account.user}
            http.flash(request, text)
            url = reverse("channels:detail", args=[channel])
            return http.redirect_back(request, url)
    context = {
        "form": form,
        "channel": channel,
        "label": channel_contract.get(channel).label,
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/channels/connect.html", context, status=status)
