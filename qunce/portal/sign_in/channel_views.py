"""Signing in through a channel: its page in the frame of an app, and what the app gives.

Each channel has a template `portal/sign_in/<channel>.html`, whose form has the fields that
its provider wants.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.channels import channel_contract
from qunce.channels.accounts import member_sign_in
from qunce.channels.accounts.member_sign_in import SignInProvider
from qunce.core import errors
from qunce.members.personal_links import links
from qunce.portal import http
from qunce.portal.sign_in import actions

MAX_CODE_LENGTH = 100
MAX_WIDGET_LENGTH = 255


@require_http_methods(["GET", "HEAD", "POST"])
@http.page(needs_token=False)
def sign_in(request: http.Request, channel: str) -> HttpResponse:
    """The page in a frame. Its POST signs in, or hands over to a browser without a cookie."""
    provider = member_sign_in.find_provider(channel)
    is_connected = channel_contract.is_connected(channel, request.community.pk)
    if provider is None or not is_connected:
        raise http.PageNotFound(_("There is no such page."))
    if request.method != "POST":
        return _render(request, channel, provider)
    given: dict[str, Any] = {
        "visitor": request.visitor,
        "channel": channel,
        "handed": {
            name: request.POST.get(name, "") for name in provider.sign_in_fields
        },
        "address": http.address_of(request),
        "at": request.at,
    }
    try:
        if request.device_cookie.is_new:
            return _render(request, channel, provider, code=actions.hand_over(**given))
        agent = request.headers.get("User-Agent", "")
        actions.enter_through_channel(agent=agent, **given)
    except errors.Refused as error:
        return _render(request, channel, provider, problem=str(error), status=403)
    except errors.Unavailable as error:
        return _render(request, channel, provider, problem=str(error), status=503)
    return http.redirect(f"{request.root}me")


def _render(
    request: http.Request,
    channel: str,
    provider: SignInProvider,
    *,
    code: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "channel": channel,
        "fields": provider.sign_in_fields,
        "widget": request.GET.get("widgetId", "")[:MAX_WIDGET_LENGTH],
        "origins": " ".join(request.frame_origins),
        "problem": problem,
        "code": code,
        # Outside of the frame, where the browser stores the cookie.
        "outside": f"{links.PATH}{request.community.key}/",
    }
    template = f"portal/sign_in/{channel}.html"
    return http.render(request, template, context, status=status)


@require_POST
@http.page(needs_token=False)
def hand_over(request: http.Request) -> HttpResponse:
    """Sign in with the code that a page in a frame has sent into a tab."""
    if request.frame_origins:
        raise http.PageNotFound(_("There is no such page."))
    actions.enter_with_code(
        visitor=request.visitor,
        code=request.POST.get("code", "")[:MAX_CODE_LENGTH],
        agent=request.headers.get("User-Agent", ""),
        address=http.address_of(request),
        at=request.at,
    )
    return http.redirect(f"{request.root}me")
