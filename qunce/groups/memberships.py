"""Members of a group and their roles, within what a staff member may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups, labels, staff_roles
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import audiences

PAGE_SIZE = 20
MAX_ROLES_LISTED = 500


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupRoleChanged(facts.FactKind):
    kind = "group.role_changed"
    label = gettext_lazy("got a role in a group")
    instead = gettext_lazy(
        "Import the group members instead, or set the role on the group's page."
    )
    role: str


class RoleNotFound(errors.Invalid):
    """There is no such role in a group."""


class MembershipNotFound(errors.NotFound):
    """The member is not in the group."""


@dataclass(frozen=True)
class GroupMember:
    """A person in a group, represented by their first account."""

    account: account_models.Account
    role: str
    joined_at: datetime
    works_here: bool = False
    """Whether they have a staff account or are a bot."""
    is_counted: bool = True

    @property
    def role_label(self) -> str:
        return labels.label_of(labels.ROLES, self.role)


def check_role(role: str) -> str:
    if role not in labels.ROLES:
        raise RoleNotFound(
            _("There is no role “%(role)s” in a group.") % {"role": role}
        )
    return role


# Verbs


@transaction.atomic
def change_role(
    *, group: Group, account: int, role: str, by: Staff, at: datetime
) -> None:
    """Give a role to all accounts of the person that are in the group."""
    permissions.check_may(by, groups.EDIT_MEMBERS)
    groups.check_visible(group, by)
    check_role(role)
    visibility.check_visible(by=by, accounts=[account], at=at)
    rows = _current(group).filter(
        account_id__in=account_queries.account_ids_of_person(account)
    )
    # Locked, so that two changes at the same time record only what really changed.
    roles = list(rows.select_for_update().values_list("account_id", "role"))
    if not roles:
        raise MembershipNotFound(_("This member is not in the group."))
    changed = [account_id for account_id, old_role in roles if old_role != role]
    rows.filter(account_id__in=changed).update(role=role)
    facts.record_for_accounts(
        GroupRoleChanged(group=group.pk, role=role),
        changed,
        community=group.community,
        by=by,
        at=at,
    )
    if changed:
        old_roles = (old_role for _account, old_role in roles)
        staff_roles.note_change(group.community_id, {role, *old_roles})


def undo_addition(*, group: Group, moment: int, by: Staff, at: datetime) -> int:
    """Remove the members who were added at this microsecond; returns how many."""
    groups.check_visible(group, by)
    added = _current(group).filter(joined_at=timestamps.from_micros(moment))
    accounts = list(added.values_list("account_id", flat=True))
    visibility.check_visible(by=by, accounts=accounts, at=at)
    return groups.remove_members(group=group, accounts=accounts, by=by, at=at)


def add_again(*, group: Group, account: int, by: Staff, at: datetime) -> int:
    """Add a person who left back to the group, in their former role."""
    groups.check_visible(group, by)
    visibility.check_visible(by=by, accounts=[account], at=at)
    former = Membership.objects.filter(
        group=group,
        account_id__in=account_queries.account_ids_of_person(account),
        present=False,
        left_at__isnull=False,
    )
    rows = list(
        former.order_by("-left_at", "pk").values("account_id", "role", "left_at")
    )
    if not rows:
        raise MembershipNotFound(_("This member was not in the group."))
    # Accounts that had left earlier stay out.
    last = [row for row in rows if row["left_at"] == rows[0]["left_at"]]
    return groups.add_members(
        group=group,
        accounts=[row["account_id"] for row in last],
        role=rows[0]["role"],
        by=by,
        at=at,
    )


# Reads


def rule(group: Group) -> dict[str, Any]:
    """Return the rule of all people who are in the group now."""
    return {"group": {"any": [group.key]}}


def count_members(group: Group, by: Staff, at: datetime) -> int:
    """Count the members in the group whom `by` may see: none who work here or volunteer."""
    groups.check_visible(group, by)
    return audiences.count(community=group.community, rule=rule(group), by=by, at=at)


def count_uncounted(group: Group, by: Staff, at: datetime) -> int:
    """Count the people in the group whom no number counts: staff, bots, volunteers."""
    groups.check_visible(group, by)
    return audiences.count_uncounted(
        community=group.community, rule=rule(group), by=by, at=at
    )


def list_members(
    *, group: Group, by: Staff, at: datetime, after: int = 0, limit: int = PAGE_SIZE
) -> list[GroupMember]:
    """Return people in the group, ordered by first account, from `after` on.

    Those who work here are listed, too.
    """
    groups.check_visible(group, by)
    person_ids = audiences.list_ids(
        community=group.community,
        rule=rule(group),
        by=by,
        at=at,
        after=after,
        limit=limit,
        with_staff=True,
    )
    return _load(group, person_ids, at)


def list_members_with_role(
    *, group: Group, by: Staff, at: datetime
) -> list[GroupMember]:
    """Return people with a role other than plain member, owners first."""
    groups.check_visible(group, by)
    rows = _current(group).exclude(role="member").order_by("pk")[:MAX_ROLES_LISTED]
    ids = list(rows.values_list("account_id", flat=True))
    members = _load(
        group, sorted(visibility.filter_visible(by=by, accounts=ids, at=at)), at
    )
    # Roles from files may be unknown here; those come last.
    rank = {role: index for index, role in enumerate(labels.ROLES)}
    return sorted(members, key=lambda member: rank.get(member.role, len(rank)))


def _load(group: Group, person_ids: Sequence[int], at: datetime) -> list[GroupMember]:
    """Return these people as far as they are in the group, in the given order."""
    accounts_by_person = account_queries.accounts_by_person(person_ids)
    person_of = {
        account: person_id
        for person_id, accounts in accounts_by_person.items()
        for account in accounts
    }
    first_accounts = account_models.Account.objects.in_bulk(list(person_ids))
    memberships: dict[int, Membership] = {}
    for row in _current(group).filter(account_id__in=list(person_of)).order_by("-pk"):
        person_id = person_of[row.account_id]
        known = memberships.get(person_id)
        # Of several accounts, one with a role stands for the person.
        if known is None or known.role == "member" or row.role != "member":
            memberships[person_id] = row
    staff = audiences.staff_people(community=group.community, at=at)
    uncounted = audiences.uncounted_people(community=group.community, at=at)
    return [
        GroupMember(
            first_accounts[person_id],
            memberships[person_id].role,
            memberships[person_id].joined_at,
            person_id in staff,
            person_id not in uncounted,
        )
        for person_id in person_ids
        if person_id in memberships
    ]


def _current(group: Group) -> models.QuerySet[Membership]:
    return Membership.objects.filter(group=group, present=True)
