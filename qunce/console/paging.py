"""Links to other pages of the same list: this address with some of its query changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def link(request: HttpRequest, **changes: Any) -> str:
    """None takes a part out."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def parse_number(request: HttpRequest, name: str, default: int = 0) -> int:
    """A number of the query; the default for what is none, or too large to be one."""
    text = request.GET.get(name, "")
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) < 17 else default
    )
