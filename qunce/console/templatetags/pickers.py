"""Pickers: choices that are found by pinyin, and the menu that tags people."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template

from qunce.console.tags import tagging_views
from qunce.console.tags.tagging_views import TaggingPart
from qunce.core import permissions
from qunce.members.search import pinyin
from qunce.members.tags import assignments, tag_search

register = template.Library()


@register.filter
def sounds(name: object) -> str:
    """Return the ways to type a name in pinyin, separated by spaces; often none."""
    return tag_search.sounds_of(str(name)).replace(pinyin.SEPARATOR, " ").strip()


@register.simple_tag(takes_context=True)
def tagging_of(context: template.Context, member: int | None = None) -> TaggingPart:
    """An empty form that tags a member, or without one those chosen in the list."""
    request = context["request"]
    if member is None:
        return tagging_views.list_part(request)
    return tagging_views.member_part(request, member)


@register.inclusion_tag("console/tags/_tagging_menu.html", takes_context=True)
def tagging_menu(
    context: template.Context, label: str, css: str = "", **target: object
) -> dict[str, Any]:
    """Render a menu with the form that tags a member, a group or a segment.

    `target` is what the form's URL says about them, such as `segment=5`. A member is one
    row of several.
    """
    if "member" in target:
        target["context"] = "row"
    return {
        "may": permissions.may(context["request"].staff, assignments.APPLY),
        "query": urlencode(target),
        "label": label,
        "css": css,
        "csrf_token": context.get("csrf_token", ""),
    }
