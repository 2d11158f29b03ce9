"""How limits of the contact budget and their pressure read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from qunce.channels import channel_contract
from qunce.outreach.contact_budget.limits import Limit, Mode, Span
from qunce.outreach.contact_budget.pressure import Pressure
from qunce.outreach.sending.ledger import Purpose

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WINDOWS: dict[tuple[Span, bool], StrOrPromise] = {
    (Span.DAY, True): gettext_lazy("24 hours"),
    (Span.WEEK, True): gettext_lazy("7 days"),
    (Span.MONTH, True): gettext_lazy("30 days"),
    (Span.DAY, False): gettext_lazy("calendar day"),
    (Span.WEEK, False): gettext_lazy("calendar week"),
    (Span.MONTH, False): gettext_lazy("calendar month"),
}
MODES: dict[Mode, StrOrPromise] = {
    Mode.OFF: pgettext_lazy("limit", "off"),
    Mode.NONE: pgettext_lazy("limit", "none"),
    Mode.AT_MOST: pgettext_lazy("limit", "at most"),
}


def window(limit: Limit) -> str:
    return str(WINDOWS[limit.span, limit.rolling])


def messages_of(limit: Limit) -> str:
    """Which messages a limit counts, such as "marketing · WeCom"."""
    purpose = str(Purpose(limit.purpose).label)
    if not limit.channel:
        return purpose
    labels = {each.name: each.label for each in channel_contract.list_channels()}
    return f"{purpose} · {labels.get(limit.channel, limit.channel)}"


def pressure(found: Pressure) -> str:
    """Such as "7 days: 3 of at most 4", without any score."""
    limit = found.limit
    what = window(limit)
    if limit.channel or limit.purpose != Purpose.MARKETING:
        what = f"{messages_of(limit)} · {what}"
    if limit.mode == Mode.NONE:
        return _("%(window)s: %(n)s, none allowed") % {"window": what, "n": found.count}
    if limit.most is None:
        return _("%(window)s: %(n)s, no limit") % {"window": what, "n": found.count}
    return pgettext("contact pressure", "%(window)s: %(n)s of at most %(most)s") % {
        "window": what,
        "n": found.count,
        "most": limit.most,
    }
