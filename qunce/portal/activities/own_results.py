"""What a member redeemed, bid and reached in games, on their own page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.activities.models import PUBLISHED, Activity
from qunce.activities.auctions.models import Bid
from qunce.activities.games.models import GameResult
from qunce.activities.mall.models import Redemption
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 10
TEMPLATE = "portal/activities/_me_results.html"


@dataclass(frozen=True)
class Row:
    """A line: what it is about, with a link to the activity, and how it stands."""

    activity: Activity
    name: str
    text: str
    state: str


_REDEMPTIONS = PreparedQuery(
    lambda: (
        Redemption.objects.select_related("activity", "stock", "award")
        .filter(
            activity__community=Param("community"),
            activity__state__in=PUBLISHED,
            account_id__in=Ids("accounts"),
        )
        .order_by("-pk")[:MAX_SHOWN]
    )
)
_BIDS = PreparedQuery(
    lambda: (
        Bid.objects.select_related("auction__activity")
        .filter(
            auction__activity__community=Param("community"),
            auction__activity__state__in=PUBLISHED,
            account_id__in=Ids("accounts"),
        )
        .order_by("-pk")[:MAX_SHOWN]
    )
)
_RESULTS = PreparedQuery(
    lambda: (
        GameResult.objects.select_related("activity")
        .filter(
            activity__community=Param("community"),
            activity__state__in=PUBLISHED,
            account_id__in=Ids("accounts"),
        )
        .order_by("-pk")[:MAX_SHOWN]
    )
)


def list_redemptions(community: int, accounts: Sequence[int]) -> list[Row]:
    """What a member took for points, each with the state of its prize."""
    return [
        Row(
            row.activity,
            row.stock.name,
            _("%(n)s points") % {"n": row.points_text},
            _("undone")
            if row.undone_at is not None or row.award is None
            else row.award.get_state_display(),
        )
        for row in _REDEMPTIONS.all(community=community, accounts=accounts)
    ]


def list_bids(community: int, accounts: Sequence[int]) -> list[Row]:
    """What a member bid, each with what became of it."""
    return [
        Row(
            row.auction.activity,
            row.auction.activity.name,
            _("%(n)s points") % {"n": f"{row.amount:,}"},
            row.get_state_display(),
        )
        for row in _BIDS.all(community=community, accounts=accounts)
    ]


def list_game_results(community: int, accounts: Sequence[int]) -> list[Row]:
    """The places of a member in games that are decided."""
    return [
        Row(
            row.activity,
            row.activity.name,
            _("%(n)s right") % {"n": f"{row.right:,}"},
            _("place %(n)s") % {"n": f"{row.place:,}"},
        )
        for row in _RESULTS.all(community=community, accounts=accounts)
    ]


def _loading(
    list_rows: Callable[[int, Sequence[int]], list[Row]],
) -> Callable[[Visitor, datetime], dict[str, Any] | None]:
    def load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
        account = visitor.signed_in
        if account is None:
            return None
        accounts = account_queries.account_ids_of_person(account)
        rows = list_rows(visitor.community.pk, accounts)
        return {"rows": rows} if rows else None

    return load


for _key, _label, _list, _order in (
    ("redemptions", gettext_lazy("My redemptions"), list_redemptions, 24),
    ("bids", gettext_lazy("My bids"), list_bids, 26),
    ("games", gettext_lazy("My games"), list_game_results, 47),
):
    me.SECTIONS.register(
        Section(
            key=_key,
            label=_label,
            template=TEMPLATE,
            load=_loading(_list),
            order=_order,
        )
    )
