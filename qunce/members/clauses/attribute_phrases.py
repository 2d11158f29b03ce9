"""Conditions on attributes as they read after “everyone who …”."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.sets.rules import phrasing, relative_days
from qunce.sets.rules.relative_days import DaySpan, RelativeDay

if TYPE_CHECKING:
    from qunce.sets.rules.phrasing import Pieces

PHRASES = {
    "in": gettext_noop("has %(name)s %(value)s"),
    "eq": gettext_noop("has %(name)s %(value)s"),
    "ne": gettext_noop("has %(name)s other than %(value)s"),
    "gte": gettext_noop("has %(name)s of at least %(value)s"),
    "gt": gettext_noop("has %(name)s over %(value)s"),
    "lte": gettext_noop("has %(name)s of at most %(value)s"),
    "lt": gettext_noop("has %(name)s under %(value)s"),
    "contains": gettext_noop("has %(name)s containing %(value)s"),
    "starts": gettext_noop("has %(name)s starting with %(value)s"),
}
TIME_PHRASES = {
    "gte": gettext_noop("has %(name)s on or after %(value)s"),
    "gt": gettext_noop("has %(name)s after %(value)s"),
    "lte": gettext_noop("has %(name)s on or before %(value)s"),
    "lt": gettext_noop("has %(name)s before %(value)s"),
}
TIME_FORMAT = re.compile(r"\d{4}-\d\d-\d\d.*|today.*")


def phrase(comparison: str, required: Any, name: Pieces) -> Pieces:
    """One comparison as it reads after “everyone who …”."""
    if comparison == "known":
        known = _("has a known %(name)s")
        template = known if required else _("has no known %(name)s")
        return phrasing.fill(template, name=name)
    if comparison == "anniversary":
        return _phrase_anniversary(required, name)
    if comparison in relative_days.SPANS:
        span = DaySpan(comparison, required)
        return phrasing.fill(_("has %(name)s %(when)s"), name=name, when=span.phrase())
    template = PHRASES[comparison]
    if isinstance(required, str) and TIME_FORMAT.fullmatch(required):
        template = TIME_PHRASES.get(comparison, template)
    values = [_phrase_value(value) for value in phrasing.as_list(required)]
    return phrasing.fill(
        _(template),
        name=name,
        value=phrasing.join(values or [phrasing.plain(_("none"))], _(", ")),
    )


def _phrase_value(value: Any) -> Pieces:
    match = (
        relative_days.DAY_FORMAT.fullmatch(value) if isinstance(value, str) else None
    )
    if match is None:
        return phrasing.literal(value)
    offset = int(match[2] or 0)
    return phrasing.value(RelativeDay(-offset if match[1] == "-" else offset).format())


def _phrase_anniversary(required: Any, name: Pieces) -> Pieces:
    ((comparison, value), *more) = required.items()
    if comparison in ("within", *relative_days.SPANS):
        field = "next" if comparison == "within" else comparison
        when = DaySpan(field, value).phrase()
    else:
        templates = {
            "eq": _("on %(day)s"),
            "gte": _("on or after %(day)s"),
            "gt": _("after %(day)s"),
            "lte": _("on or before %(day)s"),
            "lt": _("before %(day)s"),
        }
        parts = [
            phrasing.fill(templates[sign], day=_phrase_value(day))
            for sign, day in [(comparison, value), *more]
        ]
        when = phrasing.join(parts, _(" and "))
    return phrasing.fill(
        _("has an anniversary of %(name)s %(when)s"), name=name, when=when
    )
