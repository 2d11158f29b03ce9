"""Questions of playbooks: many runs due at one minute, and a run that a fact starts."""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

from bench import measure, send_rivals, sends, sessions, sizes, write_questions
from bench.measure import SECONDS, Row
from bench.operations import GeneratedFact
from bench.sends import AT
from bench.sessions import Session
from qunce import reactions
from qunce.core.facts import facts
from qunce.outreach.playbooks import advancing, lifecycle, playbooks
from qunce.outreach.playbooks.models import Playbook, Run, RunState
from qunce.outreach.playbooks.playbooks import find_version
from qunce.outreach.sending.ledger import Message, Origin

DUE = 100_000
ENTRY_KIND = "bench.entered"
STARTS = 12


def create_playbook(session: Session, channel: str) -> Playbook:
    """Wait a day after a fact, then send a service message."""
    entry = {"on": "fact", "fact": ENTRY_KIND}
    steps: list[dict[str, Any]] = [
        {"id": "wait", "kind": "wait", "delay": {"minutes": 1_440}},
        {
            "id": "send",
            "kind": "send",
            "text": "Hello",
            "channel": channel,
            "purpose": "service",
        },
    ]
    playbook = playbooks.create(
        community=session.community,
        name=f"Benchmark {Playbook.objects.count()}",
        definition={"entry": entry, "steps": steps},
        by=session.by,
        at=AT,
    )
    choice = lifecycle.Choice()
    lifecycle.switch_on(playbook=playbook, choice=choice, by=session.by, at=AT)
    return playbook


def runs(session: Session) -> None:
    channel = sends.register_channel(session)
    facts.ensure_kinds([ENTRY_KIND])
    playbook = create_playbook(session, channel.name)
    people = np.flatnonzero(session.world.present)[:DUE] + 1
    add_due_runs(playbook, people.tolist())
    # As the worker does when it starts.
    gc.collect()
    gc.freeze()
    start = time.perf_counter()
    with measure.profiled(session.profile("runs")):
        while advancing.advance_all(at=AT):
            pass
    seconds = time.perf_counter() - start
    gc.unfreeze()
    asked = Message.objects.filter(origin=Origin.PLAYBOOK, community=session.community)
    sessions.check_equal("messages of runs", asked=asked.count(), due=len(people))
    with_due, without = send_rivals.scan_journeys(session, len(people))
    session.record(
        Row(
            "runs-due",
            "runs of a playbook due at one minute, each asking for a message",
            SECONDS,
            seconds,
            1,
            goal=10.0,
            others={"scan": with_due / 1000},
            note=f"{len(people):,} runs; the rival's scan without any due {without:.0f} ms",
        )
    )
    nothing = measure.repeat(lambda: advancing.advance_all(at=AT), 20)
    session.record(
        measure.row(
            "runs-none-due",
            "… and a minute in which no run is due",
            nothing,
            rivals={"scan": without},
        )
    )
    asked.delete()
    react_to_everything()
    run_started(session)
    Run.objects.filter(playbook__community=session.community).delete()
    for each in Playbook.objects.filter(community=session.community, state="running"):
        lifecycle.stop(playbook=each, by=session.by, at=AT)


def react_to_everything() -> None:
    """Catch up with the facts of earlier questions, as a serving process has."""
    for consumer in reactions.CONSUMERS:
        while consumer.catch_up(at=AT):
            pass


def add_due_runs(playbook: Playbook, people: list[int]) -> None:
    version = find_version(playbook)
    assert version is not None
    common = {
        "playbook": playbook,
        "version": version,
        "run_key": "bench",
        "state": RunState.WAITING,
        "step": "send",
        "triggered_at": AT,
        "started_at": AT,
        "since": AT,
        "due_at": AT,
    }
    Run.objects.bulk_create(
        [Run(target_id=person, **common) for person in people], batch_size=5_000
    )


def run_started(session: Session) -> None:
    """Record facts here; the loops of a serving process start the runs."""
    each = []
    Run.objects.filter(playbook__community=session.community).delete()
    with sessions.start_child("serve") as other:
        other.ask(ask="count", rule={"all": []})
        for account in write_questions.choose_accounts(session, STARTS):
            start = time.perf_counter()
            fact = GeneratedFact(ENTRY_KIND, account)
            # After the playbook was switched on, as earlier facts start nothing.
            facts.record(fact, community=session.community, by=session.by, at=sizes.AT)
            wait_for_run(account)
            each.append((time.perf_counter() - start) * 1000)
            time.sleep(0.1)
    question = "fact → its run started by a serving process"
    session.record(
        measure.row("run-started", question, measure.Times(each), goal=2000.0)
    )


def wait_for_run(account: int) -> None:
    deadline = time.monotonic() + write_questions.MAX_WAIT_SECONDS
    rows = Run.objects.filter(target_id=account).exclude(state=RunState.PENDING)
    while not rows.exists():
        if time.monotonic() > deadline:
            raise sessions.WrongAnswer("a fact started no run")
        time.sleep(0.01)
