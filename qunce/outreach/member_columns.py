"""The columns of the last message and of the contact pressure in the list of members."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from qunce.core import community_days, day_texts
from qunce.members.columns import columns
from qunce.members.columns.columns import MISSING, Cell, Cells, Column, People
from qunce.outreach.contact_budget import member_policies, phrases, pressure
from qunce.sets import person_totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qunce.core.communities import Community
    from qunce.members.columns.columns import Ints

CONTACTS = ("send.marked_sent", "send.delivered")


class LastContactColumn(Column):
    """The day of the last message that staff sent or a channel delivered."""

    key = "last_contact"
    label = gettext_lazy("Last contact")
    descends_first = True

    def cells(self, people: People) -> Cells:
        days = self.sort_values(people.community, people.at)
        today = community_days.to_date(people.community.day(people.at))
        cells = {}
        for person in people.accounts:
            if person < len(days) and days[person] != MISSING:
                day = community_days.to_date(int(days[person]))
                cells[person] = Cell(day_texts.day(day, today), day.isoformat())
        return cells

    def sort_values(self, community: Community, at: datetime) -> Ints:
        return person_totals.last_days(community=community, kinds=CONTACTS, at=at)


class ContactPressureColumn(Column):
    """How many messages count for the limit that is nearest to exhaustion."""

    key = "contact_pressure"
    label = gettext_lazy("Contact pressure")
    descends_first = True

    def cells(self, people: People) -> Cells:
        found = pressure.pressure_by_person(
            people.accounts, community=people.community, at=people.at
        )
        return {
            person: Cell(phrases.pressure(pressure.nearest(lines)))
            for person, lines in found.items()
        }

    def sort_values(self, community: Community, at: datetime) -> Ints:
        return pressure.used_by_everybody(
            community=community, policies=member_policies.load(community, at), at=at
        )


@columns.register(30)
def _columns(community: Community) -> Iterable[Column]:
    return [LastContactColumn(), ContactPressureColumn()]
