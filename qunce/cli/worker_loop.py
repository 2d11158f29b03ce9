"""The loops of a serving process: threads that derive facts, react and run jobs."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pyarrow as pa
from django.db import close_old_connections, connections

from qunce import channel_jobs, group_jobs, reactions, schedule
from qunce.channels.accounts.receiving import Receiving
from qunce.core.facts.fact_consumers import Consumer
from qunce.core.jobs import job_queue, scheduler, wake_ups
from qunce.core.jobs.wake_ups import Alarm
from qunce.outreach.playbooks import advancing
from qunce.outreach.sending import channel_events, channel_sending
from qunce.sales import purchase_tags
from qunce.sets.mirror import mirror

INTERVAL = 0.5
"""Seconds between two rounds of a loop: a fact is counted within a second."""
MAX_BATCHES = 50
"""Batches of facts that are reacted to in one round; the rest follow in the next."""
STOP_TIMEOUT = 6
"""Seconds that all loops have to end, fewer than gunicorn waits. The next start does
what they leave undone."""
JOB_THREADS = 2
"""Threads that run jobs, so that a long import delays nothing else."""

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
IsStopping = Callable[[], bool]


def react(*, clock: Clock, is_stopping: IsStopping) -> None:
    """Do what follows from new facts. One that fails keeps no other waiting."""
    read: list[int] = []

    def catch_up(consumer: Consumer) -> None:
        read.append(consumer.catch_up(at=clock(), steps=MAX_BATCHES))

    steps: dict[str, Callable[[], object]] = {
        **{
            name: functools.partial(catch_up, consumer)
            for name, consumer in reactions.STEPS.items()
        },
        # After the facts, which may end a run or wake it.
        schedule.ADVANCE: lambda: advancing.advance_all(at=clock()),
    }
    _run_steps(steps, clock=clock, is_stopping=is_stopping)
    if any(read):
        # Somebody may have to be answered, or removed.
        wake_ups.wake()


def tidy(*, clock: Clock, is_stopping: IsStopping) -> None:
    """Do what may take minutes after a large import, and what nobody waits for."""
    steps: dict[str, Callable[[], object]] = {
        schedule.MERGE: mirror.merge,
        schedule.PURCHASE_TAGS: lambda: purchase_tags.catch_up(
            at=clock(), is_stopping=is_stopping
        ),
    }
    _run_steps(steps, clock=clock, is_stopping=is_stopping)


def _run_steps(
    steps: Mapping[str, Callable[[], object]],
    *,
    clock: Clock,
    is_stopping: IsStopping,
) -> None:
    for job, step in steps.items():
        if not is_stopping():
            job_queue.run_step(step, job=job, at=clock())


def derive(*, clock: Clock) -> None:
    job_queue.run_step(schedule.derive, job=schedule.DERIVE, at=clock())


def send(*, clock: Clock) -> None:
    """Send what is due on channels that members are answered on immediately."""
    job_queue.run_step(
        lambda: channel_sending.send_now(at=clock()), job=channel_jobs.SEND, at=clock()
    )


def act(*, clock: Clock) -> None:
    """Delete, mute and remove what rules and staff have decided to."""
    done: list[int] = []
    run_due = group_jobs.JOBS[group_jobs.ACT].run
    job_queue.run_step(
        lambda: done.append(run_due(at=clock())), job=group_jobs.ACT, at=clock()
    )
    if any(done):
        # Members are told what was done.
        wake_ups.wake()


def receive(*, at: datetime) -> None:
    """Handle what an account has just received, and wake whoever goes on with it."""
    channel_events.handle_all(at=at)
    wake_ups.wake()


def run_due_jobs(*, clock: Clock, is_stopping: IsStopping) -> None:
    schedule.run_due_jobs(clock=clock, is_stopping=is_stopping, also=reactions.JOBS)


def run_once(*, clock: Clock, is_stopping: IsStopping) -> None:
    """Run one round of every loop in this thread."""
    derive(clock=clock)
    tidy(clock=clock, is_stopping=is_stopping)
    react(clock=clock, is_stopping=is_stopping)
    act(clock=clock)
    run_due_jobs(clock=clock, is_stopping=is_stopping)


class LoopThread(threading.Thread):
    """Repeats a step until it is stopped; an error is logged and the loop continues.

    A loop that `wakes` begins its next round as soon as there is work for it.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[IsStopping], None],
        at_end: Callable[[], None] | None = None,
        *,
        wakes: bool = False,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.step, self.at_end = step, at_end
        self.stopping = threading.Event()
        self.alarm = Alarm() if wakes else None

    def _wait(self) -> bool:
        """Wait for the next round; returns whether there is one."""
        if self.alarm is None:
            return not self.stopping.wait(INTERVAL)
        # What comes within a moment is one round.
        if self.stopping.wait(wake_ups.MIN_INTERVAL):
            return False
        self.alarm.wait(INTERVAL - wake_ups.MIN_INTERVAL)
        return not self.stopping.is_set()

    def run(self) -> None:
        while self._wait():
            try:
                self.step(self.stopping.is_set)
            except Exception:
                log.exception("A loop failed")
            # A loop has no request at whose end Django would do it.
            close_old_connections()
        if self.at_end is not None:
            self.at_end()
        connections.close_all()


def now() -> datetime:
    return datetime.now(UTC)


def start(clock: Clock = now) -> list[LoopThread]:
    # The first array loads Pandas where it is installed. That takes seconds, and no
    # thread should do it while it has the lock of the database.
    pa.array([])
    # What a killed process of this machine has begun goes on now, and not when its
    # leases end.
    job_queue.free_leases_of_dead_processes()
    receiving = Receiving(clock, lambda at: receive(at=at))
    # Deriving has a thread of its own: no reaction and no job may delay it.
    loops = [
        LoopThread("derive", lambda is_stopping: derive(clock=clock)),
        LoopThread(
            "react",
            lambda is_stopping: react(clock=clock, is_stopping=is_stopping),
            wakes=True,
        ),
        LoopThread(
            "tidy", lambda is_stopping: tidy(clock=clock, is_stopping=is_stopping)
        ),
        LoopThread("act", lambda is_stopping: act(clock=clock), wakes=True),
        LoopThread("renew", lambda is_stopping: scheduler.renew(at=clock())),
        LoopThread("receive", receiving.start_missing, at_end=receiving.stop),
        LoopThread("send", lambda is_stopping: send(clock=clock), wakes=True),
    ]
    loops += [
        LoopThread(
            f"jobs-{number}",
            lambda is_stopping: run_due_jobs(clock=clock, is_stopping=is_stopping),
        )
        for number in range(JOB_THREADS)
    ]
    for loop in loops:
        loop.start()
    return loops


def stop(loops: list[LoopThread]) -> None:
    for loop in loops:
        loop.stopping.set()
    wake_ups.wake()
    deadline = time.monotonic() + STOP_TIMEOUT
    for loop in loops:
        loop.join(max(0, deadline - time.monotonic()))
    scheduler.release()
