"""Other work that is killed: runs of playbooks, their stop, and uploads of materials."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from qunce import reactions
from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.tags import library
from qunce.outreach.content import files
from qunce.outreach.playbooks import advancing, lifecycle, playbooks
from qunce.outreach.playbooks.models import Playbook, Run, RunStep
from qunce.outreach.sending.ledger import Message
from qunce.sets.mirror import deriver
from tests import factories
from tests.faults.sends import forks, sender
from tests.faults.sends.sender import AT
from tests.faults.sends.worlds import TURN, Result, Sending, World, opened_channel
from tests.outreach.content import pictures

STEPS = ("hello", "tag", "wait", "again")
MAX_RUNS, FEW = 2_000, 40


# Playbooks


def prepare_runs(key: str, members: int, channel: dict[str, Any]) -> None:
    """Switch on a playbook of four steps, and let every member pay an order."""
    sender.open_channel(**channel)
    shop = communities.create(key=key, at=AT)
    login = f"boss-{key}"
    boss = staff_models.create(community=shop, login=login, role="owner", at=AT)
    library.create(community=shop, key="greeted", by=boss, at=AT)
    send = {"kind": "send", "channel": "fake", "purpose": "service"}
    steps = [
        {"id": "hello", "text": "Hello", **send},
        {"id": "tag", "kind": "tag", "tag": "greeted"},
        {"id": "wait", "kind": "wait", "delay": {"minutes": 20}},
        {"id": "again", "text": "Good evening", **send},
    ]
    definition = {"entry": {"on": "fact", "fact": "order.paid"}, "steps": steps}
    playbook = playbooks.create(
        community=shop, name="First days", definition=definition, by=boss, at=AT
    )
    lifecycle.switch_on(playbook=playbook, choice=lifecycle.Choice(), by=boss, at=AT)
    keys = [f"m{number}" for number in range(members)]
    ids = accounts.ensure(community=shop, keys=keys, by=boss, at=AT, channel="fake")
    paid_at = AT + timedelta(seconds=1)
    for number, account in enumerate(ids.values()):
        factories.order(shop, account, key=f"o{number}", at=paid_at, paid_at=paid_at)


def work(at: Any, batch: int, channel: dict[str, Any]) -> None:
    """What the loops of a worker do, in small batches, until nothing is left to do."""
    sender.open_channel(**channel)
    advancing.BATCH_SIZE = batch
    deriver.catch_up()
    for consumer in reactions.STEPS.values():
        consumer.catch_up(at=at)
    while advancing.advance_all(at=at):
        pass
    sender.send(at=at, batch=batch, channel=channel)


def report_runs(key: str) -> dict[str, Any]:
    runs = Run.objects.filter(playbook__community__key=key)
    steps = RunStep.objects.filter(run__in=runs).values_list("run_id", "step")
    return {
        "states": dict(Counter(runs.values_list("state", flat=True))),
        "runs": runs.count(),
        "steps": [[run, step, n] for (run, step), n in Counter(steps).items()],
    }


def playbook(world: World) -> list[Result]:
    """The worker is killed while runs begin, advance and send."""
    world.number += 1
    members = min(world.members // 10, MAX_RUNS)
    each = Sending(world, "playbook killed", members, f"shop{world.number}")
    forks.run(prepare_runs, each.key, members, each.channel)
    found = Result(each.fault, world.database)
    batch = max(members // 20, 5)
    with opened_channel(each, "none"):
        for _turn in range(world.times):
            child = forks.start(work, each.at, batch, each.channel)
            time.sleep(world.rng.uniform(0, 1.2))
            found.times += child.kill()
            each.at += TURN
        for _turn in range(8):
            forks.run(work, each.at, batch, each.channel)
            each.at += TURN
    stored = forks.run(report_runs, each.key)
    arrived = Counter(tuple(json.loads(line)) for line in each.lines())
    wanted = {
        (f"m{n}", text) for n in range(members) for text in ("Hello", "Good evening")
    }
    found.lost = len(wanted - set(arrived)) + max(members - stored["runs"], 0)
    found.doubled = sum(arrived.values()) - len(arrived)
    found.doubled += max(stored["runs"] - members, 0)
    found.doubled += sum(n - 1 for _run, _step, n in stored["steps"])
    if stored["states"] != {"ended": members}:
        found.findings.append(f"runs: {stored['states']}")
    done = Counter(step for _run, step, _n in stored["steps"])
    acted = {step: members for step in STEPS if step != "wait"}
    if {step: done[step] for step in acted} != acted:
        found.findings.append(f"steps: {dict(done)}")
    return [found]


def stop(key: str, at: Any, channel: dict[str, Any]) -> None:
    sender.open_channel(**channel)
    playbook = Playbook.objects.select_related("community").get(community__key=key)
    if playbook.state != "stopped":
        lifecycle.stop(playbook=playbook, by=sender.boss_of(key), at=at)


def report_stop(key: str) -> dict[str, Any]:
    runs = Run.objects.filter(playbook__community__key=key)
    rows = Message.objects.filter(community__key=key)
    return {
        "live": runs.exclude(state="ended").count(),
        "planned": rows.filter(state="planned").count(),
        "unknown": rows.filter(state="unknown").count(),
    }


def stopped(world: World, idempotent: bool) -> Result:
    """The worker is killed, then the playbook is stopped, and that is killed as well."""
    ways = "exactly once" if idempotent else "at most once"
    total = Result(f"playbook stopped, {ways}", world.database)
    for _turn in range(max(world.times // 3, 2)):
        world.number += 1
        key = f"shop{world.number}"
        each = Sending(world, total.fault, FEW, key, idempotent=idempotent)
        forks.run(prepare_runs, key, FEW, each.channel)
        with opened_channel(each, "none"):
            _stop_in_between(each, total)
        arrived = Counter(each.lines())
        total.doubled += sum(arrived.values()) - len(arrived)
    return total


def _stop_in_between(each: Sending, total: Result) -> None:
    rng, channel = each.world.rng, each.channel
    # The orders are paid after AT.
    each.at += TURN
    worker = forks.start(work, each.at, 5, channel)
    time.sleep(rng.uniform(0.1, 0.8))
    total.times += worker.kill()
    stopping = forks.start(stop, each.key, each.at, channel)
    time.sleep(rng.uniform(0, 0.1))
    total.times += stopping.kill()
    forks.run(stop, each.key, each.at, channel)
    before = each.count()
    for _turn in range(3):
        each.at += TURN
        forks.run(work, each.at, 5, channel)
    stored = forks.run(report_stop, each.key)
    total.unknown += stored["unknown"]
    if stored["live"] or stored["planned"]:
        total.findings.append(f"left after the stop: {stored}")
    if each.count() != before:
        total.findings.append(f"sent after the stop: {each.count() - before}")


# Uploads


class SlowFile:
    """A file that arrives in small pieces."""

    def __init__(self, content: bytes) -> None:
        self.left = content

    def read(self, size: int) -> bytes:
        time.sleep(0.002)
        piece, self.left = self.left[:4096], self.left[4096:]
        return piece


def prepare_uploads(key: str) -> None:
    shop = communities.create(key=key, at=AT)
    login = f"boss-{key}"
    staff_models.create(community=shop, login=login, role="owner", at=AT)


def upload(key: str, number: int) -> None:
    """Store pictures one after the other, as fast as they come."""
    for size in range(200, 260):
        content = pictures.picture((size + number * 60, 200))
        slow: Any = SlowFile(content + b"\0" * 40_000)
        stream: IO[bytes] = slow
        files.store(content=stream, name="a.png", by=sender.boss_of(key), at=AT)


def report_uploads(key: str) -> dict[str, list[str]]:
    """Files that are not what their name says, are missing, or are never deleted."""
    shop = communities.get(key)
    rows = list(files.StoredFile.objects.filter(community=shop))
    folder = Path(settings.HOME) / files.FOLDER
    whole = [path for path in folder.rglob("*") if len(path.name) == 64]
    half = [
        path.name
        for path in whole
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.name
    ]
    stored = {path.name for path in whole}
    # Nothing uses them, so that all of them go, and what killed processes left.
    files.prune(at=datetime.now(UTC) + timedelta(days=3))
    return {
        "half": half,
        "missing": [row.digest for row in rows if row.digest not in stored],
        "left": [path.name for path in folder.rglob("*") if path.is_file()],
        "rows": [row.digest for row in rows],
    }


def uploads(world: World) -> list[Result]:
    """The server is killed while files of materials arrive."""
    world.number += 1
    key = f"shop{world.number}"
    found = Result("upload killed", world.database)
    forks.run(prepare_uploads, key)
    for number in range(world.times):
        child = forks.start(upload, key, number)
        time.sleep(world.rng.uniform(0, 0.6))
        found.times += child.kill()
    stored = forks.run(report_uploads, key)
    found.lost = len(stored["missing"])
    for name in ("half", "left"):
        if stored[name]:
            found.findings.append(f"files, {name}: {len(stored[name])}")
    if not stored["rows"]:
        found.findings.append("no file was stored")
    return [found]
