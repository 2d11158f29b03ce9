"""The people who have a role in a group, and roles that each group needs.

A field is "person:" with the id of a member, or "needs:" with a role. Only people who are
in a group can have a role there, and whom a group lacks nobody but its staff can choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.groups import groups, labels, memberships
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach.group_templates.parts import base
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

PERSON, NEEDS = "person:", "needs:"
MAX_PEOPLE, MAX_DIGITS = 20, 20
ROLES = tuple(role for role in labels.ROLES if role != "member")


def list_people(fields: Iterable[str]) -> list[int]:
    """The ids in the fields that are about a person."""
    ids = (field.removeprefix(PERSON) for field in fields if field.startswith(PERSON))
    return [
        int(text)
        for text in ids
        if text.isascii() and text.isdigit() and len(text) < MAX_DIGITS
    ]


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    """`roles` maps a group and a person of the template to their role there.

    `present` are pairs of a group and a role that somebody there has. `names` has the
    people whom the staff member sees.
    """

    roles: Mapping[tuple[int, int], str]
    present: frozenset[tuple[int, str]]
    names: Mapping[int, str]
    fields: tuple[str, ...]

    def now(self, group: int) -> dict[str, Any]:
        return {field: self._value(group, field) for field in self.fields}

    def _value(self, group: int, field: str) -> Any:
        if field.startswith(NEEDS):
            return (group, field.removeprefix(NEEDS)) in self.present
        person = int(field.removeprefix(PERSON))
        return self.roles.get((group, person)) if person in self.names else None

    def label(self, field: str) -> str:
        if field.startswith(NEEDS):
            return labels.label_of(labels.ROLES, field.removeprefix(NEEDS))
        name = self.names.get(int(field.removeprefix(PERSON)))
        return name or _("a person whom you do not see")

    def text(self, field: str, value: Any) -> str:
        if field.startswith(NEEDS):
            return _("somebody") if value else _("nobody")
        return labels.label_of(labels.ROLES, value) if value else _("not in the group")

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        name = self.label(field)
        if field.startswith(NEEDS):
            return _(
                "Nobody in the group has the role “%(role)s”. Give it to a person."
            ) % {"role": name}
        person = int(field.removeprefix(PERSON))
        if person not in self.names:
            return _("You do not see this person, so you cannot give them a role.")
        if (group, person) not in self.roles:
            return _("%(name)s is not in the group. Add them first.") % {"name": name}
        return ""


class Roles(base.Part):
    key = "roles"
    label = gettext_lazy("Roles")
    rank = 3

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        for field, value in fields.items():
            if field.startswith(NEEDS):
                _check_need(field, value)
            elif not list_people([field]):
                raise InvalidGroupTemplate(
                    _(
                        "A field of “roles” is “person:” with the id of a member, or "
                        "“needs:” with a role, not “%(field)s”."
                    )
                    % {"field": field[:80]}
                )
            else:
                base.check_choice(field, value, list(labels.ROLES))
        people = list_people(fields)
        if len(people) > MAX_PEOPLE:
            raise InvalidGroupTemplate(
                _("A template gives roles to at most %(n)s people.") % {"n": MAX_PEOPLE}
            )
        account_queries.check_ids(community, people)

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        ids = [group.pk for group in groups]
        names = _names(list_people(fields), by, at)
        rows = Membership.objects.filter(group__in=ids, present=True)
        needed = {f.removeprefix(NEEDS) for f in fields if f.startswith(NEEDS)}
        present: frozenset[tuple[int, str]] = frozenset()
        if needed:
            with_role = rows.exclude(role="member").filter(role__in=needed)
            present = frozenset(with_role.values_list("group_id", "role"))
        return Snapshot(_roles(rows, names), present, names, tuple(fields))

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        found = memberships.list_members_with_role(group=group, by=by, at=at)
        staff = [member for member in found if member.works_here][:MAX_PEOPLE]
        fields: dict[str, Any] = {
            f"{PERSON}{member.account.pk}": member.role
            for member in staff
            if member.role in ROLES
        }
        # Members of one group are not in the next one, which needs somebody else.
        given = set(fields.values())
        held = {member.role for member in found if not member.works_here}
        return fields | {
            f"{NEEDS}{role}": True for role in ROLES if role in held - given
        }

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        for field, role in values.items():
            (person,) = list_people([field])
            memberships.change_role(
                group=group, account=person, role=role, by=by, at=at
            )

    def is_visible_to(self, by: Staff) -> bool:
        return permissions.may(by, groups.EDIT_MEMBERS)


def _check_need(field: str, value: Any) -> None:
    base.check_choice(_("Role"), field.removeprefix(NEEDS), ROLES)
    if value is not True:
        raise InvalidGroupTemplate(
            _("“%(field)s” can only be true. Leave it out if nobody is needed.")
            % {"field": field}
        )


def _names(people: Sequence[int], by: Staff, at: datetime) -> dict[int, str]:
    """The people of a template whom `by` sees, by the id in the template."""
    visible = visibility.filter_visible(by=by, accounts=people, at=at)
    first = account_queries.person_ids(people)
    rows = account_models.Account.objects.in_bulk(list(visible))
    return {
        person: rows[first[person]].name or masking.key(rows[first[person]].key, by)
        for person in people
        if first.get(person) in rows
    }


def _roles(rows: Any, people: Iterable[int]) -> dict[tuple[int, int], str]:
    """(group, person) → the role of the person's accounts in the group."""
    by_first = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_first)
    first = account_queries.person_ids(people)
    in_template = {first[person]: person for person in people if person in first}
    found: dict[tuple[int, int], str] = {}
    chosen = rows.filter(account_id__in=list(person_of)).order_by("pk")
    for group, account, role in chosen.values_list("group_id", "account_id", "role"):
        key = group, in_template[person_of[account]]
        # Of several accounts, one with a role stands for the person.
        if found.get(key, "member") == "member":
            found[key] = role
    return found


ROLES_PART = base.declare(Roles())
