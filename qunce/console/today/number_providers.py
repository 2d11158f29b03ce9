"""Groups whose numbers of the evening are still to be typed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DO, TodayItem
from qunce.core import community_days, permissions
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.groups.groups import Stage
from qunce.insight.typed_numbers import reminders, typed_numbers

MAX_NAMED = 3


@items.register
def missing_numbers(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item for yesterday and one for today, from the hour that the community set."""
    if not permissions.may(staff, typed_numbers.TYPE):
        return []
    today = community_days.to_date(staff.community.day(at))
    days = [
        (day, due)
        for day in (today - timedelta(days=1), today)
        if (due := reminders.due_at(staff.community, day)) and due <= at
    ]
    if not days:
        return []
    rows = visibility.list_visible(staff).exclude(state=Stage.DEAD)
    groups = list(rows.select_related("community"))
    found = []
    for day, due in days:
        missing = reminders.list_missing(
            community=staff.community, groups=groups, day=day, by=staff, at=at
        )
        if not missing:
            continue
        text = ngettext(
            "Type the numbers of %(day)s: %(n)s group is missing",
            "Type the numbers of %(day)s: %(n)s groups are missing",
            len(missing),
        )
        names = _(", ").join(group.name for group in missing[:MAX_NAMED])
        more = len(missing) - MAX_NAMED
        found.append(
            TodayItem(
                key=f"typed-numbers-{day}",
                section=DO,
                icon="pencil-square",
                text=text % {"day": f"{day:%m-%d}", "n": f"{len(missing):,}"},
                reason=_("%(names)s and %(n)s more") % {"names": names, "n": more}
                if more > 0
                else names,
                url=f"{reverse('typed_numbers:grid')}?day={day}",
                action=_("Fill them in"),
                minutes=max(1, len(missing) // 8),
                due_at=due,
                is_late=day < today,
            )
        )
    return found
