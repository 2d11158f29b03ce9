"""What each role in a group means: counted, judged, winning, and rights in the group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qunce.console import http
from qunce.core import permissions
from qunce.groups import labels, staff_roles
from qunce.groups.volunteers import rights
from qunce.groups.volunteers.rights import Right
from qunce.members.people import staff_accounts


@dataclass(frozen=True)
class RoleRow:
    label: str
    works_here: str
    is_counted: bool
    judged: str
    may_win: bool
    rights: list[tuple[str, str]]
    """What the role allows in its group, and how it is done."""


@require_safe
@http.page()
def role_list(request: http.Request) -> HttpResponse:
    context = {
        "rows": list(_rows()),
        "may_mark_staff": permissions.may(request.staff, staff_accounts.MARK),
    }
    return http.render(request, "console/groups/roles.html", context)


def _rows() -> Iterator[RoleRow]:
    for role, label in labels.ROLES.items():
        own = rights.OF_ROLE.get(role, frozenset())
        yield RoleRow(
            label=str(label),
            works_here=_works_here(role),
            is_counted=role not in staff_roles.NOT_COUNTED,
            judged=_judged(role),
            may_win=role not in staff_roles.NOT_WINNING,
            rights=[
                (str(rights.LABELS[right]), str(rights.HOW[right]))
                for right in Right
                if right in own
            ],
        )


def _works_here(role: str) -> str:
    if role in staff_roles.STAFF:
        return _("works here, in all groups")
    if role in staff_roles.BOTS:
        return _("a program, in all groups")
    if role in staff_roles.VOLUNTEERS:
        return _("helps in this group, as long as they are in it")
    return _("a member")


def _judged(role: str) -> str:
    if role in staff_roles.VOLUNTEERS:
        return _("not in this group")
    return _("never") if role in staff_roles.NOT_PUNISHED else _("yes")
