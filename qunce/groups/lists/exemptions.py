"""People who are exempt from the rules of a group: staff, volunteers, bots, the whitelist.

Moderation asks here before it judges and again before it acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qunce.groups import staff_roles
from qunce.groups.groups import Group, Membership
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListEntry
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences


class Ground(StrEnum):
    STAFF = "staff"
    """They work here or are a bot: a mark, or such a role in any group."""
    VOLUNTEER = "volunteer"
    """A volunteer in this group."""
    WHITELIST = "whitelist"


@dataclass(frozen=True)
class Exemption:
    """`entry` is the one of the whitelist."""

    ground: Ground
    entry: ListEntry | None = None


def find(*, group: Group, account: int, at: datetime) -> Exemption | None:
    """Why the rules of this group do not apply to a person, None if they apply."""
    accounts = account_queries.account_ids_of_person(account)
    if accounts[0] in audiences.staff_people(community=group.community, at=at):
        return Exemption(Ground.STAFF)
    helping = Membership.objects.filter(
        group=group,
        account_id__in=accounts,
        present=True,
        role__in=staff_roles.VOLUNTEERS,
    )
    if helping.exists():
        return Exemption(Ground.VOLUNTEER)
    entry = lists.find_white(group, account, at)
    return Exemption(Ground.WHITELIST, entry) if entry else None
