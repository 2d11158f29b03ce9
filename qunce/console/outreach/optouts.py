"""Who wants no messages: the list, putting on it, taking back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import entry, paging
from qunce.core import access, errors
from qunce.members import sight
from qunce.outreach import optouts, reviews
from qunce.outreach.campaigns import Campaign
from qunce.outreach.optouts import OptOut
from qunce.sets import audiences

PAGE = 50


@dataclass(frozen=True)
class Row:
    account: int
    name: str
    optout: OptOut | None


@entry.page()
def listed(request: entry.Request) -> HttpResponse:
    return _page(request)


def _page(request: entry.Request, wrong: str = "", key: str = "") -> HttpResponse:
    asked: dict[str, Any] = {
        "community": request.community,
        "rule": {"with_left": optouts.RULE},
        "by": request.operator,
        "at": request.at,
    }
    some = audiences.members(
        **asked, after=paging.number(request, "after"), limit=PAGE + 1
    )
    known = optouts.of_people(some[:PAGE])
    names = _names(request, some[:PAGE])
    context = {
        "rows": [Row(one, names[one], known.get(one)) for one in some[:PAGE]],
        "total": audiences.count(**asked),
        "next": paging.link(request, after=some[PAGE - 1]) if len(some) > PAGE else "",
        "may_tend": access.may(request.operator, optouts.TEND),
        "wrong": wrong,
        "key": key,
    }
    page, part = "console/outreach/optouts.html", "console/outreach/_optouts.html"
    status = 422 if wrong else 200
    return entry.render(request, page, context, part=part, status=status)


def _names(request: entry.Request, accounts: list[int]) -> dict[int, str]:
    of_members = Campaign(community=request.community)
    return reviews.named(of_members, accounts, request.operator)


@require_POST
@entry.page(optouts.TEND)
def add(request: entry.Request) -> HttpResponse:
    key = request.POST.get("key", "").replace("\0", "").strip()[:300]
    by, at = request.operator, request.at
    try:
        account = sight.by_key(by=by, key=key, at=at)
    except errors.QunceError as error:
        return _page(request, str(error), key)
    optouts.put(community=request.community, accounts=[account.pk], by=by, at=at)
    undo = reverse("outreach:opt-in", args=[account.pk])
    entry.say(
        request,
        _("%(name)s gets no more messages.")
        % {"name": _names(request, [account.pk])[account.pk]},
        undo=undo,
    )
    return entry.back(request, reverse("outreach:opt-outs"))


@require_POST
@entry.page(optouts.TEND)
def take_back(request: entry.Request, account: int) -> HttpResponse:
    by, at = request.operator, request.at
    found = sight.get(by=by, account=account, at=at)
    optouts.take_back(community=request.community, accounts=[account], by=by, at=at)
    entry.say(
        request,
        _("%(name)s may be written to again.")
        % {"name": _names(request, [found.pk])[found.pk]},
    )
    return entry.back(request, reverse("outreach:opt-outs"))
