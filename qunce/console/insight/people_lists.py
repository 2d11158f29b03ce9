"""Lists of the people behind a number, and the segment that has the same people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from qunce.console import http
from qunce.members.accounts import masking
from qunce.members.accounts.models import Account
from qunce.members.search import member_list

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

PAGE_SIZE = 40
MAX_URL = 4_000
"""Characters of an address that browsers and proxies pass on."""
MAX_LISTED = 10_000
"""People of a segment that lists them one by one."""


def segment_url(rule: dict[str, Any] | None) -> str:
    """The page that starts a segment with this rule; "" where no rule says it."""
    if rule is None:
        return ""
    url = f"{reverse('segments:new')}?{urlencode({'rule': _dump(rule)})}"
    return url if len(url) < MAX_URL else ""


def _dump(rule: dict[str, Any]) -> str:
    return json.dumps(rule, ensure_ascii=False, separators=(",", ":"))


def rule_of_listed(people: Sequence[int], *, by: Staff) -> dict[str, Any] | None:
    """The rule that lists these people by their keys, also those who have left.

    None for nobody, for more than MAX_LISTED, and if `by` may not read one of the keys.
    """
    if not 0 < len(people) <= MAX_LISTED:
        return None
    keys = [account.key for account in Account.objects.in_bulk(people).values()]
    if any(masking.key(key, by) != key for key in keys):
        return None
    return {"with_left": {"members": {"keys": sorted(keys)}}}


def render(
    request: http.Request,
    *,
    title: str,
    people: Sequence[int],
    back: str,
    back_label: str,
    rule: dict[str, Any] | None = None,
    note: str = "",
) -> HttpResponse:
    """A page of these people, who are sorted by id, the newest first.

    A segment follows `rule`; without one it has the people of now.
    """
    before = request.GET.get("before", "")
    remaining = list(reversed(people))
    if before.isdecimal() and len(before) < 18:
        remaining = [person for person in remaining if person < int(before)]
    url = segment_url(rule)
    listed = None if url else rule_of_listed(people, by=request.staff)
    context = {
        "title": title,
        "count": len(people),
        "rows": member_list.load_rows(remaining[:PAGE_SIZE], by=request.staff),
        "next": remaining[PAGE_SIZE - 1] if len(remaining) > PAGE_SIZE else None,
        "segment_url": url,
        "listed_rule": _dump(listed) if listed else "",
        "most_listed": MAX_LISTED if len(people) > MAX_LISTED and not url else 0,
        "back": back,
        "back_label": back_label,
        "note": note,
    }
    return http.render(request, "console/insight/people.html", context)
