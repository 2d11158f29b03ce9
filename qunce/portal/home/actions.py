"""Views of member pages, as their beacons report them."""

from __future__ import annotations

from datetime import datetime

from qunce.members.personal_links import limits, page_views, purposes, tokens
from qunce.outreach.links import previews
from qunce.portal.visitors.visitors import Visitor


def record_view(
    *,
    visitor: Visitor,
    page: str,
    seconds: str,
    reference: str,
    agent: str,
    is_first: bool,
    address: str,
    at: datetime,
) -> None:
    """Record that a visitor sees a page. Anybody may; only members are recorded by person."""
    purposes.check(page)
    limits.count(
        {
            "person": str(visitor.account_id or ""),
            "device": visitor.device.hex(),
            "address": address,
        },
        most=limits.MAX_BEACONS,
        action="view",
        is_known=visitor.is_known,
        at=at,
    )
    visit = previews.Visit("GET", agent, "", None)
    view = page_views.View(
        community=visitor.community,
        page=page,
        seconds=int(seconds) if seconds.isascii() and seconds.isdigit() else 0,
        opened_by=visitor.device,
        account_id=visitor.account_for(page),
        sharer=tokens.find_sharer(reference) if reference and is_first else None,
        source=visitor.sources.get(page, ""),
        is_by_program=previews.is_by_program(visit),
        is_first=is_first,
    )
    page_views.record(view, at=at)
