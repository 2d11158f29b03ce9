"""Reminders of a check-in: a playbook for members whose streak would break today."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.members.segments import segments
from qunce.outreach.playbooks import playbooks, templates

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.outreach.playbooks.models import Playbook

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MAX_DAYS = 366


class InvalidReminder(errors.Invalid):
    """The number of days or the time of a reminder is not possible."""


@transaction.atomic
def draft(
    *,
    community: Community,
    activity: str,
    name: str,
    address: str,
    at_least: int,
    time: str,
    channel: str,
    by: Staff,
    at: datetime,
) -> Playbook:
    """Create the draft of a playbook with its segment; `activity` is a public id.

    Members enter it when the day begins on which a streak of `at_least` days would break,
    leave it when they check in, and are written to at `time`. Nothing is sent yet.
    """
    for permission in (playbooks.MANAGE, segments.MANAGE):
        permissions.check_may(by, permission)
    if not 1 <= at_least <= MAX_DAYS:
        raise InvalidReminder(
            _("Remind after 1 to %(most)s days in a row.") % {"most": MAX_DAYS}
        )
    if not CLOCK.fullmatch(time):
        raise InvalidReminder(_("Write a time like 20:00."))
    rule: dict[str, Any] = {
        "streak": {"activity": activity, "gte": at_least, "today": False}
    }
    key = f"streak-{activity}-{at_least}"
    try:
        segments.get(community, key)
    except segments.SegmentNotFound:
        title = _("%(name)s: %(n)s days in a row, not yet today")
        segments.create(
            community=community,
            key=key,
            name=title % {"name": name[:60], "n": at_least},
            rule=rule,
            by=by,
            at=at,
        )
    return playbooks.create(
        community=community,
        name=_("Streak reminder: %(name)s") % {"name": name[:60]},
        definition=templates.streak_reminder(
            segment=key, address=address, time=time, staff=by.login, channel=channel
        ),
        by=by,
        at=at,
    )
