"""Template tags for links to the list of members."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

register = template.Library()


@register.simple_tag(takes_context=True)
def without(context: template.Context, *names: str) -> str:
    """Return this page's query string without some parameters, for the first page."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name in (*names, "before"):
        query.pop(name, None)
    return f"?{query.urlencode()}" if query else ""
