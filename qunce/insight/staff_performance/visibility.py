"""The staff whose performance somebody sees: themselves and, with the permission, others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.staff import units
from qunce.core.staff.models import SYSTEM_LOGIN_PREFIX, Staff
from qunce.members.accounts.models import StaffAccount

if TYPE_CHECKING:
    from django.db.models import QuerySet

VIEW = permissions.declare(
    "staff_performance.view",
    permissions.Role.MANAGER,
    label=gettext_lazy("see the performance of other staff"),
)


class StaffNotFound(errors.NotFound):
    """There is no such staff member, or they are of a unit that one does not see."""


def may_see_everyone(by: Staff) -> bool:
    """Whether `by` sees all staff; with a unit they see that unit and those below it."""
    is_unlimited = by.unit_id is None or by.role == permissions.Role.OWNER
    return permissions.may(by, VIEW) and is_unlimited


def list_all(by: Staff) -> list[Staff]:
    """The staff whom `by` sees, by name, also those who no longer work here."""
    rows = _visible(by).select_related("unit")
    return sorted(rows, key=lambda staff: (staff.name.casefold(), staff.pk))


def get(*, by: Staff, pk: int) -> Staff:
    for staff in _visible(by).filter(pk=pk):
        return staff
    raise StaffNotFound(_("There is no such staff member."))


def _visible(by: Staff) -> QuerySet[Staff]:
    if not permissions.may(by, VIEW):
        return Staff.objects.filter(pk=by.pk, community=by.community_id)
    rows = Staff.objects.filter(community=by.community_id)
    rows = rows.exclude(login__startswith=SYSTEM_LOGIN_PREFIX)
    if may_see_everyone(by):
        return rows
    return rows.filter(unit__in=_units_below(by)) | rows.filter(pk=by.pk)


def _units_below(by: Staff) -> set[int]:
    found = {by.unit_id or 0}
    # Every unit comes after its parent.
    for _depth, unit in units.list_tree(by.community):
        if unit.parent_id in found:
            found.add(unit.pk)
    return found


def staff_by_account(community_id: int) -> dict[int, int]:
    """Account → the staff member whose account it is marked as; the latest mark counts."""
    rows = StaffAccount.objects.filter(community=community_id, staff__isnull=False)
    return dict(rows.order_by("marked_at").values_list("account_id", "staff_id"))
