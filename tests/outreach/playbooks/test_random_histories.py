"""Random histories of members in a playbook, in the database, against a small oracle.

Members pay, get their money back, get and lose a tag, are merged and unmerged while their
runs are under way (journeys, rows 1, 4, 6, 25).
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qunce.channels.channel_contract import Capabilities
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.members.tags import assignments, library
from qunce.outreach.playbooks import advancing
from qunce.outreach.playbooks.models import Run
from qunce.outreach.playbooks.reentry import Mode
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import MINUTE, Worker, send, wait
from tests.shares import IS_EXACT

MEMBERS = ("ann", "bob", "cat")
PAIR = ("ann", "bob")
"""Those who are merged and unmerged."""
WAIT, GRACE, PUNCTUAL, COOLDOWN_DAYS = 300, 30, 10, 1
"""Minutes; a run that is let in later than PUNCTUAL counts from then."""
NUMBER = itertools.count()
Event = tuple[str, str, int]
"""What happens, to whom, and how many minutes after the event before."""
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("pay", "pay", "refund", "tag", "untag", "merge", "look")),
        st.sampled_from(MEMBERS),
        st.sampled_from((1, 7, 29, 30, 31, 150, 299, 300, 301, 1_500)),
    ),
    max_size=12,
)


LET_IN_TOGETHER: list[Event] = [
    ("pay", "ann", 1),
    ("pay", "ann", 1),
    ("tag", "ann", 1),
]


@dataclass
class OracleRun:
    member: str
    start: int
    due: int
    ending: str = ""
    ended: int = 0
    is_greeted: bool = False


@dataclass
class Oracle:
    """Keeps runs in a list, and knows nothing of the code under test."""

    mode: str
    has_condition: bool
    tagged: set[str] = field(default_factory=set)
    is_merged: bool = False
    waiting: list[tuple[str, int]] = field(default_factory=list)
    refunds: list[tuple[str, int]] = field(default_factory=list)
    runs: list[OracleRun] = field(default_factory=list)

    def same(self, member: str) -> set[str]:
        return set(PAIR) if self.is_merged and member in PAIR else {member}

    def live(self, member: str) -> list[OracleRun]:
        own = [run for run in self.runs if run.member in self.same(member)]
        return [run for run in own if not run.ending]

    def refund(self, member: str, now: int) -> None:
        self.refunds.append((member, now))
        for run in self.live(member):
            if now > run.start:
                run.ending, run.ended = "exit", now

    def merge(self, now: int) -> None:
        self.is_merged = True
        if self.mode != Mode.PER_KEY:
            for run in sorted(self.live(PAIR[0]), key=lambda run: run.start)[1:]:
                run.ending, run.ended = "merged", now

    def look(self, now: int) -> None:
        """Let in who waits, and end the runs whose time has come."""
        for entry in list(self.waiting):
            member, since = entry
            allowed = not self.has_condition or self.tagged & self.same(member)
            if not allowed and now < since + GRACE:
                continue
            self.waiting.remove(entry)
            if allowed and self.may_enter(member, now=since):
                for run in self.live(member) if self.mode == Mode.RESTART else []:
                    run.ending, run.ended = "restarted", now
                begin = since if now - since <= PUNCTUAL else now
                self.runs.append(OracleRun(member, since, begin + WAIT))
        for run in self.runs:
            if run.ending:
                continue
            if not run.is_greeted and self.is_refunded_since(run):
                run.ending, run.ended = "exit", now
                continue
            run.is_greeted = True
            if run.due <= now:
                run.ending, run.ended = "done", now

    def is_refunded_since(self, run: OracleRun) -> bool:
        own = self.same(run.member)
        return any(who in own and when > run.start for who, when in self.refunds)

    def may_enter(self, member: str, now: int) -> bool:
        own = [run for run in self.runs if run.member in self.same(member)]
        if self.mode in (Mode.PER_KEY, Mode.RESTART):
            return True
        if self.live(member) or (self.mode == Mode.NEVER and own):
            return False
        last = max((run.ended for run in own), default=None)
        is_cooling = last is not None and now < last + COOLDOWN_DAYS * 1440
        return not (self.mode == Mode.COOLDOWN and is_cooling)


@dataclass
class World:
    """The same in the database. Orders that were not refunded are kept by member."""

    worker: Worker
    unrefunded: dict[str, list[str]] = field(default_factory=dict)
    orders: int = 0

    def pay(self, member: str, at: datetime) -> None:
        self.orders += 1
        key = f"o{self.orders}"
        self.worker.order(member, at, key=key)
        self.unrefunded.setdefault(member, []).append(key)

    def set_tag(self, member: str, at: datetime, *, present: bool) -> None:
        shop, by = self.worker.shop, self.worker.by
        ids = factories.account_ids(shop, (member,))
        tag = library.get(shop, "vip")
        verb = assignments.apply if present else assignments.remove
        verb(tag=tag, accounts=ids, by=by, at=at)


def play(worker: Worker, oracle: Oracle, events: list[Event]) -> int:
    """Let all of it happen to both; returns the minute at which it is over."""
    shop, world, now = worker.shop, World(worker), 0
    for what, member, minutes in [*events, ("look", "", 2 * WAIT)]:
        now += minutes
        at = AT + now * MINUTE
        if what == "pay":
            world.pay(member, at)
            oracle.waiting.append((member, now))
        elif what == "refund" and world.unrefunded.get(member):
            factories.refund(shop, world.unrefunded[member].pop(), at=at)
            oracle.refund(member, now)
        elif what in ("tag", "untag"):
            world.set_tag(member, at, present=what == "tag")
            change = oracle.tagged.add if what == "tag" else oracle.tagged.discard
            change(member)
        elif what == "merge" and oracle.is_merged:
            factories.unmerge(shop, *PAIR, at=at)
            oracle.is_merged = False
        elif what == "merge":
            factories.merge(shop, *PAIR, at=at)
            oracle.merge(now)
        worker.tick(at)
        oracle.look(now)
        channel_sending.send_due(at=at)
    return now


@settings(
    max_examples=settings().max_examples // 2 if IS_EXACT else 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mode=st.sampled_from(list(Mode)), has_condition=st.booleans(), events=EVENTS)
@example(mode=Mode.RESTART, has_condition=True, events=LET_IN_TOGETHER)
def test_runs_are_those_of_the_oracle(
    worker: Worker,
    fake: FakeChannel,
    mode: str,
    has_condition: bool,
    events: list[Event],
) -> None:
    number = next(NUMBER)
    shop = factories.community(f"history{number}")
    worker = Worker(shop, factories.staff(shop, "manager", f"by{number}"))
    worker.members(*MEMBERS)
    factories.tag(shop, "vip")
    fake.delivered.clear()
    condition = {"rule": {"tag": {"any": ["vip"]}}, "checked": "entry"}
    entry = {"on": "fact", "fact": "order.paid"}
    worker.playbook(
        send("a"),
        wait("w", WAIT),
        send("b"),
        at=AT,
        again={"mode": mode, **({"days": COOLDOWN_DAYS} if mode == "cooldown" else {})},
        entry=entry | ({"key": "order"} if mode == Mode.PER_KEY else {}),
        exit=[{"fact": "order.refunded"}],
        conditions=[condition] if has_condition else [],
        grace_minutes=GRACE,
    )
    oracle = Oracle(mode, has_condition)
    play(worker, oracle, events)
    members = dict(zip(factories.account_ids(shop, MEMBERS), MEMBERS, strict=True))
    rows = Run.objects.filter(playbook__community=shop)
    really = sorted(
        (members[run.target_id], (run.triggered_at - AT) // MINUTE, run.ending)
        for run in rows
    )
    assert really == sorted((run.member, run.start, run.ending) for run in oracle.runs)
    # Each run says hello, and only those that came to their end say good-bye.
    texts = Counter(message.text for message in fake.delivered)
    greeted = sum(run.is_greeted for run in oracle.runs)
    ended = sum(run.ending == "done" for run in oracle.runs)
    assert texts == Counter({"Step a": greeted, "Step b": ended})


OPERATIONS = (
    *("refund", "read", "advance", "send"),
    *("die before the call", "die after the call", "later"),
)


@settings(
    max_examples=settings().max_examples // 2 if IS_EXACT else 7,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    operations=st.lists(st.sampled_from(OPERATIONS), max_size=12),
    idempotent=st.booleans(),
)
# The run has no further step when the exit comes, but its messages are not sent yet.
@example(operations=["advance", "later", "advance", "refund"], idempotent=False)
def test_nothing_is_sent_once_the_exit_is_known(
    worker: Worker, fake: FakeChannel, operations: list[str], idempotent: bool
) -> None:
    """In whatever order the exit, the reactions, the steps, the sender and its death come."""
    number = next(NUMBER)
    shop = factories.community(f"order{number}")
    worker = Worker(shop, factories.staff(shop, "manager", f"by{number}"))
    worker.members("bob")
    fake.capabilities = Capabilities(to_member=True, idempotent_sends=idempotent)
    fake.delivered.clear()
    worker.playbook(
        send("a"), wait("w", 1), send("b"), at=AT, exit=[{"fact": "order.refunded"}]
    )
    worker.order("bob", AT, key="o1")
    worker.tick(AT)
    known: list[str] | None = None
    refunded_at: int | None = None
    now = 0
    for what in [*operations, *("read", "advance", "send", "later") * 3]:
        now += {"later": 6, "refund": 1}.get(what, 0)
        at = AT + now * MINUTE
        if what == "refund" and refunded_at is None:
            refunded_at = now
            factories.refund(shop, "o1", at=at)
        elif what == "advance":
            advancing.advance_all(at=at)
        elif what == "read":
            worker.react(at)
            if refunded_at is not None and known is None:
                known = texts_of(fake)
        else:
            work_as_a_sender(what, shop, fake, at)
    sent = texts_of(fake)
    assert len(set(sent)) == len(sent)
    if refunded_at is not None:
        assert sent == known
    elif idempotent:
        assert sorted(sent) == ["Step a", "Step b"]
    rows = Message.objects.filter(community=shop)
    assert not rows.filter(state="planned").exists()
    delivered = rows.filter(state="delivered").values_list("text", flat=True)
    assert set(delivered) <= set(sent)


def work_as_a_sender(
    what: str, shop: Community, fake: FakeChannel, at: datetime
) -> None:
    """Send, or die with what was claimed."""
    if what == "send":
        channel_sending.send_due(at=at)
    elif what.startswith("die"):
        claimed = ChannelQueue(shop, fake).claim(limit=9, at=at)
        if what == "die after the call":
            fake.send(claimed, at=at)


def texts_of(fake: FakeChannel) -> list[str]:
    return [message.text for message in fake.delivered]
