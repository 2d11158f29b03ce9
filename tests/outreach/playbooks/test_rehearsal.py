"""Rehearsals play real facts through the live decider: simulate = replay, difference 0."""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce.core import errors
from qunce.groups import groups
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.outreach import review_digests
from qunce.outreach.playbooks import advancing, lifecycle, rehearsal
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.models import Run, RunStep
from qunce.outreach.playbooks.reentry import Mode
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import DAY, HOUR, Worker, send, wait

MONTH = 30 * DAY
IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
"""In `make exact`, every mode has a longer month of more members."""
MEMBERS, ORDERS = (12, 60) if IS_LONG else (4, 12)
AD: dict[str, Any] = {"purpose": "marketing"}
STEPS: list[dict[str, Any]] = [
    send("hello", **AD, over_limit="hold", hold_hours=48),
    {"id": "t", "kind": "tag", "tag": "new"},
    {"id": "w1", "kind": "wait", "delay": {"days": 2, "time": "09:30"}},
    send("tips", **AD, over_limit="skip"),
    {
        "id": "u",
        "kind": "wait_until",
        "until": {"fact": "order.paid"},
        "timeout": {"minutes": 3 * 1440},
        "then": [send("thanks")],
        "otherwise": [send("remind", **AD, over_limit="end"), wait("w2", 90)],
    },
    {"id": "w3", "kind": "wait", "delay": {"weekday": 1, "time": "20:00"}},
    send("bye"),
]


@pytest.mark.parametrize("mode", list(Mode) if IS_LONG else [Mode.RESTART])
def test_the_rehearsal_of_a_month_is_what_the_month_does(
    worker: Worker, mode: str
) -> None:
    again = {"mode": mode, **({"days": 2} if mode == "cooldown" else {})}
    entry = {"on": "fact", "fact": "order.paid"}
    if mode == "per_key":
        entry["key"] = "order"
    factories.tag(worker.shop, "new")
    playbook = worker.playbook(
        *STEPS, entry=entry, again=again, exit=[{"fact": "order.refunded"}]
    )
    dice = random.Random(str(mode))  # noqa: S311 - the same month each time
    keys = [f"m{n}" for n in range(MEMBERS)]
    worker.members(*keys)
    events: list[tuple[datetime, str, str]] = []
    for number in range(ORDERS):
        at = AT + timedelta(minutes=dice.randrange(1, 25 * 1440))
        events.append((at, "pay", f"o{number} {dice.choice(keys)}"))
        if dice.random() < 0.3:
            later = at + timedelta(minutes=dice.randrange(1, 5 * 1440))
            events.append((later, "refund", f"o{number}"))
    replay(worker, sorted(events), AT + MONTH)
    account_of = {account_queries.get(worker.shop, key).pk: key for key in keys}
    really = sorted(
        (account_of[target], step, at.replace(second=0, microsecond=0), reason)
        for target, step, at, reason in RunStep.objects.values_list(
            "run__target_id", "step", "at", "reason"
        )
    )
    assert len(really) > 20
    # The ledger of the month is emptied, as its messages would be sent a second time.
    runs = Run.objects.count()
    ended = Run.objects.exclude(ending="").count()
    Message.objects.all().delete()
    deriver.catch_up()
    rehearsed = rehearsal.rehearse(
        playbook=playbook,
        since=AT,
        until=AT + MONTH,
        by=worker.by,
        at=AT + MONTH,
    )
    result = sorted(
        (
            account_of[done.person],
            done.step,
            done.at.replace(second=0, microsecond=0),
            done.reason,
        )
        for done in rehearsed.done
    )
    assert result == really
    assert (rehearsed.runs, sum(rehearsed.ended.values())) == (runs, ended)


