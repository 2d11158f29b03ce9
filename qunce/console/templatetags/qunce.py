"""Template tags for numbers, times, icons and query strings."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import heroicons
from django import template
from django.http import HttpRequest
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import community_days, day_texts, stored_sentences
from qunce.core import money as sums

register = template.Library()


@functools.cache
def _render_icon(name: str, css: str) -> SafeString:
    svg = heroicons._render_icon("outline", name, None, {"class": css})
    unfocusable = svg.replace("<svg", '<svg focusable="false"', 1)
    return mark_safe(unfocusable)  # noqa: S308 - drawn by the package


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    return _render_icon(str(name), str(css))


@register.filter
def number(value: Any) -> str:
    """1204 → 1,204; None → an empty string."""
    return "" if value is None or value == "" else f"{value:,}"


@register.filter
def item(values: Mapping[str, str], key: str) -> str:
    """The value of a key, an empty string without one."""
    return values.get(key, "")


@register.filter
def signed(value: int) -> str:
    return f"{value:+,}".replace("-", "−")


@register.filter
def share(part: int, whole: int) -> str:
    """Return a percentage with one decimal, or a dash if `whole` is 0."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


@register.filter
def moment(value: datetime | None) -> str:
    if value is None:
        return ""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")


@register.filter
def daytext(value: datetime | None) -> str:
    return "" if value is None else timezone.localtime(value).strftime("%Y-%m-%d")


@register.filter
def when(value: datetime | None, at: datetime) -> str:
    """A time as people write it, such as today 14:05 or Mar 5, seen from `at`."""
    if value is None:
        return ""
    return day_texts.moment(value, at, timezone.get_current_timezone())


@register.filter
def reread(text: str) -> str:
    """Return a sentence that was stored in another language in the reader's."""
    return stored_sentences.translate(text)


@register.filter
def clock(value: datetime | None) -> str:
    return "" if value is None else timezone.localtime(value).strftime("%H:%M")


@register.filter
def dayfrom1970(value: int) -> str:
    return community_days.to_date(value).isoformat()


@register.filter
def money(amount: int, currency: str) -> str:
    """123450 → 1,234.50."""
    return f"{Decimal(sums.format_amount(amount, currency)):,}"


@register.filter
def amount(units: int, currency: str) -> str:
    """123450 → CNY 1,234.50."""
    return sums.format_with_currency(units, currency)


@register.filter
def since(value: datetime, at: datetime) -> str:
    """Return how long before `at` this was, in one unit."""
    return format_ago(at - value)


def format_ago(elapsed: timedelta) -> str:
    minutes = int(elapsed.total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {
            "n": minutes
        }
    if minutes < 60 * 24:
        hours = minutes // 60
        return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}
    days = minutes // (60 * 24)
    return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}


@register.simple_tag(takes_context=True)
def ago(context: template.Context, value: datetime | None) -> str:
    """Return a <time> with the time since `value`, and the exact time as its title."""
    if value is None:
        return ""
    at = context["request"].at
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        moment(value),
        since(value, at),
    )


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """Return this page's query string with changed parameters; None removes one."""
    request: HttpRequest = context["request"]
    new = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            new.pop(name, None)
        else:
            new[name] = str(value)
    return f"?{new.urlencode()}"


@register.filter
def first_letter(name: str) -> str:
    return name.strip()[:1].upper() or "·"


@register.simple_tag(takes_context=True)
def repeat_block(context: template.Context, name: str) -> str:
    """Render a block a second time, so that the title can also be the heading."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block(name) if blocks else None
    return block.nodelist.render(context) if block else ""
