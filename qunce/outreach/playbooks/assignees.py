"""Assignees of steps: a person, or staff with a role where the member or group is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.members.staff_in_charge import assignments
from qunce.outreach import task_permissions
from qunce.outreach.playbooks.names import Names

FIELDS = ("staff", "role", "without_role")


class Role(models.TextChoices):
    """Roles in a group are those of accounts that are marked as an account of staff."""

    IN_CHARGE = "in_charge", gettext_lazy("the person in charge")
    OWNER = "owner", gettext_lazy("the group owner")
    ATMOSPHERE = "atmosphere", gettext_lazy("atmosphere staff of the group")
    EXPERT = "expert", gettext_lazy("an expert of the group")
    SERVICE = "service", gettext_lazy("customer service of the group")


class WithoutRole(models.TextChoices):
    """What happens where nobody has the role."""

    HOLD = "hold", gettext_lazy("Hold the step, and report it on Today")
    IN_CHARGE = "in_charge", gettext_lazy("The person in charge does it")
    STAFF = "staff", gettext_lazy("The person named here does it")


class InvalidAssignee(errors.Invalid):
    """A step names a person or a role."""


@dataclass(frozen=True)
class Assignee:
    """`staff` is a login. With a `role` it is only who does it where nobody has the role."""

    staff: str = ""
    role: str = ""
    without_role: str = WithoutRole.HOLD

    @property
    def needs_named(self) -> bool:
        return not self.role or self.without_role == WithoutRole.STAFF

    def phrase(self, names: Names) -> str:
        role = Role(self.role).label if self.role else ""
        return str(role) or names.staff_member(self.staff)


def check_fields(values: Mapping[str, Any]) -> None:
    """Raise InvalidAssignee unless the fields of a step can be an Assignee."""
    if not isinstance(values.get("staff", ""), str):
        raise InvalidAssignee(_("“staff” is the login of a staff member."))
    if values.get("role", "") not in ("", *Role):
        raise InvalidAssignee(
            _("“role” is one of %(roles)s.") % {"roles": ", ".join(Role.values)}
        )
    if values.get("without_role", WithoutRole.HOLD) not in WithoutRole:
        raise InvalidAssignee(
            _("“without_role” is one of %(choices)s.")
            % {"choices": ", ".join(WithoutRole.values)}
        )


def is_anybody(assignee: Assignee, community: Community) -> bool:
    """Whether the step can be done by somebody, as far as no member or group decides."""
    if not assignee.needs_named or assignee.role:
        return True
    return assignee.staff in {
        s.login for s in task_permissions.list_assignable_staff(community)
    }


def find(
    assignee: Assignee,
    *,
    community: Community,
    targets: Sequence[int],
    is_group: bool,
) -> dict[int, Staff | None]:
    """Account or group → who does the step, None if nobody can.

    Staff who no longer do tasks count as nobody.
    """
    able = {
        staff.pk: staff for staff in task_permissions.list_assignable_staff(community)
    }
    by_login = {staff.login: staff for staff in able.values()}
    named = by_login.get(assignee.staff)
    if not assignee.role:
        return dict.fromkeys(targets, named)
    holders = _holders(assignee.role, targets, is_group=is_group)
    in_charge: Mapping[int, Sequence[int]] = {}
    if assignee.without_role == WithoutRole.IN_CHARGE:
        in_charge = _holders(Role.IN_CHARGE, targets, is_group=is_group)
    last = named if assignee.without_role == WithoutRole.STAFF else None
    found: dict[int, Staff | None] = {}
    for target in targets:
        ids = [*holders.get(target, ()), *in_charge.get(target, ())]
        found[target] = next((able[pk] for pk in ids if pk in able), last)
    return found


def _holders(
    role: str, targets: Sequence[int], *, is_group: bool
) -> dict[int, list[int]]:
    """Target → the ids of staff who have the role there, the first choice first."""
    if is_group:
        return _in_groups(role, targets)
    by_person = account_queries.accounts_by_person(targets)
    if role == Role.IN_CHARGE:
        staff = assignments.staff_ids_by_person(by_person)
        return {
            account: [staff[person]]
            for person, own in by_person.items()
            for account in own
            if person in staff
        }
    person_of = account_queries.invert(by_person)
    groups: dict[int, list[int]] = {}
    for chunk in account_queries.chunks(sorted(person_of), size=900):
        rows = Membership.objects.filter(account_id__in=chunk, present=True)
        # The group that they joined last is where they are addressed.
        for account, group in rows.order_by("-joined_at", "pk").values_list(
            "account_id", "group_id"
        ):
            groups.setdefault(person_of[account], []).append(group)
    holders = _in_groups(role, {group for own in groups.values() for group in own})
    return {
        account: [staff for g in groups.get(person, ()) for staff in holders.get(g, ())]
        for account, person in person_of.items()
    }


def _in_groups(role: str, groups: Iterable[int]) -> dict[int, list[int]]:
    ids = sorted(set(groups))
    found: dict[int, list[int]] = {}
    for chunk in account_queries.chunks(ids, size=900):
        if role != Role.IN_CHARGE:
            rows = Membership.objects.filter(group__in=chunk, role=role, present=True)
            pairs = list(rows.order_by("pk").values_list("group_id", "account_id"))
            marked = staff_accounts.find_marked({account for _g, account in pairs})
            for group, account in pairs:
                staff_id = marked[account].staff_id if account in marked else None
                if staff_id is not None:
                    found.setdefault(group, []).append(staff_id)
        if role in (Role.OWNER, Role.IN_CHARGE):
            owned = Group.objects.filter(pk__in=chunk, owner__isnull=False)
            for group, owner in owned.values_list("pk", "owner_id"):
                found.setdefault(group, []).append(owner)
    return found