def replay(
    worker: Worker, events: list[tuple[datetime, str, str]], until: datetime
) -> None:
    """Let everything happen at its time, and the worker look at once."""
    waiting = list(events)
    while True:
        due = Run.objects.exclude(due_at=None).order_by("due_at").first()
        moments = [waiting[0][0]] if waiting else []
        moments += [due.due_at] if due and due.due_at else []
        at = min(moments, default=until)
        if at >= until:
            return
        while waiting and waiting[0][0] <= at:
            _at, what, text = waiting.pop(0)
            if what == "pay":
                order, member = text.split()
                factories.order(worker.shop, member, key=order, paid_at=at)
            else:
                factories.refund(worker.shop, text, at=at)
        worker.react(at)
        advancing.advance_all(at=at)
        channel_sending.send_due(at=at)


@pytest.mark.both_databases
def test_a_rehearsal_counts_messages_people_and_what_the_budget_stops(
    worker: Worker,
) -> None:
    worker.members("bob", "cat", "dan")
    factories.member(worker.shop, "far")
    for key in ("bob", "cat", "far"):
        worker.order(key, AT + HOUR, key=f"of {key}")
    deriver.catch_up()
    ad = {**AD, "over_limit": "skip"}
    playbook = worker.playbook(
        send("a", **ad), send("b", **ad), send("c", **ad), on=False
    )
    found = rehearsal.rehearse(
        playbook=playbook, since=AT, until=AT + DAY, by=worker.by, at=AT + DAY
    )
    assert (found.runs, found.people, found.messages, found.recipients) == (3, 3, 4, 2)
    assert found.over_budget == 2
    by_step = {step.step: (step.done, step.skipped) for step in found.steps}
    assert by_step["a"] == (2, {"no_address": 1})
    assert by_step["c"] == (0, {"no_address": 1, "over_contact_limit": 2})
    # Nothing has really happened.
    assert not Run.objects.exists() and worker.texts("bob") == []
    for since, until in ((AT, AT), (AT, AT + 2 * DAY), (AT - 400 * DAY, AT)):
        with pytest.raises(errors.Invalid, match="is past"):
            rehearsal.rehearse(
                playbook=playbook, since=since, until=until, by=worker.by, at=AT + DAY
            )


@pytest.mark.parametrize("existing", ["nobody", "now", "as_if"])
def test_the_preview_of_the_start_shows_what_goes_out_today(
    worker: Worker, existing: str
) -> None:
    worker.members("bob", "cat", "dan")
    for days, key in enumerate(("bob", "cat", "dan")):
        worker.order(key, AT - days * DAY - HOUR, key=key)
    worker.tick(AT)
    steps = (send("a"), wait("w", 1440), send("b"), wait("v", 1440), send("c"))
    playbook = worker.playbook(*steps, on=False)
    choice = Choice(existing, 30)
    preview = rehearsal.preview_start(
        playbook=playbook, choice=choice, by=worker.by, at=AT
    )
    lifecycle.switch_on(playbook=playbook, choice=choice, by=worker.by, at=AT)
    worker.run_until(AT + DAY, every=HOUR)
    sent = sum(len(worker.texts(key)) for key in ("bob", "cat", "dan"))
    assert preview.messages == sent == {"nobody": 0, "now": 6, "as_if": 2}[existing]
    assert preview.runs == Run.objects.count()


def test_a_start_is_refused_once_it_is_another_one_than_the_preview(
    worker: Worker,
) -> None:
    worker.members("bob", "cat")
    regulars = factories.segment(worker.shop, "regulars", {"all": []})
    named = {"segment": {"any": ["regulars"]}}
    playbook = worker.playbook(
        send("a"),
        conditions=[{"rule": named, "checked": "entry"}],
        on=False,
    )
    choice = Choice("now", 30)

    def preview() -> str:
        found = rehearsal.preview_start(
            playbook=playbook, choice=choice, by=worker.by, at=AT + HOUR
        )
        return found.digest

    def start(digest: str) -> int:
        return lifecycle.switch_on(
            playbook=playbook, choice=choice, by=worker.by, at=AT + HOUR, digest=digest
        )

    first = preview()
    assert preview() == first
    # One more begins.
    worker.order("bob", AT)
    deriver.catch_up()
    with pytest.raises(review_digests.ChangedSinceReview):
        start(first)
    second = preview()
    # The rule of a segment that it names is another one.
    segments.update(segment=regulars, rule={"any": [{"all": []}]}, by=worker.by, at=AT)
    third = preview()
    assert len({first, second, third}) == 3
    with pytest.raises(review_digests.ChangedSinceReview):
        start(second)
    assert start(third) == 1


