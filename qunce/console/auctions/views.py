"""The page of an auction: the highest bid, when it ends, and all bids."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.auctions import bids, wins
from qunce.activities.auctions.models import BidState
from qunce.console import http, member_names
from qunce.console.activities import presenters
from qunce.core import errors

TONES = {
    BidState.LEADING: "info",
    BidState.OUTBID: "",
    BidState.WON: "good",
    BidState.PASSED: "warn",
    BidState.VOID: "bad",
}


def get_auction(request: http.Request, pk: int) -> Activity:
    """The auction with this number; another kind of activity has no such page."""
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != wins.KIND:
        raise bids.AuctionNotFound(_("There is no such page."))
    return activity


@require_GET
@http.page(activities.RUN)
def bid_list(request: http.Request, pk: int) -> HttpResponse:
    activity = get_auction(request, pk)
    rows = bids.list_visible(activity=activity, by=request.staff, at=request.at)
    names = member_names.find(row.account_id for row in rows)
    auction = bids.find(activity)
    context = presenters.heading(activity, request) | {
        "auction": auction,
        "least": bids.least_amount(auction) if auction else 0,
        "rows": [
            (row, names.get(row.account_id, ""), TONES[BidState(row.state)])
            for row in rows
        ],
        "count": len(rows),
    }
    return http.render(request, "console/auctions/bids.html", context)


@require_POST
@http.page(activities.RUN)
def declare_void(request: http.Request, pk: int, bid: int) -> HttpResponse:
    """Take the highest bid out, with a reason."""
    activity = get_auction(request, pk)
    row = bids.get_bid(activity=activity, pk=bid, by=request.staff, at=request.at)
    try:
        bids.declare_void(
            bid=row,
            reason=request.POST.get("reason", "")[:1_000],
            by=request.staff,
            at=request.at,
        )
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Void. The points are back, and the next bid leads."))
    return http.redirect_back(request, reverse("auctions:bids", args=[pk]))
