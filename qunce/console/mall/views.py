"""The page of a mall: its items with what is left, and what was redeemed."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.mall import items, redemptions
from qunce.activities.prizes import awards
from qunce.activities.prizes.models import State as AwardState
from qunce.console import http, member_names
from qunce.console.activities import presenters
from qunce.core import errors

LIMIT = 500


def get_mall(request: http.Request, pk: int) -> Activity:
    """The mall with this number; another kind of activity has no such page."""
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != redemptions.KIND:
        raise awards.AwardNotFound(_("There is no such page."))
    return activity


@require_GET
@http.page(activities.RUN)
def redemption_list(request: http.Request, pk: int) -> HttpResponse:
    activity = get_mall(request, pk)
    rows = redemptions.list_visible(
        activity=activity, by=request.staff, at=request.at, limit=LIMIT
    )
    names = member_names.find(row.account_id for row in rows)
    may_undo = (*redemptions.UNDONE_BY_MEMBER, AwardState.SENT)
    context = presenters.heading(activity, request) | {
        "items": items.list_items(activity),
        "rows": [
            (
                row,
                names.get(row.account_id, ""),
                row.undone_at is None
                and row.award is not None
                and row.award.state in may_undo,
            )
            for row in rows
        ],
        "count": len(rows),
        "limit": LIMIT,
    }
    return http.render(request, "console/mall/redemptions.html", context)


@require_POST
@http.page(activities.RUN)
def undo(request: http.Request, pk: int, redemption: int) -> HttpResponse:
    """Give the points and the stock back, with a reason."""
    activity = get_mall(request, pk)
    row = redemptions.get(
        activity=activity, pk=redemption, by=request.staff, at=request.at
    )
    try:
        redemptions.undo(
            redemption=row,
            by=request.staff,
            at=request.at,
            reason=request.POST.get("reason", "")[:1_000],
        )
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Undone. The points and the stock are back."))
    return http.redirect_back(request, reverse("mall:redemptions", args=[pk]))
