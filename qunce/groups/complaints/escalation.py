"""Cases that are not answered in time: noted once, and shown to those who oversee cases."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import permissions, timestamps
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_list, complaints
from qunce.groups.complaints.complaint_facts import ComplaintLate
from qunce.groups.complaints.models import WAITING, Complaint

OVERSEE = permissions.declare(
    "complaints.oversee",
    permissions.Role.MANAGER,
    label=gettext_lazy("see complaints that others do not answer in time"),
)
MAX_PER_RUN = 1_000


def note_late(*, at: datetime) -> int:
    """Note which cases have become late; returns how many. A job, every minute."""
    rows = Complaint.objects.filter(
        state__in=WAITING, late_at__isnull=True, due_at__lt=timestamps.to_micros(at)
    )
    due = list(rows.select_related("community").order_by("due_at", "pk")[:MAX_PER_RUN])
    return sum(_note(complaint, at) for complaint in due)


@transaction.atomic
def _note(complaint: Complaint, at: datetime) -> bool:
    same = Complaint.objects.filter(
        pk=complaint.pk, late_at__isnull=True, state__in=WAITING
    )
    if not same.update(late_at=at):
        return False
    complaints.record(ComplaintLate, complaint, by=None, at=at)
    return True


def list_own(*, by: Staff, at: datetime, limit: int = 50) -> list[Complaint]:
    """The cases that `by` is to answer, by when they are due."""
    if not permissions.may(by, complaint_list.MANAGE):
        return []
    filters = complaint_list.Filters(states=tuple(WAITING), owner=by.pk)
    return complaint_list.list_visible(by=by, at=at, filters=filters, limit=limit)


def list_unowned(*, by: Staff, at: datetime, limit: int = 50) -> list[Complaint]:
    """The cases that wait for anybody to take them."""
    if not permissions.may(by, complaint_list.MANAGE):
        return []
    filters = complaint_list.Filters(states=tuple(WAITING), owner=0)
    return complaint_list.list_visible(by=by, at=at, filters=filters, limit=limit)


def list_late_of_others(*, by: Staff, at: datetime, limit: int = 50) -> list[Complaint]:
    """Late cases of other owners, for staff who oversee cases."""
    if not permissions.may(by, OVERSEE) or not permissions.may(by, complaint_list.VIEW):
        return []
    late = complaint_list.list_visible(
        by=by, at=at, filters=complaint_list.Filters(late_at=at), limit=10 * limit
    )
    return [row for row in late if row.owner_id not in (None, by.pk)][:limit]
