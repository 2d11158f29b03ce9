"""The simulated community, its staff and its clock, as the parts of the load share them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.demo import build
from qunce.demo.simulation.community import SimulatedCommunity
from qunce.demo.simulation.people import Person
from qunce.demo.simulation.texts.words import Words
from qunce.members.accounts.models import Account

ROLES = {"manager": "manager", "viewer": "viewer"}


@dataclass(frozen=True)
class Context:
    community: Community
    simulation: SimulatedCommunity
    staff: dict[str, Staff]
    at: datetime

    @classmethod
    def prepare(
        cls,
        community: Community,
        simulation: SimulatedCommunity,
        *,
        owner: Staff,
        at: datetime,
    ) -> Context:
        """Add the staff, who have worked there since the first day."""
        staff = {"owner": owner}
        for key, name in simulation.settings.words.staff.items():
            staff[key] = build.ensure_staff(
                community=community,
                login=f"{community.key}-{key}",
                name=name,
                role=ROLES.get(key, "operator"),
                at=community.created_at,
            )
        return cls(community, simulation, staff, at)

    @property
    def words(self) -> Words:
        return self.simulation.settings.words

    @property
    def owner(self) -> Staff:
        return self.staff["owner"]

    def moment(self, local: datetime) -> datetime:
        """Return a time of the simulation with its time zone."""
        return local.replace(tzinfo=ZoneInfo(self.community.timezone))

    @cached_property
    def account_ids(self) -> dict[str, int]:
        rows = Account.objects.filter(community=self.community)
        return dict(rows.values_list("key", "pk"))

    def account_id(self, person: Person) -> int:
        return self.account_ids[person.key]
