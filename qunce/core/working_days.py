"""Working days and public holidays of a region.

China's are those of the State Council, with weekends that are worked; they come from the
library chinese_calendar. For years that it does not know yet, and for other regions,
Monday to Friday are working days and no holiday is known.
"""

from __future__ import annotations

from datetime import date

import chinese_calendar
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

HOLIDAYS = {
    "New Year's Day": gettext_lazy("New Year’s Day"),
    "Spring Festival": gettext_lazy("Spring Festival"),
    "Tomb-sweeping Day": gettext_lazy("Tomb-sweeping Day"),
    "Labour Day": gettext_lazy("Labour Day"),
    "Dragon Boat Festival": gettext_lazy("Dragon Boat Festival"),
    "National Day": pgettext_lazy("holiday", "National Day"),
    "Mid-autumn Festival": gettext_lazy("Mid-autumn Festival"),
}


def is_working_day(day: date, region: str = "CN") -> bool:
    if region == "CN":
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            pass
    return day.weekday() < 5


def find_holiday(day: date, region: str = "CN") -> str:
    """The name of the public holiday, also of a weekend worked for it; "" for none."""
    if region != "CN":
        return ""
    try:
        is_off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return ""
    if not name:
        return ""
    label = str(HOLIDAYS.get(name, name))
    return label if is_off else _("weekend worked for %(name)s") % {"name": label}
