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
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.groups.moderation.actions import actions, executor
from qunce.groups.moderation.models import Action
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from tests.faults.sends import forks, sender
from tests.faults.sends.sender import AT
from tests.faults.sends.worlds import TURN, Result, Sending, World, opened_channel

MAX_MEMBERS = 400
HELD = 3
"""Members at whose removal the undo comes between the call and its outcome."""


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
    for name in keys[:-HELD]:
        plan(group, name, ids[name], boss, AT)


def plan(group: Group, name: str, account: int, by: Staff, at: datetime) -> Action:
    key = f"{group.community.key}:{name}"
    return actions.plan(
        group=group, kind=ActionKind.KICK, key=key, account=account, by=by, at=at
    )


def hold(key: str, members: int, at: datetime, channel: dict[str, Any]) -> None:
    """Remove the last members in a process that ends before it has stored that."""
    open_channel(**channel)
    group = Group.objects.get(community__key=key)
    names = [f"m{number}" for number in range(members - HELD, members)]
    accounts_ = Account.objects.filter(community=group.community, key__in=names)
    for account in accounts_.order_by("pk"):
        # Together, or a worker that lists what is due in between claims it first.
        with transaction.atomic():
            planned = plan(group, account.key, account.pk, sender.boss_of(key), at)
            claimed = executor.claim(planned.pk, at)
        if claimed is None:
            raise ValueError("nothing has acted on these members yet")
        executor.call(claimed, at)


def work(at: datetime, channel: dict[str, Any]) -> int:
    open_channel(**channel)
    return executor.run_due(at=at)


def undo(key: str, members: int, at: datetime) -> None:
    """Undo what was planned for the first half, and for the last ones."""
    keys = [f"{key}:m{each}" for each in range(members) if is_undone(each, members)]
    rows = Action.objects.filter(key__in=keys)
    with transaction.atomic():
        case_decisions.reverse(rows, by=sender.boss_of(key), at=at)


def is_undone(number: int, members: int) -> bool:
    return number < members // 2 or number >= members - HELD


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
                # While they work; the first time it is killed as well. Some actions
                # have reached the platform, and nothing that is stored says so.
                forks.run(hold, each.key, members, each.at, each.channel)
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
        was_undone = is_undone(number, members)
        if was_undone and kind == ActionKind.KICK:
            found.findings.append(f"m{number} was removed after the undo")
        found.lost += not was_undone and kind != ActionKind.KICK
