"""The permissions to do staff tasks and to oversee them."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import SYSTEM_LOGIN_PREFIX, Staff

DO_TASKS = permissions.declare(
    "tasks.do",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("do staff tasks"),
)
"""Staff with it can be assigned tasks."""
OVERSEE_TASKS = permissions.declare(
    "tasks.oversee",
    permissions.Role.MANAGER,
    label=gettext_lazy("view and hand over the tasks of all staff"),
)
"""Staff with it see tasks of others and may hand them over."""


class StaffNotAssignable(errors.Invalid):
    """Tasks cannot be assigned to this staff member."""


def list_assignable_staff(community: Community) -> list[Staff]:
    """Active staff who may be assigned tasks."""
    rows = Staff.objects.filter(community=community, is_active=True)
    people = rows.exclude(login__startswith=SYSTEM_LOGIN_PREFIX).order_by("name", "pk")
    return [staff for staff in people if permissions.may(staff, DO_TASKS)]


def check_assignable(staff: Staff, community: Community) -> None:
    """Raise StaffNotAssignable unless tasks of the community can be assigned to them."""
    if staff not in list_assignable_staff(community):
        raise StaffNotAssignable(
            _("Tasks cannot be assigned to %(name)s.") % {"name": staff}
        )
