"""What volunteers may do in their group, although they are no staff.

They act by a word in the group, see no page, and no other group. They may not refuse,
punish or remove anybody: what they report is a case that staff decide.
"""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.groups import staff_roles
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries


class Right(StrEnum):
    LET_IN = "let_in"
    REPORT = "report"
    COLLECT_WISHES = "collect_wishes"


LABELS: dict[Right, StrOrPromise] = {
    Right.LET_IN: gettext_lazy("let in people who wait at the entry gate"),
    Right.REPORT: gettext_lazy("report a message, which opens a case for staff"),
    Right.COLLECT_WISHES: gettext_lazy("put a message on the board of wishes"),
}
HOW: dict[Right, StrOrPromise] = {
    Right.LET_IN: gettext_lazy("“!in” and the name"),
    Right.REPORT: gettext_lazy("“!report” as an answer to the message"),
    Right.COLLECT_WISHES: gettext_lazy(
        "“!wish” and the wish in a few words, as an answer to the message"
    ),
}
"""What they write in the group."""

OF_ROLE: dict[str, frozenset[Right]] = {
    role: frozenset(Right) for role in (*staff_roles.VOLUNTEERS, "owner")
}
"""Role in a group → what it allows there, and there only."""


def may(*, group: Group, account: int, right: Right) -> bool:
    """Whether the person has a role in this group that allows it."""
    accounts = account_queries.account_ids_of_person(account)
    rows = Membership.objects.filter(group=group, account_id__in=accounts, present=True)
    roles = rows.values_list("role", flat=True)
    return any(right in OF_ROLE.get(role, frozenset()) for role in roles)
