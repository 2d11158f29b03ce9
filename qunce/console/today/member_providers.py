"""Items of Today about members: those whose staff member in charge has left."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DECIDE, TodayItem
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.members.staff_in_charge import assignments


@items.register
def members_of_leavers(staff: Staff, at: datetime) -> list[TodayItem]:
    """Members of deactivated staff, for those who may hand them over."""
    is_manager = staff.role in (permissions.Role.OWNER, permissions.Role.MANAGER)
    if not is_manager or not permissions.may(staff, assignments.ASSIGN):
        return []
    found = []
    for leaver in Staff.objects.filter(community=staff.community, is_active=False):
        count = assignments.count_members(staff=leaver, by=staff, at=at)
        if count:
            found.append(_item(leaver, count))
    return found


def _item(leaver: Staff, count: int) -> TodayItem:
    return TodayItem(
        key=f"leaver-{leaver.pk}-{count}",
        section=DECIDE,
        icon="identification",
        text=ngettext(
            "%(n)s member of %(name)s needs another staff member in charge",
            "%(n)s members of %(name)s need another staff member in charge",
            count,
        )
        % {"n": f"{count:,}", "name": leaver.name},
        reason=_("%(name)s is deactivated.") % {"name": leaver.name},
        url=f"{reverse('members:list')}?staff={leaver.pk}",
        action=_("See or hand over"),
        minutes=2,
    )
