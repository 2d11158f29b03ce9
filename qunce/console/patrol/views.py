"""Pages of a patrol round: my groups, and one group at a time."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.patrol import presenters
from qunce.core import permissions, timestamps
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation import moderation_permissions
from qunce.groups.patrol import rounds


@require_GET
@never_cache
@http.page(rounds.WALK)
def round_list(request: http.Request) -> HttpResponse:
    listed = rounds.list_unseen(by=request.staff, at=request.at)
    context = {
        "rows": listed,
        "counts": presenters.count(listed),
        "max_counted": rounds.MAX_COUNTED,
    }
    return http.render(request, "console/patrol/list.html", context)


@require_GET
@never_cache
@http.page(rounds.WALK)
def next_group(request: http.Request) -> HttpResponse:
    """Lead to the first group with something unseen, or back to the list."""
    found = rounds.find_next(after=None, by=request.staff, at=request.at)
    if found is None:
        return redirect("patrol:list")
    return redirect("patrol:group", found.pk)


@require_GET
@never_cache
@http.page(rounds.WALK)
def group(request: http.Request, pk: int) -> HttpResponse:
    found = group_visibility.get(by=request.staff, pk=pk)
    shown = rounds.view(group=found, by=request.staff, at=request.at)
    messages, movements = presenters.name_all(request, shown)
    listed = rounds.list_unseen(by=request.staff, at=request.at)
    context = {
        "group": found,
        "shown": shown,
        "unseen": shown.unseen,
        "seen_messages": messages,
        "movements": movements,
        "counts": presenters.count(listed),
        "until": timestamps.to_micros(shown.until),
        "since": timestamps.to_micros(shown.unseen.since),
        "may_decide": permissions.may(request.staff, moderation_permissions.DECIDE),
    }
    return http.render(request, "console/patrol/group.html", context)
