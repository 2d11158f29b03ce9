"""Links to other pages of a list, and numbers read from its query string."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def link(request: HttpRequest, **changes: Any) -> str:
    """Return this page's query string with changed parameters; None removes one."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def parse_number(request: HttpRequest, name: str, default: int = 0) -> int:
    """Return a parameter as an integer, or `default` if it is not one or too large."""
    text = request.GET.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) < 17
    return int(text) if is_number else default