def played(worker: Worker, begin: int, end: int, **fields: Any) -> dict[str, int]:
    """Target → the day on which a rehearsed playbook does its step, counted from AT."""
    playbook = worker.playbook(send("a"), on=False, name=repr(fields), **fields)
    found = rehearsal.rehearse(
        playbook=playbook,
        since=AT + begin * DAY,
        until=AT + end * DAY,
        by=worker.by,
        at=AT + 40 * DAY,
    )
    return {str(done.person): (done.at - AT).days for done in found.done}


def test_entries_by_segment_layer_and_size_are_found_in_the_past(
    worker: Worker,
) -> None:
    bob, cat, dan = worker.members("bob", "cat", "dan")
    for day in (3, 4, 20):
        worker.order("bob", AT + day * DAY, key=f"b{day}")
    worker.order("cat", AT + 1 * DAY, key="c")
    worker.order("cat", AT + 5 * DAY, key="c2")
    deriver.catch_up()
    # Two orders within a week: Bob from day 4 on, Cat from day 5 on.
    did = {"did": {"kind": "order.paid", "times": {"gte": 2}, "within": "7d"}}
    factories.segment(worker.shop, "twice", did)
    entry = {"on": "segment", "segment": "twice"}
    assert played(worker, 2, 10, entry=entry) == {str(bob): 4, str(cat): 5}
    # Who was in it at the beginning does not come in.
    assert played(worker, 5, 12, entry=entry, again={"mode": "restart"}) == {
        str(cat): 5
    }
    # The past of a tag is not kept, and a rehearsal says so.
    factories.tag(worker.shop, "vip")
    tagged = {"all": [did, {"tag": {"any": ["vip"]}}]}
    factories.segment(worker.shop, "tagged", tagged, name="Tagged")
    with pytest.raises(
        errors.Invalid, match=r"“Tagged” cannot .* for tag on an earlier"
    ):
        played(worker, 2, 10, entry={"on": "segment", "segment": "tagged"})
    # A layer changes by facts, and groups grow by facts.
    group = factories.group(worker.shop, "north")
    for day, account in ((2, bob), (3, cat), (6, dan)):
        groups.add_members(
            group=group, accounts=[account], by=worker.by, at=AT + day * DAY
        )
    groups.remove_members(group=group, accounts=[bob], by=worker.by, at=AT + 4 * DAY)
    deriver.catch_up()
    size: dict[str, Any] = {"for": "group", "entry": {"on": "size", "members": 2}}
    assert played(worker, 1, 5, **size) == {str(group.pk): 3}
    assert played(worker, 5, 8, **size) == {str(group.pk): 6}
    assert played(worker, 7, 9, **size) == {}


def test_a_layer_entry_is_rehearsed_on_its_facts(worker: Worker) -> None:
    worker.members("bob", "cat")
    bought = {"did": {"kind": "order.paid", "times": {"gte": 1}, "within": "90d"}}
    buyers = {"key": "buyer", "name": "Buyers", "rule": bought}
    spec = {"by": "rules", "layers": [buyers, {"key": "rest"}]}
    layering = layers.create(
        community=worker.shop, key="value", spec=spec, by=worker.by, at=AT
    )
    layers.recompute(layering=layering, by=worker.by, at=AT)
    worker.order("bob", AT + HOUR)
    deriver.catch_up()
    layers.recompute(layering=layering, by=worker.by, at=AT + DAY)
    deriver.catch_up()
    entry = {"on": "layer", "layering": "value", "layer": "buyer"}
    bob = account_queries.get(worker.shop, "bob").pk
    assert list(played(worker, 0, 10, entry=entry)) == [str(bob)]
