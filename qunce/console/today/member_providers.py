"""Items of Today about members: of staff who have left, and who ask to be erased."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DECIDE, TodayItem
from qunce.core import communities, day_texts, permissions
from qunce.core.staff.models import Staff
from qunce.members.people import people
from qunce.members.personal_links import erasure_requests, links
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


@items.register
def erasure_requests_to_answer(staff: Staff, at: datetime) -> list[TodayItem]:
    """Members who ask on their page to be erased, for those who may do it."""
    if not permissions.may(staff, people.ERASE):
        return []
    rows = erasure_requests.list_open(by=staff, at=at)
    if not rows:
        return []
    zone = communities.zone(staff.community)
    # The list of requests is on a page that needs another right.
    url = reverse("members:detail", args=[rows[0].account_id])
    if permissions.may(staff, links.MANAGE):
        url = reverse("member_pages:settings")
    return [
        TodayItem(
            key=f"erasure-{rows[-1].pk}-{len(rows)}",
            section=DECIDE,
            icon="shield-check",
            text=ngettext(
                "%(n)s member asks to be erased",
                "%(n)s members ask to be erased",
                len(rows),
            )
            % {"n": f"{len(rows):,}"},
            reason=_("The oldest request: %(time)s")
            % {"time": day_texts.moment(rows[0].requested_at, at, zone)},
            url=url,
            action=_("Erase or decline"),
            minutes=2 * len(rows),
        )
    ]
