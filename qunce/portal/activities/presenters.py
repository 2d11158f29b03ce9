"""The picture of a streak of check-ins."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.activities.models import Activity
from qunce.activities.kinds import base
from qunce.core import community_days
from qunce.core.pictures.pictures import Picture


def streak(
    activity: Activity, account: int, *, name: str, address: str, at: datetime
) -> Picture | None:
    """How many days in a row, None before the first check-in; `name` is masked."""
    own = base.get(activity.kind).portal_context(activity, account, at)
    if not own.get("total"):
        return None
    today = community_days.to_date(activity.community.day(at))
    return Picture(
        title=activity.name,
        subtitle=f"{activity.community.name} · {name}",
        number=_days(own["current"]),
        rows=(
            (_("Longest streak"), _plain_days(own["longest"])),
            (_("Check-ins"), f"{own['total']:,}"),
            (_("As of"), formats.date_format(today, "Y-m-d")),
        ),
        address=address,
        note=_("Scan to see the activity"),
    )


def _plain_days(count: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", count) % {"n": f"{count:,}"}


def _days(count: int) -> str:
    text = ngettext("%(n)s day in a row", "%(n)s days in a row", count)
    return text % {"n": f"{count:,}"}
