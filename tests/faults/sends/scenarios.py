"""What goes wrong while a campaign is sent. Each scenario returns what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from tests import postgres
from tests.faults.sends import forks, group_actions, others, sender
from tests.faults.sends.sender import AT
from tests.faults.sends.worlds import Result, World, sending
from tests.postgres import Cluster

FEW = 40
"""Members of campaigns that are repeated, as the moment matters and not the number."""


def _both(scenario: Callable[[World, bool], Result]) -> Callable[[World], list[Result]]:
    return lambda world: [scenario(world, once) for once in (True, False)]


def killed(workers: int) -> Callable[[World], list[Result]]:
    name = "killed" if workers == 1 else f"{workers} workers killed"

    def scenario(world: World, idempotent: bool) -> Result:
        with sending(world, name, idempotent=idempotent) as each:
            while each.times < world.times:
                each.kill(workers)
            each.finish(workers)
            return each.result()

    return _both(scenario)


def between(world: World, idempotent: bool) -> Result:
    """The process dies after it has claimed messages, or before it stores outcomes."""
    with sending(world, "between claim and call", idempotent=idempotent) as each:
        for turn in range(max(world.times // 5, 2)):
            moment = {"dies_before": turn % 3} if turn % 2 else {"dies_after": turn % 3}
            status = each.start(**moment).join()
            if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
                break
            each.times += 1
            each.at += timedelta(minutes=6)
        each.finish()
        return each.result()


def restarted(world: World, idempotent: bool) -> Result:
    """The database server crashes and starts again while two workers send."""
    assert world.server
    with sending(world, "database restarted", idempotent=idempotent) as each:
        for turn in range(max(world.times // 6, 2)):
            children = [each.start() for _ in range(2)]
            each.wait_for((turn + 1) / (world.times // 6 + 2), children[0])
            world.server.stop([signal.SIGQUIT, signal.SIGINT][turn % 2])
            for child in children:
                child.join()
            world.server.start()
            each.times += 1
            each.at += timedelta(minutes=6)
        each.finish()
        return each.result()


def full_disk(world: World, idempotent: bool) -> Result:
    """No file may grow, neither those of the worker nor those of a database server."""
    with sending(world, "disk full", idempotent=idempotent) as each:
        failed = 0
        for _turn in range(max(world.times // 10, 2)):
            with _full(world) as limits:
                # The job that failed may be left to its next attempt.
                ended = each.start(**limits).join()
                failed += ended != 0 or each.count() < each.members
            each.times += 1
            each.at += timedelta(minutes=6)
        each.finish()
        found = each.result()
        if not failed:
            found.findings.append("the disk was never full")
        return found


@contextlib.contextmanager
def _full(world: World) -> Iterator[dict[str, int]]:
    if world.server is None:
        # Its log of changes grows over this with a few batches.
        yield {"max_bytes": 512 * 1024}
        return
    # Connections that are opened from now on have the limit. At a full log of changes
    # the server ends itself.
    _limit_files(world.server, str(256 * 1024))
    try:
        yield {}
    finally:
        _limit_files(world.server, "unlimited")
        # It may be trying to recover again and again, and would hear of nothing else.
        world.server.stop(signal.SIGQUIT)
        world.server.start()


def _limit_files(server: Cluster, most: str) -> None:
    """Limit the size of the files that the server writes; it belongs to another user."""
    assert server.process
    subprocess.run(
        ["prlimit", f"--fsize={most}:", f"--pid={server.process.pid}"],
        user=postgres.server_user(),
        stderr=subprocess.DEVNULL,
        # It may have ended itself.
        check=False,
    )


def clock_set_back(world: World, idempotent: bool) -> Result:
    """The clock is set back by an hour after kills, and gets there again."""
    with sending(world, "clock set back", idempotent=idempotent) as each:
        for turn in range(max(world.times // 5, 2)):
            each.kill()
            if turn % 2 == 0:
                each.at -= timedelta(hours=1)
        each.at += timedelta(hours=4)
        each.finish()
        return each.result()


def faulty_channel(fault: str, name: str) -> Callable[[World], list[Result]]:
    def scenario(world: World, idempotent: bool) -> Result:
        members = min(world.members, 2_000) if fault == "hanging" else world.members
        with sending(
            world, name, idempotent=idempotent, channel_fault=fault, members=members
        ) as each:
            each.times = -(-members // 40)
            each.finish()
            return each.result()

    return _both(scenario)


def opted_out(world: World, idempotent: bool) -> Result:
    """Far more in a row have opted out than are looked at together, and it is killed."""
    out = world.members * 3 // 4
    with sending(
        world, "most opted out in a row", idempotent=idempotent, opted_out=out
    ) as each:
        for _turn in range(3):
            each.kill()
        each.finish()
        found = each.result()
        if (each.count() + found.unknown) < world.members - out:
            found.lost += world.members - out - each.count() - found.unknown
        return found


def edited(world: World, idempotent: bool) -> Result:
    """The segment and the text change while it is sent: only the text for the rest does."""
    with sending(world, "segment edited", idempotent=idempotent) as each:
        child = each.start()
        each.wait_for(0.3, child)
        forks.run(sender.edit, each.key, each.at, channel=each.channel)
        child.join()
        each.times = 1
        arrived = each.count()
        each.finish()
        found = each.result()
        texts = [json.loads(line)[1] for line in each.lines()]
        if "Good evening" in texts[: int(0.3 * each.members)]:
            found.findings.append("the new text was sent before the change")
        if arrived < each.members and "Hello" in texts[arrived + world.batch :]:
            found.findings.append("the old text was sent after the change")
        if "Good evening" not in texts:
            found.findings.append("the new text was not sent")
        return found


def cancelled(world: World, idempotent: bool) -> Result:
    """Somebody cancels it at the moment at which it is due, or while it is sent."""
    total: Result | None = None
    for _turn in range(world.times):
        due = AT + timedelta(minutes=1)
        with sending(
            world, "cancelled when due", idempotent=idempotent, members=FEW, send_at=due
        ) as each:
            each.at = due
            sent = forks.start(
                sender.start_scheduled, each.at, batch=5, channel=each.channel
            )
            time.sleep(world.rng.uniform(0, 0.4))
            forks.run(sender.cancel, each.key, each.at, channel=each.channel)
            sent.join()
            each.finish()
            each.times = 1
            found = each.result()
        if total is None:
            total = found
        else:
            _add(total, found)
    assert total
    return total


def _add(total: Result, found: Result) -> None:
    for name in ("times", "lost", "doubled", "unknown", "findings"):
        setattr(total, name, getattr(total, name) + getattr(found, name))


def overtaken(world: World, idempotent: bool) -> Result:
    """A worker stands still for longer than its lease, and goes on beside another one."""
    with sending(world, "stopped and continued", idempotent=idempotent) as each:
        for _turn in range(max(world.times // 6, 2)):
            slow = each.start()
            time.sleep(world.rng.uniform(0.05, 0.3))
            with contextlib.suppress(ProcessLookupError):
                os.kill(slow.pid, signal.SIGSTOP)
            each.at += timedelta(minutes=6)
            each.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(slow.pid, signal.SIGCONT)
            slow.join()
        each.finish()
        return each.result()


Scenario = Callable[[World], list[Result]]
SCENARIOS: dict[str, Scenario] = {
    "killed": killed(1),
    "between": _both(between),
    "disk-full": _both(full_disk),
    "clock": _both(clock_set_back),
    "busy": faulty_channel("busy", "429 with retry-after"),
    "error": faulty_channel("error", "5xx"),
    "reply-lost": faulty_channel("reply-lost", "accepted, reply lost"),
    "hanging": faulty_channel("hanging", "hanging"),
    "opted-out": _both(opted_out),
    "edited": _both(edited),
    "cancelled": _both(cancelled),
    "playbook": others.playbook,
    "stopped": _both(others.stopped),
    "upload": others.uploads,
    "group-actions": group_actions.killed,
}
ON_POSTGRESQL: dict[str, Scenario] = {
    "killed-2": killed(2),
    "killed-4": killed(4),
    # On SQLite, a worker that stands still may have the only lock of the database.
    "overtaken": _both(overtaken),
}
WITH_SERVER: dict[str, Scenario] = {"restarted": _both(restarted)}
"""Those that need a database server of their own."""
SHARE = (
    "killed",
    "between",
    "busy",
    "error",
    "reply-lost",
    "cancelled",
    "stopped",
    "group-actions",
)
SHARE_ON_POSTGRESQL = ("killed-4",)
"""What `make test` runs, with few members."""
