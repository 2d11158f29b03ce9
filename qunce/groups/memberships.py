"""Who is in a group, as far as an operator sees, and the parts they play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups, labels
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import audiences

PAGE_SIZE = 20


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupRoleChanged(facts.FactKind):
    kind = "group.role_changed"
    label = gettext_lazy("got a role in a group")
    role: str


class RoleNotFound(errors.Invalid):
    """There is no such part in a group."""


class MembershipNotFound(errors.NotFound):
    """The member is not in the group."""


@dataclass(frozen=True)
class GroupMember:
    """A person in a group: the first account, the part it plays and since when."""

    account: account_models.Account
    role: str
    joined_at: datetime

    @property
    def said_role(self) -> str:
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
    """All accounts of the person that are in the group play this part from now on."""
    permissions.check_may(by, groups.EDIT_MEMBERS)
    check_role(role)
    visibility.check_visible(by=by, accounts=[account], at=at)
    theirs = _rows(group).filter(
        account_id__in=account_queries.account_ids_of_person(account)
    )
    places = list(theirs.select_for_update().values_list("account_id", "role"))
    if not places:
        raise MembershipNotFound(_("This member is not in the group."))
    changed = [each for each, was in places if was != role]
    theirs.filter(account_id__in=changed).update(role=role)
    facts.record_for_accounts(
        GroupRoleChanged(group=group.pk, role=role),
        changed,
        community=group.community,
        by=by,
        at=at,
    )


def undo_addition(*, group: Group, moment: int, by: Staff, at: datetime) -> int:
    """Take out again who was put in at this microsecond; returns how many."""
    joined_at = timestamps.from_micros(moment)
    came = _rows(group).filter(joined_at=joined_at)
    accounts = list(came.values_list("account_id", flat=True))
    visibility.check_visible(by=by, accounts=accounts, at=at)
    return groups.remove_members(group=group, accounts=accounts, by=by, at=at)


def add_again(*, group: Group, account: int, by: Staff, at: datetime) -> int:
    """Put a person who left last back in, with the part played before."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    gone = Membership.objects.filter(
        group=group,
        account_id__in=account_queries.account_ids_of_person(account),
        present=False,
    )
    rows = list(gone.order_by("-left_at", "pk").values("account_id", "role", "left_at"))
    if not rows:
        raise MembershipNotFound(_("This member was not in the group."))
    together = [row for row in rows if row["left_at"] == rows[0]["left_at"]]
    accounts = [row["account_id"] for row in together]
    return groups.add_members(
        group=group, accounts=accounts, role=rows[0]["role"], by=by, at=at
    )


# Reads


def rule(group: Group) -> dict[str, Any]:
    return {"group": {"any": [group.key]}}


def count_members(group: Group, by: Staff, at: datetime) -> int:
    """People in the group whom the operator sees."""
    return audiences.count(community=group.community, rule=rule(group), by=by, at=at)


def list_members(
    *, group: Group, by: Staff, at: datetime, after: int = 0, limit: int = PAGE_SIZE
) -> list[GroupMember]:
    """People in the group by the number of their first account, from `after` on."""
    heads = audiences.list_ids(
        community=group.community,
        rule=rule(group),
        by=by,
        at=at,
        after=after,
        limit=limit,
    )
    return _people(group, heads)


def list_members_with_role(
    *, group: Group, by: Staff, at: datetime
) -> list[GroupMember]:
    """Those who are more than group members: owners first, then by the part."""
    accounts = _rows(group).exclude(role="member").order_by("pk")[:500]
    ids = list(accounts.values_list("account_id", flat=True))
    people = _people(
        group, sorted(visibility.filter_visible(by=by, accounts=ids, at=at))
    )
    order = list(labels.ROLES)
    known = {role: place for place, role in enumerate(order)}
    return sorted(people, key=lambda one: known.get(one.role, len(order)))


def _people(group: Group, heads: Sequence[int]) -> list[GroupMember]:
    families = account_queries.accounts_by_person(heads)
    whose = {account: head for head, some in families.items() for account in some}
    accounts = account_models.Account.objects.in_bulk(list(heads))
    places: dict[int, Membership] = {}
    rows = _rows(group).filter(account_id__in=list(whose)).order_by("-pk")
    for row in rows:
        head = whose[row.account_id]
        known = places.get(head)
        if known is None or known.role == "member" or row.role != "member":
            places[head] = row
    return [
        GroupMember(accounts[head], places[head].role, places[head].joined_at)
        for head in heads
        if head in places
    ]


def _rows(group: Group) -> Any:
    return Membership.objects.filter(group=group, present=True)
