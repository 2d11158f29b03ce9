from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.group_messages import GroupMessage
from qunce.groups.groups import Group
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.judgements import judging
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Case, Ladder, Mode, Rule
from qunce.groups.moderation.rules import rules, shadow_runs
from tests import factories
from tests.factories import AT

SECOND = timedelta(seconds=1)
ADVERT = "cheap shoes, add me"


@dataclass
class Chat:
    """A group on a fake channel, with a rule against the word “shoes”."""

    community: Community
    by: Staff
    group: Group
    channel: FakeChannel
    now: datetime = AT
    sent: int = 0
    people: dict[str, int] = field(default_factory=dict)

    def join(self, *names: str) -> list[int]:
        for name in names:
            member = factories.member(
                self.community, name, channel="fake", name=name.title()
            )
            self.people[name] = member.pk
        ids = [self.people[name] for name in names]
        groups.add_members(group=self.group, accounts=ids, by=self.by, at=self.now)
        return ids

    def message(self, name: str, text: str = ADVERT, **fields: Any) -> GroupMessage:
        self.sent += 1
        if name not in self.people:
            self.join(name)
        return GroupMessage(
            **{
                "community": self.community,
                "group": self.group,
                "account": self.people[name],
                "key": f"$m{self.sent}",
                "happened_at": self.now,
                "text": text,
                "author_name": name.title(),
                **fields,
            }
        )

    def say(self, name: str, text: str = ADVERT, **fields: Any) -> Case | None:
        """Judge a message and do what follows at once."""
        self.now += 10 * SECOND
        message = self.message(name, text, **fields)
        with transaction.atomic():
            case = judging.judge(message, at=self.now)
        self.run()
        if case is not None:
            case.refresh_from_db()
        return case

    def caught(self, name: str, text: str = ADVERT, **fields: Any) -> Case:
        case = self.say(name, text, **fields)
        assert case is not None
        return case

    def run(self) -> int:
        return executor.run_due(at=self.now)

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    def done(self) -> list[str]:
        """What was done, such as `delete $m1` and `mute eve`."""
        return [
            f"{each.kind} {each.message if each.kind == 'delete' else each.member}"
            for each in self.channel.actions
        ]

    def rule(self, mode: str = Mode.ACT, **fields: Any) -> Rule:
        rule = rules.create(
            **{
                "community": self.community,
                "name": "Adverts",
                "checks": [word_check("shoes")],
                "by": self.by,
                "at": self.now,
                **fields,
            }
        )
        self.set_mode(rule, mode)
        return rule

    def set_mode(self, rule: Rule, mode: str) -> None:
        if mode == Mode.ACT:
            shadow_runs.run(
                rule=rule,
                since=self.now - timedelta(days=14),
                until=self.now,
                by=self.by,
                at=self.now,
            )
        rules.set_mode(rule=rule, mode=mode, by=self.by, at=self.now)

    def ladder(self, *rungs: dict[str, Any], window_days: int | None = 30) -> Ladder:
        return ladders.create(
            community=self.community,
            name="Own",
            rungs=list(rungs),
            window_days=window_days,
            by=self.by,
            at=self.now,
        )


def word_check(*words: str) -> dict[str, Any]:
    return {"check": "keywords", "options": {"keywords": list(words)}}


@pytest.fixture
def channel() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister("fake")


@pytest.fixture
def chat(shop: Community, by: Staff, channel: FakeChannel) -> Chat:
    group = factories.group(shop, "!room", name="North", platform="fake")
    chat = Chat(shop, by, group, channel)
    # Enough people for a tenth of them to be more than a few.
    chat.join("eve", "bob", "carl")
    return chat
