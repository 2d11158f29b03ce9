"""Runs in the database: their steps, exits, merges and erasure."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.channels.channel_contract import Capabilities, failed
from qunce.channels.testing import FakeChannel
from qunce.core.facts import committed_facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import notes, people
from qunce.members.people.notes import Note
from qunce.members.tags import library
from qunce.outreach.campaigns import campaigns
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.playbooks import (
    advancing,
    rehearsal,
    results,
    run_entries,
    run_reactions,
)
from qunce.outreach.playbooks.models import Run, RunStep
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.outreach.sending.ledger import Message
from qunce.outreach.tasks.staff_tasks import TaskTarget
from tests import factories, threads
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, MINUTE, Worker, send, wait

EXIT = [{"fact": "order.refunded"}]


@pytest.mark.both_databases
def test_a_fact_starts_a_run_whose_messages_arrive(
    worker: Worker, fake: FakeChannel
) -> None:
    worker.members("bob", "cat")
    worker.playbook(send("a"), wait("w", 60), send("b"))
    worker.order("bob", AT + MINUTE)
    worker.tick(AT + MINUTE)
    assert worker.steps("bob") == ["a"] and worker.runs("cat") == []
    worker.tick(AT + HOUR)
    assert worker.runs("bob") == ["waiting"]
    worker.tick(AT + HOUR + MINUTE)
    assert worker.steps("bob") == ["a", "b"]
    assert worker.runs("bob") == ["done"]
    channel_sending.send_due(at=AT + 2 * HOUR)
    assert [message.text for message in fake.delivered] == ["Step a", "Step b"]
    started = factories.recorded_facts(worker.shop, "run.started")
    assert started[0][1] == {"playbook": "First days", "number": 1}
    ended = factories.recorded_facts(worker.shop, "run.ended")
    assert ended[0][1] == {"playbook": "First days", "reason": "done"}


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_fact_delivered_many_times_makes_one_run(worker: Worker) -> None:
    worker.members("bob")
    playbook = worker.playbook(wait("w", 60), again={"mode": "restart"})
    worker.order("bob", AT + MINUTE)
    facts = committed_facts.list_after(
        after=0, kinds=["order.paid"], community_id=worker.shop.pk
    )

    def deliver() -> None:
        for _delivery in range(5):
            run_reactions.react(community=worker.shop, facts=facts, at=AT + MINUTE)
            run_entries.let_in(playbook, AT + MINUTE)

    threads.run(*[deliver] * 4)
    assert worker.runs("bob") == ["waiting"]
    assert len(factories.recorded_facts(worker.shop, "run.started")) == 1


@pytest.mark.both_databases
def test_an_exit_ends_the_run_and_cancels_what_is_planned(worker: Worker) -> None:
    worker.members("bob")
    worker.playbook(send("a"), wait("w", 60), send("b"), exit=EXIT)
    worker.order("bob", AT)
    worker.tick(AT + MINUTE)
    assert worker.texts("bob") == ["Step a"]
    factories.refund(worker.shop, "o1", at=AT + 2 * MINUTE)
    worker.react(AT + 2 * MINUTE)
    # On PostgreSQL this worker sees the order again; the real consumer does not.
    assert worker.runs("bob")[0] == "exit"
    assert worker.texts("bob") == []
    worker.tick(AT + 2 * HOUR)
    assert worker.steps("bob") == ["a: cancelled"]


@pytest.mark.both_databases
def test_a_due_step_does_not_overtake_an_exit_that_is_not_read_yet(
    worker: Worker,
) -> None:
    worker.members("bob")
    worker.playbook(wait("w", 60), send("b"), exit=EXIT)
    worker.order("bob", AT)
    worker.tick(AT)
    factories.refund(worker.shop, "o1", at=AT + HOUR)
    # The consumer has not got to the refund, but the step is due.
    advancing.advance_all(at=AT + HOUR)
    assert worker.runs("bob") == ["exit"] and worker.texts("bob") == []


@pytest.mark.both_databases
@pytest.mark.parametrize("idempotent", [True, False])
def test_a_message_whose_sender_died_is_not_sent_after_the_exit(
    worker: Worker, fake: FakeChannel, idempotent: bool
) -> None:
    if not idempotent:
        fake.capabilities = Capabilities(to_member=True)
    worker.members("bob")
    worker.playbook(send("a"), wait("w", 600), exit=EXIT)
    worker.order("bob", AT)
    worker.tick(AT)
    # The process ends here: it has the message, and nobody knows whether it sent it.
    assert len(ChannelQueue(worker.shop, fake).claim(limit=9, at=AT)) == 1
    factories.refund(worker.shop, "o1", at=AT + MINUTE)
    worker.react(AT + MINUTE)
    for minutes in (5, 6, 60):
        channel_sending.send_due(at=AT + minutes * MINUTE)
    assert fake.delivered == []
    assert Message.objects.get().state == "unknown"


@pytest.mark.both_databases
def test_a_message_that_failed_is_not_tried_again_after_the_exit(
    worker: Worker, fake: FakeChannel
) -> None:
    worker.members("bob")
    worker.playbook(send("a"), wait("w", 600), exit=EXIT)
    worker.order("bob", AT)
    worker.tick(AT)
    queue = ChannelQueue(worker.shop, fake)
    (message,) = queue.claim(limit=9, at=AT)
    factories.refund(worker.shop, "o1", at=AT + MINUTE)
    worker.react(AT + MINUTE)
    busy = failed("busy", retry_after=10 * MINUTE)
    queue.record_outcomes([(message, busy)], at=AT + MINUTE)
    channel_sending.send_due(at=AT + HOUR)
    assert fake.delivered == []
    assert Message.objects.get().state == "skipped"


def test_merged_members_have_one_run_and_it_is_the_older(worker: Worker) -> None:
    worker.members("bob", "bea")
    worker.playbook(wait("w", 600), send("a"))
    worker.order("bea", AT)
    worker.tick(AT)
    worker.order("bob", AT + MINUTE)
    worker.tick(AT + MINUTE)
    factories.merge(worker.shop, "bob", "bea", at=AT + 2 * MINUTE)
    worker.tick(AT + 2 * MINUTE)
    assert (worker.runs("bob"), worker.runs("bea")) == (["merged"], ["waiting"])
    factories.unmerge(worker.shop, "bob", "bea", at=AT + 3 * MINUTE)
    worker.tick(AT + 11 * HOUR)
    assert worker.steps("bea") == ["a"] and worker.steps("bob") == []


def test_erasing_deletes_the_runs(worker: Worker) -> None:
    (bob,) = worker.members("bob")
    worker.playbook(send("a"), wait("w", 600))
    worker.order("bob", AT)
    worker.tick(AT)
    account = account_queries.get(worker.shop, "bob")
    owner = factories.staff(worker.shop, login="olga")
    people.erase(account=account, by=owner, at=AT + MINUTE)
    erased = committed_facts.list_after(
        after=0, kinds=["member.erased"], community_id=worker.shop.pk
    )
    run_reactions.delete_erased(community=worker.shop, facts=erased, at=AT + MINUTE)
    assert not Run.objects.filter(target_id=bob).exists()
    assert not RunStep.objects.exists()


@pytest.mark.parametrize(
    ("choice", "steps", "runs"),
    [
        ("skip", ["a", "b", "c: over_contact_limit", "d"], ["done"]),
        ("end", ["a", "b", "c: over_contact_limit"], ["over_limit"]),
    ],
)
def test_the_contact_limit_skips_a_step_or_ends_the_run(
    worker: Worker, choice: str, steps: list[str], runs: list[str]
) -> None:
    # By default, members get two marketing messages a week.
    worker.members("bob")
    ad = {"purpose": "marketing", "over_limit": choice}
    worker.playbook(send("a", **ad), send("b", **ad), send("c", **ad), send("d"))
    worker.order("bob", AT)
    worker.tick(AT)
    assert (worker.steps("bob"), worker.runs("bob")) == (steps, runs)


def test_a_step_leaves_the_place_that_a_campaign_keeps(
    worker: Worker, client: Client
) -> None:
    worker.members("bob")
    boss = factories.staff(worker.shop, login="boss")
    sale: dict[str, Any] = {"priority": 10, "keeps_place": True, "channel": "fake"}
    row = factories.campaign(boss, name="Sale", text="Sale", staff=[], **sale)
    campaigns.schedule(campaign=row, send_at=AT + DAY, by=boss, at=AT)
    ad = {"purpose": "marketing", "over_limit": "end"}
    worker.playbook(send("a", **ad), send("b", **ad), send("c"))
    worker.order("bob", AT)
    worker.tick(AT)
    assert worker.steps("bob") == ["a", "b: kept_place"]
    assert worker.runs("bob") == ["over_limit"]
    client.force_login(boss)
    page = client.get(reverse("playbooks:run", args=[Run.objects.get().pk]))
    assert "名额留给了“Sale”" in page.content.decode()


def test_a_step_may_wait_for_the_contact_limit(worker: Worker) -> None:
    worker.members("bob")
    ad = {"purpose": "marketing", "over_limit": "hold", "hold_hours": 24 * 8}
    ad["stale_hours"] = 24 * 9
    worker.playbook(send("a", **ad), send("b", **ad), send("c", **ad), send("d"))
    worker.order("bob", AT)
    worker.run_until(AT + 8 * DAY, every=12 * HOUR)
    assert worker.steps("bob") == ["a", "b", "c", "d"]
    times = RunStep.objects.order_by("pk").values_list("at", flat=True)
    assert list(times)[2:] == [AT + 7 * DAY, AT + 7 * DAY]


def test_a_step_whose_tag_is_gone_is_held_and_the_others_go_on(worker: Worker) -> None:
    worker.members("bob", "cat")
    tag = factories.tag(worker.shop, "vip")
    worker.playbook(
        {"id": "t", "kind": "tag", "tag": "vip"}, send("a"), name="With a tag"
    )
    other = worker.playbook(send("b"), name="Without")
    library.archive(tag=tag, by=worker.by, at=AT)
    worker.order("bob", AT)
    worker.tick(AT)
    held = Run.objects.exclude(playbook=other).get()
    assert (held.state, held.held_for, worker.steps("bob")) == ("held", "tag", ["b"])
    (troubled,) = results.list_troubled(by=worker.by)
    assert (troubled.playbook.name, troubled.reason, troubled.runs) == (
        "With a tag",
        "tag",
        1,
    )
    library.restore(tag=tag, by=worker.by, at=AT + MINUTE)
    worker.tick(AT + 15 * MINUTE)
    assert worker.steps("bob") == ["b", "t", "a"]
    assert factories.matching_keys(worker.shop, {"tag": {"any": ["vip"]}}) == ["bob"]


def test_staff_get_follow_ups_and_lists_of_invitations(worker: Worker) -> None:
    worker.members("bob", "cat")
    group = factories.group(worker.shop, "north", "cat")
    ask = {"kind": "staff_task", "text": "Call them", "staff": "ann", "due_hours": 2}
    done = {"fact": "note.completed"}
    until = {"kind": "wait_until", "until": done, "timeout": {"minutes": 600}}
    invite = {"kind": "invite", "group": "north", "text": "Join us", "staff": "ann"}
    worker.playbook({"id": "a", **ask}, {"id": "u", **until}, {"id": "i", **invite})
    for key in ("bob", "cat"):
        worker.order(key, AT, key=key)
    worker.tick(AT)
    follow_ups = Note.objects.order_by("account_id")
    assert [note.next_step for note in follow_ups] == ["Call them"] * 2
    assert follow_ups[0].due_at == AT + 2 * HOUR
    for note in follow_ups:
        notes.complete(note=note, by=worker.by, at=AT + HOUR)
    worker.tick(AT + HOUR)
    # Who is in the group already is passed over.
    assert worker.steps("bob") == ["a", "i"]
    assert worker.steps("cat") == ["a", "i: in_group"]
    target = TaskTarget.objects.get()
    assert target.target_id == account_queries.get(worker.shop, "bob").pk
    assert target.task.request.group == group


def test_members_who_are_held_out_are_invited_by_nobody(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold_outs, "MIN_MEMBERS", 20)
    hold_outs.update(community=worker.shop, per_mille=500, by=worker.by, at=AT)
    keys = [f"m{number:02}" for number in range(20)]
    people = dict(zip(worker.members(*keys), keys, strict=True))
    factories.group(worker.shop, "north")
    invite = {"kind": "invite", "group": "north", "text": "Join us", "staff": "ann"}
    playbook = worker.playbook({"id": "i", **invite})
    for key in keys:
        worker.order(key, AT, key=key)
    worker.tick(AT)
    held_out = set(hold_outs.list_held_out(by=worker.by, at=AT))
    assert 2 < len(held_out) < 18
    invited = set(TaskTarget.objects.values_list("target_id", flat=True))
    assert invited == people.keys() - held_out
    for person, key in people.items():
        expected = "i: held_out" if person in held_out else "i"
        assert worker.steps(key) == [expected]
    rehearsed = rehearsal.rehearse(
        playbook=playbook, since=AT - DAY, until=AT + HOUR, by=worker.by, at=AT + HOUR
    )
    (step,) = rehearsed.steps
    assert (step.done, step.skipped) == (len(invited), {"held_out": len(held_out)})
