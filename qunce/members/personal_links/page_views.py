"""Views of our own pages: whose they are, how long they were visible, and who shared them.

Pages report themselves by a beacon, so that requests of programs that only fetch an
address change nothing. A member's views of a page within half an hour are one view.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.personal_links import links
from qunce.members.personal_links.models import (
    MAX_PURPOSE_LENGTH,
    AnonymousViews,
    LinkBinding,
    PageView,
    SharedPage,
)

HALF_HOUR = timedelta(minutes=30)
MAX_SECONDS = 600
"""Of one report; a page that lies open on a desk is not read."""
MAX_SHARES = 1_000
"""Devices that count for one member and page."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PageViewed(facts.FactKind):
    kind = "member_page.viewed"
    label = gettext_lazy("viewed a member page")
    labels = {"page": gettext_lazy("page"), "source": gettext_lazy("source")}
    page: str
    source: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LinkShared(facts.FactKind):
    """Somebody opened a page on another device through the link of this member."""

    kind = "link.shared"
    label = gettext_lazy("shared a member page")
    labels = {"page": gettext_lazy("page")}
    page: str


@dataclass(frozen=True, kw_only=True)
class View:
    """What a page reports: `opened_by` is the digest of the device, `source` the message.

    `is_first` is false when the page was reported before and only more seconds passed.
    """

    community: Community
    page: str
    seconds: int
    opened_by: bytes
    account_id: int | None = None
    sharer: int | None = None
    source: str = ""
    is_by_program: bool = False
    is_first: bool = True


# Verbs


@transaction.atomic
def record(view: View, *, at: datetime) -> None:
    """Record a view of the member, or count it, and credit who shared the page."""
    seconds = max(0, min(view.seconds, MAX_SECONDS))
    page = view.page[:MAX_PURPOSE_LENGTH]
    if view.is_by_program:
        _count(view, page, at, programs=1)
        return
    if view.account_id is None:
        _count(view, page, at, views=int(view.is_first), seconds=seconds)
    else:
        _record_member(view, page, seconds, at)
    if view.sharer is not None:
        _record_share(view, page, at)


def _record_member(view: View, page: str, seconds: int, at: datetime) -> None:
    half_hour = timestamps.to_micros(at) // (HALF_HOUR // timestamps.MICROSECOND)
    key = {"account_id": view.account_id, "page": page, "half_hour": half_hour}
    row, is_new = PageView.objects.get_or_create(
        **key, defaults={"community": view.community, "source": view.source}
    )
    if seconds:
        rows = PageView.objects.filter(pk=row.pk)
        most = HALF_HOUR // timedelta(seconds=1)
        rows.filter(seconds__lte=most - seconds).update(seconds=F("seconds") + seconds)
    if is_new:
        fact = PageViewed(account=view.account_id, page=page, source=view.source)
        facts.record(fact, community=view.community, by=None, at=at)


def _count(view: View, page: str, at: datetime, **more: int) -> None:
    key = {"community": view.community, "page": page, "day": view.community.day(at)}
    AnonymousViews.objects.bulk_create([AnonymousViews(**key)], ignore_conflicts=True)
    changes = {name: F(name) + number for name, number in more.items()}
    AnonymousViews.objects.filter(**key).update(**changes)


def _record_share(view: View, page: str, at: datetime) -> None:
    sharer = view.sharer
    if sharer is None or not _may_share(view, sharer):
        return
    rows = SharedPage.objects.filter(account_id=sharer, page=page)
    if rows.filter(opened_by=view.opened_by).exists() or rows.count() >= MAX_SHARES:
        return
    SharedPage.objects.create(
        community=view.community,
        account_id=sharer,
        page=page,
        opened_by=view.opened_by,
        opened_at=at,
    )
    fact = LinkShared(account=sharer, page=page)
    facts.record(fact, community=view.community, by=None, at=at)


def _may_share(view: View, sharer: int) -> bool:
    """Whether the page was opened by somebody else, through a member of this community."""
    member = Account.objects.filter(
        community=view.community, pk=sharer, erased_at__isnull=True
    )
    if not member.exists():
        return False
    accounts = account_queries.account_ids_of_person(sharer)
    if view.account_id in accounts:
        return False
    own = LinkBinding.objects.filter(
        account_id__in=accounts, device__digest=view.opened_by
    )
    return not own.exists()


# Reads


@dataclass(frozen=True)
class PageResult:
    """The views of one page; `members` are people, `views` theirs and those of others."""

    page: str
    members: int
    member_views: int
    member_seconds: int
    other_views: int
    other_seconds: int
    shares: int
    programs: int


def list_results(*, by: Staff, at: datetime, days: int = 28) -> list[PageResult]:
    """The pages of the last days, the most viewed first. For staff who see everybody."""
    permissions.check_may(by, links.MANAGE)
    community = by.community
    since = at - timedelta(days=days)
    half_hour = timestamps.to_micros(since) // (HALF_HOUR // timestamps.MICROSECOND)
    known = {
        row["page"]: row
        for row in PageView.objects.filter(
            community=community, half_hour__gte=half_hour
        )
        .values("page")
        .annotate(
            members=models.Count("account_id", distinct=True),
            views=models.Count("pk"),
            total=models.Sum("seconds"),
        )
        .order_by("page")
    }
    others = {
        row["page"]: row
        for row in AnonymousViews.objects.filter(
            community=community, day__gte=community.day(since)
        )
        .values("page")
        .annotate(
            count=models.Sum("views"),
            total=models.Sum("seconds"),
            by_programs=models.Sum("programs"),
        )
        .order_by("page")
    }
    shares = dict(
        SharedPage.objects.filter(
            community=community, opened_at__gte=timestamps.to_micros(since)
        )
        .values("page")
        .annotate(count=models.Count("pk"))
        .order_by("page")
        .values_list("page", "count")
    )
    none: dict[str, int] = {}
    results = []
    for page in {*known, *others, *shares}:
        own, other = known.get(page, none), others.get(page, none)
        results.append(
            PageResult(
                page=page,
                members=own.get("members", 0),
                member_views=own.get("views", 0),
                member_seconds=own.get("total") or 0,
                other_views=other.get("count") or 0,
                other_seconds=other.get("total") or 0,
                shares=shares.get(page, 0),
                programs=other.get("by_programs") or 0,
            )
        )
    return sorted(results, key=lambda each: (-each.member_views, each.page))
