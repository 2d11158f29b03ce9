"""Lists of the people behind a number, and the segment that has the same people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from qunce.console import http
from qunce.members.search import member_list

PAGE_SIZE = 40
MAX_URL = 4_000
"""Characters of an address that browsers and proxies pass on."""


def segment_url(rule: dict[str, Any] | None) -> str:
    """The page that starts a segment with this rule; "" where no rule says it."""
    if rule is None:
        return ""
    text = json.dumps(rule, ensure_ascii=False, separators=(",", ":"))
    url = f"{reverse('segments:new')}?{urlencode({'rule': text})}"
    return url if len(url) < MAX_URL else ""


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
    """A page of these people, who are sorted by id, the newest first."""
    before = request.GET.get("before", "")
    remaining = list(reversed(people))
    if before.isdecimal() and len(before) < 18:
        remaining = [person for person in remaining if person < int(before)]
    context = {
        "title": title,
        "count": len(people),
        "rows": member_list.load_rows(remaining[:PAGE_SIZE], by=request.staff),
        "next": remaining[PAGE_SIZE - 1] if len(remaining) > PAGE_SIZE else None,
        "segment_url": segment_url(rule),
        "back": back,
        "back_label": back_label,
        "note": note,
    }
    return http.render(request, "console/insight/people.html", context)
