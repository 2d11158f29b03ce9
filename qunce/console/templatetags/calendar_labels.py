"""Labels of the content calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from qunce.console.content_calendar import presenters

if TYPE_CHECKING:
    from qunce.outreach.content_calendar.measures import Share

register = template.Library()


@register.filter
def content_label(share: Share) -> str:
    return presenters.label_of(share)
