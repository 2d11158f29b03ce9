"""The list of members: searched and filtered by its address."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import filters
from qunce.core import permissions
from qunce.groups import visibility as groups
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.members.layers import layers
from qunce.members.people import remark_names
from qunce.members.search import export as member_export
from qunce.members.search import member_list as members
from qunce.members.search import search
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models

TAGS_CALLED = 4
OFFERED = 300
"""Tags and groups that a filter offers."""


@require_GET
@http.page()
def listed(request: Request) -> HttpResponse:
    part = "console/members/_rows.html"
    return http.render(request, "console/members/list.html", about(request), part=part)


def again(request: Request, error: str) -> HttpResponse:
    """The list once more, with what was ticked and typed, and why it did not go."""
    ticked = request.POST.getlist("member")
    context = {
        **about(request),
        "error": error,
        "ticked": {int(t) for t in ticked if t.isascii() and t.isdigit()},
        "everyone": request.POST.get("everyone") == "1",
        "typed": request.POST.get("tag", ""),
    }
    return http.render(request, "console/members/list.html", context, status=422)


def address(request: Request) -> str:
    query = request.GET.urlencode()
    return reverse("members:list") + (f"?{query}" if query else "")


def about(request: Request) -> dict[str, Any]:
    by, chosen = request.staff, filters.read(request.GET, request.staff)
    words = request.GET.get("q", "")[: search.MAX_QUERY_LENGTH].replace("\0", "")
    page = members.get_page(
        by=by, at=request.at, rule=chosen.rule, query=words, before=_before(request)
    )
    return {
        "page": page,
        "chosen": chosen,
        "words": words,
        "tags_called_so": _tags_called(request, words.strip()),
        "is_narrowed": bool(chosen.clauses or chosen.error or words.strip()),
        "may_tag": permissions.may(by, assignments.APPLY),
        "may_add": permissions.may(by, accounts.EDIT),
        "may_export": permissions.may(by, member_export.EXPORT),
        "may_pattern": permissions.may(by, remark_names.MANAGE),
        "ticked": set(),
        "everyone": False,
        "typed": "",
        "error": "",
        **({} if _is_part(request) else _offered(request)),
    }


def _tags_called(request: Request, words: str) -> list[tag_models.Tag]:
    """Tags that are called like what is searched: one click makes them the filter."""
    if not words:
        return []
    named = Q(name__icontains=words) | Q(key__icontains=words)
    return list(library.list_tags(request.community).filter(named)[:TAGS_CALLED])


def _is_part(request: Request) -> bool:
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _before(request: Request) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _offered(request: Request) -> dict[str, Any]:
    """What the filters offer, and what is chosen of it."""
    community, given = request.community, request.GET
    return {
        "all_segments": segments.list_active(community),
        "all_tags": list(library.list_tags(community)[:OFFERED]),
        "all_groups": list(groups.list_visible(request.staff)[:OFFERED]),
        "all_layers": [
            (each.name, [_layer(each, one) for one in each.spec["layers"]])
            for each in layers.list_active(community)
        ],
        "given": {name: given.get(name, "") for name in filters.NAMES},
        "is_empty": not Account.objects.filter(community=community).exists(),
    }


def _layer(layering: layers.Layering, one: dict[str, Any]) -> tuple[str, str]:
    return f"{layering.pk}:{one['key']}", str(one.get("name") or one["key"])
