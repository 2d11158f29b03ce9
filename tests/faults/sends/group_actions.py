"""Workers are killed while they act in a group, and half of it is undone in between."""

from __future__ import annotations

import json
import time
import zlib
from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction

from qunce.channels import channel_contract
from qunce.channels.channel_contract import ActionKind, GroupAction, Outcome
from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.groups.moderation.actions import actions, executor
from qunce.groups.moderation.models import Action
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts import accounts
from tests.faults.sends import forks, sender
from tests.faults.sends.sender import AT
from tests.faults.sends.worlds import TURN, Result, Sending, World, opened_channel

MAX_MEMBERS = 400


class ActingChannel(sender.PlatformChannel):
    """Its process records each action as it records messages."""

    def act(self, action: GroupAction, *, at: datetime) -> Outcome:
        number = str(zlib.crc32(action.key.encode()))
        return self.call([number, action.member, action.kind.value])


def open_channel(address: str, *, idempotent: bool) -> None:
    capabilities = channel_contract.Capabilities(can_kick=True, can_invite=True)
    channel_contract.register(ActingChannel(address, capabilities))


def prepare(key: str, members: int, channel: dict[str, Any]) -> None:
    open_channel(**channel)
    shop = communities.create(key=key, at=AT)
    boss = staff_models.create(community=shop, login=f"boss-{key}", role="owner", at=AT)
    group = groups.create(
        community=shop, key="north", name="North", platform="fake", by=boss, at=AT
    )
    keys = [f"m{number}" for number in range(members)]
    ids = accounts.ensure(community=shop, keys=keys, by=boss, at=AT, channel="fake")
    for name, account in ids.items():
        actions.plan(
            group=group,
            kind=ActionKind.KICK,
            key=f"{key}:{name}",
            account=account,
            by=boss,
            at=AT,
        )


def work(at: datetime, channel: dict[str, Any]) -> int:
    open_channel(**channel)
    return executor.run_due(at=at)


def undo(key: str, members: int, at: datetime) -> None:
    """Undo what was planned for the first half."""
    keys = [f"{key}:m{number}" for number in range(members // 2)]
    rows = Action.objects.filter(key__in=keys)
    with transaction.atomic():
        case_decisions.reverse(rows, by=sender.boss_of(key), at=at)


def report(key: str) -> dict[str, int]:
    rows = Action.objects.filter(community__key=key)
    return dict(Counter(rows.values_list("state", flat=True)))


def killed(world: World) -> list[Result]:
    world.number += 1
    members = min(world.members, MAX_MEMBERS)
    workers = 1 if world.database == "sqlite" else 2
    each = Sending(world, "group actions killed", members, f"shop{world.number}")
    found = Result(each.fault, world.database)
    forks.run(prepare, each.key, members, each.channel)
    with opened_channel(each, "none"):
        for turn in range(world.times):
            children = [
                forks.start(work, each.at, each.channel) for _ in range(workers)
            ]
            time.sleep(world.rng.uniform(0.02, 0.4))
            if turn == world.times // 2:
                # While they work; the first time it is killed as well.
                undoing = forks.start(undo, each.key, members, each.at)
                time.sleep(world.rng.uniform(0, 0.1))
                found.times += undoing.kill()
                forks.run(undo, each.key, members, each.at)
            found.times += sum(child.kill() for child in children)
            each.at += TURN
        while forks.run(work, each.at, each.channel):
            each.at += TURN
    stored = forks.run(report, each.key)
    if set(stored) - {"done", "undone", "cancelled", "skipped"}:
        found.findings.append(f"actions: {stored}")
    _compare([tuple(json.loads(line)) for line in each.lines()], members, found)
    return [found]


def _compare(lines: list[tuple[str, str]], members: int, found: Result) -> None:
    """Whoever was undone is inside again, all others are outside, each by one call."""
    found.doubled = len(lines) - len(set(lines))
    last = dict(lines)
    for number in range(members):
        kind = last.get(f"m{number}")
        is_undone = number < members // 2
        if is_undone and kind == ActionKind.KICK:
            found.findings.append(f"m{number} was removed after the undo")
        found.lost += not is_undone and kind != ActionKind.KICK
