"""The positioning sheet and the goals of the shop, whose members are households."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.demo import goals
from qunce.insight.positioning import sheets
from qunce.members.attributes.attributes import Attribute
from qunce.outreach.campaigns.models import Campaign

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

AGE = "age"
WRITTEN = timedelta(days=60)


def create(community: Community, *, by: Staff, at: datetime) -> None:
    """Write what is missing, in the language of the community."""
    with translation.override(community.language):
        if sheets.find_version(community) is None:
            sheets.save(
                community=community, content=_content(community), by=by, at=at - WRITTEN
            )
        names = {
            "net_sales": _("Net sales of four weeks"),
            "orders": _("Orders of four weeks"),
            "buyers": _("Buyers of the four weeks before"),
        }
        plan = goals.Plan(
            on_course="net_sales", behind="orders", met="buyers", names=names
        )
        goals.create(plan, community=community, owner=by, by=by, at=at)


def _content(community: Community) -> dict[str, Any]:
    rows = Attribute.objects.filter(community=community)
    known = set(rows.values_list("name", flat=True))
    content: dict[str, Any] = {
        "product": _("Groceries of every day from the store round the corner."),
        "reason": _("What is on the list is on the shelf, and the till has no queue."),
        "pains": [
            _("The weekly shopping takes half a Saturday"),
            _("Coupons come for what nobody at home eats"),
        ],
        "hooks": _hooks(community),
        "leader": _("The store manager, whom people know by name."),
        "values": [_("Honest prices"), _("Neighbours first")],
        "say": [_("this week"), _("for your list")],
        "never_say": [
            {"word": _("cheapest"), "instead": _("this week's price")},
            {"word": _("guaranteed"), "instead": ""},
        ],
    }
    if AGE in known:
        content |= {"circle_attribute": AGE, "served": [{"circle": "45-54"}]}
    return content


def _hooks(community: Community) -> list[dict[str, str]]:
    found = [
        {
            "text": _("Coupons for what you buy anyway"),
            "pain": _("Coupons come for what nobody at home eats"),
        },
        {
            "text": _("Order before six, take it home at seven"),
            "pain": _("The weekly shopping takes half a Saturday"),
        },
    ]
    newest = Campaign.objects.filter(community=community).order_by("-pk").first()
    if newest is not None:
        found[0] |= {"kind": "campaign", "key": newest.key}
    return found
