"""Columns of the list of members: their level, and until when a membership lasts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.levels import holdings, schemes
from qunce.activities.levels.models import MembershipPlan, MembershipTerm
from qunce.core import community_days
from qunce.members.accounts import queries as account_queries
from qunce.members.columns import columns
from qunce.members.columns.columns import Cell, Cells, Column, People

if TYPE_CHECKING:
    from qunce.core.communities import Community


class LevelColumn(Column):
    key = "level"
    label = pgettext_lazy("column", "Level")
    is_sortable = False

    def cells(self, people: People) -> Cells:
        today = people.community.day(people.at)
        held = holdings.find_held(people.community, people.accounts, today)
        return {
            person: Cell(each.level.name, each.level.name)
            for person, each in held.items()
        }


class MembershipColumn(Column):
    key = "membership"
    label = gettext_lazy("Membership until")
    is_sortable = False

    def cells(self, people: People) -> Cells:
        today = people.community.day(people.at)
        person_of = account_queries.invert(people.accounts)
        last: dict[int, int] = {}
        for chunk in account_queries.chunks(sorted(person_of)):
            rows = MembershipTerm.objects.filter(
                account_id__in=chunk, cancelled_at__isnull=True, last_day__gte=today
            )
            for account, day in rows.values_list("account_id", "last_day"):
                person = person_of[account]
                last[person] = max(day, last.get(person, 0))
        texts = {
            person: community_days.to_date(day).isoformat()
            for person, day in last.items()
        }
        return {person: Cell(text, text) for person, text in texts.items()}


@columns.register(65)
def _columns(community: Community) -> Iterable[Column]:
    """Only where there are levels or memberships."""
    if schemes.get(community) is not None:
        yield LevelColumn()
    if MembershipPlan.objects.filter(community=community).exists():
        yield MembershipColumn()
