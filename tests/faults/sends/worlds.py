"""A campaign that is sent while something goes wrong, and what became of its messages."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from tests.faults.sends import forks, sender
from tests.faults.sends.sender import AT
from tests.postgres import Cluster

TURN = timedelta(minutes=5, seconds=1)
"""Longer than a lease: what a killed sender has begun is decided by the next one."""
MAX_TURNS = 12
"""Until a campaign must be done once nothing goes wrong any more."""
MAX_SECONDS_TO_KILL = 3.0
FIRST_RATE = 400.0
"""Messages per second, until it is known."""
NEVER_SENT = ("skipped", "cancelled", "failed")


@dataclass
class World:
    """The folder of all campaigns, and the server of their database if it is our own."""

    folder: Path
    server: Cluster | None
    members: int
    times: int
    rng: random.Random
    number: int = 0

    @property
    def database(self) -> str:
        return connection.vendor

    @property
    def batch(self) -> int:
        return 200 if self.members > 1_000 else 7


@dataclass
class Result:
    """Members without the message whose row does not say so, and what is wrong beside."""

    fault: str
    database: str
    times: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    findings: list[str] = field(default_factory=list)

    def line(self) -> str:
        cells = self.times, self.lost, self.doubled, self.unknown, len(self.findings)
        numbers = "{:>6} {:>6} {:>8} {:>8} {:>9}".format(*cells)
        return f"{self.fault:<37} {self.database:<11} {numbers}"

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.doubled or self.findings)


@dataclass
class Sending:
    """One campaign to all members of a community, and its channel."""

    world: World
    fault: str
    members: int
    key: str
    idempotent: bool = True
    at: datetime = AT
    times: int = 0
    rate: float = FIRST_RATE

    @property
    def record(self) -> Path:
        return self.world.folder / f"{self.key}.txt"

    @property
    def channel(self) -> dict[str, Any]:
        address = str(self.world.folder / f"{self.key}.socket")
        return {"address": address, "idempotent": self.idempotent}

    # What happens

    def start(self, **more: int) -> forks.Child:
        """A sender in a process of its own."""
        batch = self.world.batch
        channel = self.channel | {
            name: more.pop(name) for name in list(more) if name.startswith("dies_")
        }
        return forks.start(
            sender.send, at=self.at, batch=batch, channel=channel, **more
        )

    def kill(self, workers: int = 1) -> None:
        """Kill senders, each at another moment, so that all kills are spread evenly."""
        before, start = self.count(), time.monotonic()
        left = (self.members - before) / max(self.world.times - self.times, 1)
        # Those who are unknown never arrive, so that the rate falls to nothing.
        longest = min(max(2 * workers * left / self.rate, 0.03), MAX_SECONDS_TO_KILL)
        moments = sorted(self.world.rng.uniform(0, longest) for _ in range(workers))
        children = [self.start() for _ in range(workers)]
        for child, moment in zip(children, moments, strict=True):
            time.sleep(max(start + moment - time.monotonic(), 0))
            child.kill()
            self.times += 1
        sent = self.count() - before
        self.rate = (self.rate + sent / (time.monotonic() - start)) / 2
        self.at += TURN

    def count(self) -> int:
        if not self.record.exists():
            return 0
        return self.record.read_bytes().count(b"\n")

    def wait_for(self, share: float, child: forks.Child) -> None:
        """Wait until this share of the messages has arrived, or the sender has ended."""
        end = time.monotonic() + 120
        while self.count() < share * self.members and time.monotonic() < end:
            time.sleep(0.01)

    def finish(self, workers: int = 1) -> None:
        """Send until the campaign is over."""
        for _turn in range(MAX_TURNS):
            self.at += TURN
            for child in [self.start() for _ in range(workers)]:
                child.result()
            if forks.run(sender.is_done, self.key) and not forks.run(
                sender.count_open, self.key
            ):
                return

    # What became of it

    def result(self) -> Result:
        arrived = Counter(json.loads(line)[0] for line in self.lines())
        stored = forks.run(sender.report, self.key)
        states: dict[str, str] = stored["states"]
        everyone = {f"m{number}" for number in range(self.members)}
        wanted = {"cancelled", "draft"} if stored["campaign"] == "draft" else {"done"}
        wanted |= {"cancelled"} if self.fault.startswith("cancelled") else set()
        found = Result(self.fault, self.world.database, self.times)
        may_be_lost = {"unknown", *NEVER_SENT}
        cancelled = stored["cancelled"] or not stored["size"]
        missing = everyone - set(arrived)
        found.lost = sum(
            not cancelled if key not in states else states[key] not in may_be_lost
            for key in missing
        )
        found.doubled = sum(arrived.values()) - len(arrived)
        unknown = {key for key, state in states.items() if state == "unknown"}
        found.unknown = len(unknown)
        wrong = {k for k in arrived if states.get(k, "none") in (*NEVER_SENT, "none")}
        delivered = {key for key, state in states.items() if state == "delivered"}
        claims = {
            "arrived, but its row says that it was not sent": wrong,
            "delivered, but it never arrived": delivered - set(arrived),
            "delivered without a fact": delivered - set(stored["facts"]),
            "a fact without a delivery": set(stored["facts"]) - delivered,
            "more than one fact": {k for k, n in stored["facts"].items() if n > 1},
            "unknown, but not listed once": {
                key
                for key in unknown | set(stored["unknown"])
                if key not in unknown or stored["unknown"].get(key) != 1
            },
        }
        found.findings = [
            f"{text}: {len(keys)}" for text, keys in claims.items() if keys
        ]
        if self.idempotent and found.unknown and stored["campaign"] == "done":
            found.findings.append("unknown, though it can be sent again")
        if stored["campaign"] not in wanted:
            found.findings.append(f"the campaign is {stored['campaign']}")
        if len(states) + stored["cancelled"] != stored["size"]:
            found.findings.append("the outcomes are not as many as were planned")
        return found

    def lines(self) -> list[str]:
        return self.record.read_text().splitlines() if self.record.exists() else []


@contextlib.contextmanager
def sending(
    world: World,
    fault: str,
    *,
    idempotent: bool,
    channel_fault: str = "none",
    members: int | None = None,
    **prepare: Any,
) -> Iterator[Sending]:
    world.number += 1
    members = world.members if members is None else members
    ways = "exactly once" if idempotent else "at most once"
    name = f"{fault}, {ways}"
    each = Sending(world, name, members, f"shop{world.number}", idempotent=idempotent)
    forks.run(sender.prepare, each.key, members, channel=each.channel, **prepare)
    with opened_channel(each, channel_fault):
        yield each


@contextlib.contextmanager
def opened_channel(each: Sending, fault: str) -> Iterator[None]:
    """The process that records what arrives."""
    arguments = [each.channel["address"], str(each.record)]
    arguments += ["yes" if each.idempotent else "no", fault]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sends.channel", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout and process.stdout.readline() == "ready\n"
        yield
    finally:
        process.terminate()
        process.communicate(timeout=60)
