"""Values of attributes as a staff member reads them: dates in words, contacts masked."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import communities, day_texts, lunar_dates, permissions
from qunce.members.accounts import masking
from qunce.members.attributes.attributes import Attribute, AttributeType

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MASKED_TYPES = (
    AttributeType.TEXT,
    AttributeType.NUMBER,
    AttributeType.CHOICE,
    AttributeType.MULTI,
)


def is_masked(attribute: Attribute, by: Staff) -> bool:
    """Whether it is a contact that `by` may not read in full."""
    is_contact = attribute.is_contact and attribute.type in MASKED_TYPES
    return is_contact and not permissions.may(by, masking.VIEW_IDENTIFIERS)


def exact(attribute: Attribute, text: str, *, by: Staff) -> str:
    """The text as files have it, masked if it is a contact that `by` may not read."""
    return masking.contact(text, by) if is_masked(attribute, by) else text


def _in_both_calendars(text: str, today: date) -> str:
    """`农历1990年八月十五（公历1990年10月3日，下次在9月25日）`."""
    birthday = lunar_dates.stored(text)
    parts = []
    if birthday.solar is not None:
        parts.append(day_texts.full_day(birthday.solar, today))
    if (following := lunar_dates.next_anniversary(birthday, today)) is not None:
        near = day_texts.day(following, today)
        parts.append(_("next on %(day)s") % {"day": near})
    shown = lunar_dates.in_words(birthday)
    if not parts:
        return shown
    return _("%(lunar)s (%(solar)s)") % {"lunar": shown, "solar": _(", ").join(parts)}


def written(attribute: Attribute, text: str, *, by: Staff, at: datetime) -> str:
    """The text as pages show it, with dates as people write them."""
    if attribute.type not in (
        AttributeType.DATE,
        AttributeType.INSTANT,
        AttributeType.LUNAR,
    ):
        return exact(attribute, text, by=by)
    zone = communities.zone(by.community)
    if attribute.type == AttributeType.LUNAR and text:
        return _in_both_calendars(text, at.astimezone(zone).date())
    try:
        if attribute.type == AttributeType.DATE:
            today = at.astimezone(zone).date()
            return day_texts.full_day(date.fromisoformat(text), today)
        return day_texts.moment(datetime.fromisoformat(text), at, zone)
    except ValueError:
        # A value of an earlier type of the attribute.
        return exact(attribute, text, by=by)
