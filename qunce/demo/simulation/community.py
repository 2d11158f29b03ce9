"""A community that does not exist, simulated from a seed and a clock, and its totals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from qunce.demo.simulation import (
    groups,
    messages,
    notes,
    orders,
    people,
    sends,
    tagging,
)
from qunce.demo.simulation.groups import SimulatedGroup, Stay
from qunce.demo.simulation.messages import Message
from qunce.demo.simulation.notes import SimulatedNote
from qunce.demo.simulation.orders import SimulatedOrder
from qunce.demo.simulation.people import Person
from qunce.demo.simulation.sends import Sends
from qunce.demo.simulation.settings import Settings
from qunce.demo.simulation.tagging import SimulatedTagging


@dataclass(frozen=True)
class Totals:
    """What Qunce has to report after the load. Amounts are in cents.

    `groups` has the members now in each group by its key, `tags` the members with each
    tag by its name.
    """

    members: int
    accounts: int
    orders: int
    paid: int
    refunded: int
    messages: int
    opted_out: int
    groups: dict[str, int]
    tags: dict[str, int]


@dataclass(frozen=True)
class SimulatedCommunity:
    settings: Settings

    @cached_property
    def people(self) -> list[Person]:
        return people.arrive(self.settings)

    @cached_property
    def groups(self) -> list[SimulatedGroup]:
        return groups.open_groups(self.settings)

    @cached_property
    def stays(self) -> list[Stay]:
        return groups.join_groups(self.groups, self.people, self.settings)

    @cached_property
    def messages(self) -> list[Message]:
        return messages.write_messages(self.groups, self.stays, self.settings)

    @cached_property
    def sends(self) -> Sends:
        return sends.send_mailings(self.people, self.settings)

    @cached_property
    def orders(self) -> list[SimulatedOrder]:
        return orders.buy(self.people, self.sends.sends, self.settings)

    @cached_property
    def taggings(self) -> list[SimulatedTagging]:
        return tagging.tag_members(
            self.people, self.orders, self.messages, self.settings
        )

    @cached_property
    def notes(self) -> list[SimulatedNote]:
        return notes.write_notes(self.people, self.settings)

    def tag_name(self, tagging: SimulatedTagging) -> str:
        group, tag = tagging.tag
        words = self.settings.words.tags[group]
        return words.twins[tag] if tagging.is_twin else words.tags[tag]

    @cached_property
    def totals(self) -> Totals:
        # Only who is still in the community has an account that counts as a member.
        staying = {person.number for person in self.people if not person.left_at}
        tagged = {(self.tag_name(each), each.person.number) for each in self.taggings}
        inside = {
            (stay.group, stay.person.number) for stay in self.stays if not stay.left_at
        }
        sizes = Counter(group for group, _person in inside)
        return Totals(
            members=len(staying),
            accounts=len(self.people)
            + sum(bool(each.shop_key) for each in self.people),
            orders=len(self.orders),
            paid=sum(order.amount for order in self.orders),
            refunded=sum(order.refunded for order in self.orders),
            messages=len(self.messages),
            opted_out=len(self.sends.opt_outs),
            groups={group.key: sizes[group.number] for group in self.groups},
            tags=dict(Counter(name for name, _person in tagged)),
        )
