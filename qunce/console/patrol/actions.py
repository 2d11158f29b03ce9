"""Actions on a patrol round: seen and next, undone, somebody to remove."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors, timestamps
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation import moderation_permissions
from qunce.groups.moderation.models import ActionState
from qunce.groups.patrol import rounds


@require_POST
@http.page(rounds.WALK)
def mark_seen(request: http.Request, pk: int) -> HttpResponse:
    """Note what the page showed as seen, and lead to the next group."""
    group = group_visibility.get(by=request.staff, pk=pk)
    until = _moment(request.POST.get("until", ""), request.at)
    since = request.POST.get("since", "")
    rounds.mark_seen(group=group, until=until, by=request.staff, at=request.at)
    undo = None
    if since.isascii() and since.isdigit() and len(since) < 18:
        undo = f"{reverse('patrol:unseen', args=[pk])}?since={since}"
    http.flash(request, _("“%(group)s” is seen.") % {"group": group}, undo=undo)
    found = rounds.find_next(after=group, by=request.staff, at=request.at)
    if found is None:
        return http.redirect_back(request, reverse("patrol:list"))
    return http.redirect_back(request, reverse("patrol:group", args=[found.pk]))


@require_POST
@http.page(rounds.WALK)
def unmark(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    since = _moment(request.GET.get("since", ""), request.at)
    rounds.unmark(group=group, since=since, by=request.staff, at=request.at)
    return http.redirect_back(request, reverse("patrol:group", args=[pk]))


@require_POST
@http.page(moderation_permissions.DECIDE)
def remove(request: http.Request, pk: int, account: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    try:
        action = rounds.ask_removal(
            group=group, account=account, by=request.staff, at=request.at
        )
    except errors.Refused as error:
        http.flash(request, str(error), level="bad")
    else:
        is_new = action.state == ActionState.PENDING
        text = (
            _("The removal is under way; where the channel cannot, it becomes a task.")
            if is_new
            else _("The removal was asked for already.")
        )
        http.flash(request, text, level="good" if is_new else "info")
    return http.redirect_back(request, reverse("patrol:group", args=[pk]))


def _moment(text: str, at: datetime) -> datetime:
    """The moment of microseconds in a form, or now for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 18:
        return timestamps.from_micros(int(text))
    return at
