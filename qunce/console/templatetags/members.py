"""Template tags for links to the list of members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.http import HttpRequest

from qunce.core.staff.models import Staff
from qunce.members.staff_in_charge import assignments

if TYPE_CHECKING:
    from qunce.console.http import Request

register = template.Library()


@register.inclusion_tag("console/members/_in_charge.html", takes_context=True)
def members_in_charge(context: template.Context, staff: Staff) -> dict[str, Any]:
    """How many members a staff member is in charge of, with a link to them."""
    request: Request = context["request"]
    count = assignments.count_members(staff=staff, by=request.staff, at=request.at)
    return {"staff_member": staff, "count": count, "is_me": staff == request.staff}


@register.simple_tag(takes_context=True)
def without(context: template.Context, *names: str) -> str:
    """Return this page's query string without some parameters, for the first page."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name in (*names, "before"):
        query.pop(name, None)
    return f"?{query.urlencode()}" if query else ""
