"""Links to other pages of a list, and numbers read from its query string."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

MAX_NUMBER = 10**17 - 1
MAX_MEMBER_ID = 2**32 - 1
"""Sets of members hold 32-bit integers, and fail on larger ones."""


def link(request: HttpRequest, **changes: Any) -> str:
    """Return this page's query string with changed parameters; None removes one."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def parse_number(
    request: HttpRequest, name: str, default: int = 0, *, maximum: int = MAX_NUMBER
) -> int:
    """Return a parameter as an integer, or `default` if it is not one or too large."""
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return default
    number = int(text)
    return number if number <= maximum else default
