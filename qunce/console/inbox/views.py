"""Pages of the inbox: what waits, a conversation, the settings."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.inbox import presenters
from qunce.console.inbox.forms import SettingsForm
from qunce.core import errors, permissions
from qunce.outreach.replies import conversations, reply_settings
from qunce.outreach.replies.conversations import Filters
from qunce.outreach.replies.models import Conversation, State

MAX_LISTED = 200


@require_GET
@http.page(conversations.VIEW)
def conversation_list(request: http.Request) -> HttpResponse:
    of = request.GET.get("of", "")
    state = request.GET.get("state", State.WAITING)
    owners = {"me": request.staff.pk, "nobody": 0}
    filters = Filters(
        states=(state,) if state in State.values else (State.WAITING,),
        staff=owners.get(of),
        late_at=request.at if of == "late" else None,
    )
    found = conversations.list_visible(
        by=request.staff, at=request.at, filters=filters, limit=MAX_LISTED
    )
    context = {
        "rows": presenters.rows(found, request.staff, request.at),
        "is_cut": len(found) == MAX_LISTED,
        "of": of,
        "state": state,
        "states": State.choices,
        "week": presenters.week(request.staff, request.at),
        "are_any": Conversation.objects.filter(community=request.community).exists(),
        "may_edit_settings": permissions.may(request.staff, reply_settings.EDIT),
    }
    return http.render(
        request, "console/inbox/list.html", context, part="console/inbox/_rows.html"
    )


@require_GET
@http.page(conversations.VIEW)
def conversation_detail(request: http.Request, pk: int) -> HttpResponse:
    conversation = conversations.get(by=request.staff, pk=pk, at=request.at)
    return render_detail(request, conversation)


def render_detail(
    request: http.Request,
    conversation: Conversation,
    *,
    text: str = "",
    error: str = "",
) -> HttpResponse:
    """The page of a conversation, with the answer that was refused and why."""
    context = presenters.detail(request, conversation)
    context |= {"text": text, "error": error}
    status = 422 if error else 200
    return http.render(request, "console/inbox/detail.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(reply_settings.EDIT)
def settings(request: http.Request) -> HttpResponse:
    current = reply_settings.get(request.community)
    form = SettingsForm(request.POST or None, settings=current)
    if request.method == "POST" and form.is_valid():
        try:
            reply_settings.change(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It holds for messages from now on."))
            return http.redirect_back(request, reverse("inbox:list"))
    status = 422 if form.errors else 200
    return http.render(
        request, "console/inbox/settings.html", {"form": form}, status=status
    )
