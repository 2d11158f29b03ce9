"""Addresses of the members' list."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

register = template.Library()


@register.simple_tag(takes_context=True)
def without(context: template.Context, *names: str) -> str:
    """The query string of this page without some of it, from the first page on."""
    request: HttpRequest = context["request"]
    kept = request.GET.copy()
    for name in (*names, "before"):
        kept.pop(name, None)
    return f"?{kept.urlencode()}" if kept else ""
