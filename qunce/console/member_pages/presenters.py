"""What staff read about member pages."""

from __future__ import annotations

from dataclasses import dataclass

from qunce.activities.activities import activities
from qunce.console.http import Request
from qunce.members.personal_links import links, page_views, portal_settings, purposes
from qunce.members.personal_links.models import ErasureRequest

MAX_PAGES = 100
MAX_ACTIVITIES = 200


@dataclass(frozen=True)
class PageRow:
    name: str
    members: int
    views: int
    seconds: int
    other_views: int
    shares: int
    programs: int


@dataclass(frozen=True)
class ErasureRow:
    pk: int
    person: int
    name: str
    request: ErasureRequest


def address(request: Request) -> str:
    if portal_settings.has_address():
        return portal_settings.address(request.community)
    return request.build_absolute_uri(f"{links.PATH}{request.community.key}/")


def widget_address(request: Request, channel: str) -> str:
    """What an app shows in a room, where members sign in through a channel."""
    found = portal_settings.widget_address(request.community, channel)
    return found if portal_settings.has_address() else request.build_absolute_uri(found)


def list_purposes(request: Request) -> list[tuple[str, str]]:
    """Purpose and name of what links of members are for."""
    home = purposes.of(purposes.HOME)
    return [(home, purposes.label(home)), *_activity_names(request).items()]


def _activity_names(request: Request) -> dict[str, str]:
    rows = activities.list_visible(request.staff).order_by("-pk")[:MAX_ACTIVITIES]
    return {purposes.of(purposes.ACTIVITY, row.public_id): row.name for row in rows}


def pages(request: Request, days: int) -> list[PageRow]:
    results = page_views.list_results(by=request.staff, at=request.at, days=days)
    names = _activity_names(request)
    return [
        PageRow(
            name=names.get(each.page) or purposes.label(each.page),
            members=each.members,
            views=each.member_views,
            seconds=round(each.member_seconds / each.member_views)
            if each.member_views
            else 0,
            other_views=each.other_views,
            shares=each.shares,
            programs=each.programs,
        )
        for each in results[:MAX_PAGES]
    ]


def erasures(request: Request, rows: list[ErasureRequest]) -> list[ErasureRow]:
    return [ErasureRow(row.pk, row.account_id, str(row.account), row) for row in rows]
