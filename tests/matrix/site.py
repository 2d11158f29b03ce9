"""A community whose account of a real homeserver is driven step by step.

    site.receive()     # sync and handle until nothing is new
    site.send()        # send what is due
    site.step()        # both, and what follows from facts in between
    site.act(ActionKind.MUTE, room, member.id)

The clock is the real one, as the server has no other.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from qunce import group_jobs, reactions
from qunce.channels import channel_contract
from qunce.channels.accounts import accounts, leases
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.channel_contract import ActionKind, GroupAction, Outcome
from qunce.channels.matrix import client
from qunce.channels.matrix.channel import MatrixChannel, MatrixProvider
from qunce.channels.matrix.client import MatrixClient
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, Membership
from qunce.members.accounts.models import Account
from qunce.members.message_texts.models import MessageText
from qunce.outreach.playbooks import advancing
from qunce.outreach.sending import channel_events, channel_sending
from qunce.sets.mirror import deriver
from tests import factories
from tests.matrix.members import Member, People
from tests.synapse import Synapse, User

NO_TIME = timedelta()


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Site:
    community: Community
    by: Staff
    server: Synapse
    people: People
    bot: User
    account: ChannelAccount
    lease: str
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    @classmethod
    def create(cls, server: Synapse, people: People, name: str) -> Site:
        community = factories.community("tea", name="Tea", at=now())
        by = factories.staff(community)
        bot = server.register(name)
        account = accounts.connect(
            community=community,
            channel="matrix",
            address=server.url,
            secret=bot.token,
            by=by,
            at=now(),
        )
        lease = leases.claim(account, at=now())
        return cls(community, by, server, people, bot, account, lease)

    # Steps

    def sync(self) -> int:
        """Receive once, without handling what comes."""
        return MatrixProvider().receive(
            self.account, lease=self.lease, clock=now, wait=NO_TIME
        )

    def receive(self) -> None:
        while self.sync():
            channel_events.handle_all(at=now())
        channel_events.handle_all(at=now())

    def send(self) -> int:
        # What a job of its own is queued for, such as a welcome, is left out by the first.
        return channel_sending.send_due(at=now()) + channel_sending.send_now(at=now())

    def react(self) -> None:
        deriver.catch_up()
        for consumer in reactions.CONSUMERS:
            consumer.catch_up(at=now())
        advancing.advance_all(at=now())

    def step(self) -> None:
        self.receive()
        self.react()
        self.send()

    def act(
        self, kind: ActionKind, room: str, member: str = "", **fields: str
    ) -> Outcome:
        key = fields.pop("key", "") or f"action-{next(self.numbers)}"
        action = GroupAction(key=key, kind=kind, group=room, member=member, **fields)
        return self.channel.act(action, at=now())

    def run_actions(self) -> int:
        done: int = group_jobs.JOBS[group_jobs.ACT].run(at=now())
        return done

    def problems(self) -> list[str]:
        """The codes of what a check finds now."""
        found = accounts.check(account=self.account, by=self.by, at=now())
        return [problem.code for problem in found]

    def make_admin(self) -> None:
        """Let our account administer the homeserver."""
        self.server.make_admin(self.bot)

    @property
    def channel(self) -> MatrixChannel:
        channel = channel_contract.for_community("matrix", self.community.pk)
        if not isinstance(channel, MatrixChannel):
            raise TypeError
        return channel

    def connected(self) -> MatrixClient:
        return client.MatrixClient(self.server.url, self.bot.token)

    # Rooms

    def open_room(
        self, owner: Member, *others: Member, level: int = 100, **fields: Any
    ) -> str:
        """A room of `owner` that our account has come to, with its rights."""
        room = owner.create_room(invite=[self.bot.id], **fields)
        for each in others:
            each.join(room)
        self.receive()
        name = self.bot.id.removeprefix("@").partition(":")[0]
        if level:
            owner.give_levels(room, **{name: level})
        self.receive()
        return room

    # What is known

    def group(self, room: str) -> Group:
        return Group.objects.get(community=self.community, key=room)

    def members(self, room: str) -> list[str]:
        """The keys of those who are in a group now."""
        rows = Membership.objects.filter(group=self.group(room), present=True)
        keys = Account.objects.filter(pk__in=rows.values("account_id"))
        return sorted(keys.values_list("key", flat=True))

    def texts(self) -> list[str]:
        rows = MessageText.objects.filter(community=self.community)
        return list(rows.order_by("happened_at", "pk").values_list("text", flat=True))

    def facts(self, kind: str) -> list[dict[str, object]]:
        return [
            payload for _key, payload in factories.recorded_facts(self.community, kind)
        ]
