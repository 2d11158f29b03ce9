"""Metrics per community day, on fixed examples and against the oracle."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.complaints import complaints, ratings
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight import metric_definitions, metrics
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.sales import orders
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.oracle import metrics as oracle
from tests.oracle.metrics import Event, History

pytestmark = pytest.mark.django_db(transaction=True)

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 12, 12, tzinfo=ZONE)
FIRST, LAST = date(2026, 3, 5), date(2026, 3, 12)
SPAN = [FIRST + timedelta(days=n) for n in range(8)]


@pytest.fixture
def shop() -> Community:
    return factories.community(currency="USD", timezone="America/New_York")


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE)


def pay(
    shop: Community, key: str, account: int | None, amount: int, paid: datetime
) -> None:
    factories.order(shop, account, amount, paid, key=key, at=NOW)


def compute(shop: Community, by: Staff) -> dict[str, list[int]]:
    deriver.catch_up()
    return metrics.compute_for_community(
        community=shop, first=FIRST, last=LAST, by=by, at=NOW
    )


def per_day(**counts: int) -> list[int]:
    """`per_day(d6=2)` is 2 on 6 March and 0 on the other days."""
    return [counts.get(f"d{day.day}", 0) for day in SPAN]


@pytest.mark.both_databases
def test_days_follow_the_community_through_a_clock_change(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", joined_at=local(5, 0), at=NOW).pk
    pay(shop, "late on the 7th", ann, 100, local(7, 23, 59))
    pay(shop, "the short 8th", ann, 20, local(8, 0))
    pay(shop, "its end", ann, 3, local(8, 23, 59))
    pay(shop, "the 9th", ann, 1, local(9, 0))
    numbers = compute(shop, by)
    assert numbers["orders"] == per_day(d7=1, d8=2, d9=1)
    assert numbers["paid"] == per_day(d7=100, d8=23, d9=1)
    assert numbers["buyers"] == per_day(d7=1, d8=1, d9=1)
    assert numbers["new_members"] == per_day(d5=1)


def test_sales_include_corrections_but_not_refunds(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", joined_at=local(5, 0), at=NOW).pk
    pay(shop, "A", ann, 1000, local(6, 9))
    pay(shop, "A", ann, 700, local(6, 9))
    orders.refund(
        community=shop, key="A", amount=500, refunded_at=local(7, 9), by=by, at=NOW
    )
    pay(shop, "zero", ann, 0, local(6, 10))
    numbers = compute(shop, by)
    assert numbers["paid"] == per_day(d6=700)
    assert numbers["orders"] == per_day(d6=2)
    assert numbers["refunded"] == per_day(d7=500)
    assert numbers["net_sales"] == per_day(d6=700, d7=-500)


@pytest.mark.both_databases
def test_person_with_two_accounts_is_one_buyer(shop: Community, by: Staff) -> None:
    phone = {"phone": "+1 212 555 0123"}
    ann = accounts.create(community=shop, key="ann", identifiers=phone, by=by, at=NOW)
    second = accounts.create(
        community=shop, key="ann-2", identifiers=phone, by=by, at=NOW
    )
    pay(shop, "A", ann.pk, 10, local(6, 9))
    pay(shop, "B", second.pk, 20, local(6, 10))
    numbers = compute(shop, by)
    assert (numbers["orders"], numbers["buyers"]) == (per_day(d6=2), per_day(d6=1))
    assert numbers["new_members"] == per_day(d12=1)


def test_sale_without_a_member_counts_no_buyer(shop: Community, by: Staff) -> None:
    pay(shop, "A", None, 10, local(6, 9))
    numbers = compute(shop, by)
    assert (numbers["orders"], numbers["buyers"]) == (per_day(d6=1), per_day())
    assert numbers["paid"] == per_day(d6=10)


def test_scoped_staff_get_numbers_of_the_people_they_see(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", joined_at=local(5, 0), at=NOW).pk
    ben = factories.member(shop, "ben", joined_at=local(6, 0), at=NOW).pk
    pay(shop, "A", ann, 10, local(6, 9))
    pay(shop, "B", ben, 200, local(6, 9))
    pay(shop, "C", None, 3000, local(6, 9))
    narrow = staff_models.create(
        community=shop, login="narrow", scope={"members": {"keys": ["ann"]}}, at=NOW
    )
    numbers = compute(shop, narrow)
    assert numbers["paid"] == per_day(d6=10)
    assert (numbers["orders"], numbers["buyers"]) == (per_day(d6=1), per_day(d6=1))
    assert numbers["new_members"] == per_day(d5=1)


def compute_group(shop: Community, by: Staff, key: str) -> dict[str, list[int]]:
    deriver.catch_up()
    return metrics.compute_for_groups(
        community=shop, groups=[key], first=FIRST, last=LAST, by=by, at=NOW
    )[key]


def test_group_size_follows_joins_and_leaves(shop: Community, by: Staff) -> None:
    ann, ben = factories.members(shop, "ann", "ben", joined_at=local(5, 0), at=NOW)
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    other = groups.create(community=shop, key="other", by=by, at=NOW)
    for account, day in ((ann, 5), (ben, 7)):
        groups.add_members(
            group=circle, accounts=[account], happened_at=local(day, 9), by=by, at=NOW
        )
    groups.add_members(
        group=other, accounts=[ben], happened_at=local(6, 9), by=by, at=NOW
    )
    groups.remove_members(
        group=circle, accounts=[ann], happened_at=local(9, 9), by=by, at=NOW
    )
    numbers = compute_group(shop, by, "circle")
    assert numbers["joins"] == per_day(d5=1, d7=1)
    assert numbers["leaves"] == per_day(d9=1)
    assert numbers["members"] == [1, 1, 2, 2, 1, 1, 1, 1]


@pytest.mark.both_databases
def test_person_with_two_accounts_is_one_group_member(
    shop: Community, by: Staff
) -> None:
    phone = {"phone": "+1 212 555 0123"}
    both = [
        accounts.create(community=shop, key=key, identifiers=phone, by=by, at=NOW).pk
        for key in ("ann", "ann-2")
    ]
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    for day, account in enumerate(both, 6):
        groups.add_members(
            group=circle, accounts=[account], happened_at=local(day, 9), by=by, at=NOW
        )
    assert compute_group(shop, by, "circle")["members"] == [0, 1, 1, 1, 1, 1, 1, 1]
    groups.remove_members(
        group=circle, accounts=both[:1], happened_at=local(9, 9), by=by, at=NOW
    )
    assert compute_group(shop, by, "circle")["members"] == [0, 1, 1, 1, 1, 1, 1, 1]


def report(shop: Community, by: Staff, *incoming: IncomingFact) -> None:
    ingest.record_facts(community=shop, incoming=list(incoming), by=by, at=NOW)


def test_group_counts_what_happened_in_it(shop: Community, by: Staff) -> None:
    """I1"""
    ann, ben = factories.members(shop, "ann", "ben", joined_at=local(5, 0), at=NOW)
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    groups.add_members(
        group=circle, accounts=[ann, ben], happened_at=local(5, 9), by=by, at=NOW
    )
    pay(shop, "A", ann, 10, local(6, 9))
    inside: dict[str, Any] = {"account": ann, "group": circle.key}
    report(
        shop,
        by,
        *(
            IncomingFact(kind="message.posted", happened_at=local(7, hour), **inside)
            for hour in (9, 10)
        ),
        IncomingFact(kind="checkin.done", happened_at=local(8, 9), **inside),
        IncomingFact(kind="message.posted", happened_at=local(8, 9), account=ben),
    )
    groups.remove_members(
        group=circle, accounts=[ann], happened_at=local(9, 9), by=by, at=NOW
    )
    numbers = compute_group(shop, by, "circle")
    assert numbers["active_members"] == per_day(d7=1, d8=1)
    assert (numbers["messages"], numbers["speakers"]) == (per_day(d7=2), per_day(d7=1))
    assert numbers["interactions"] == numbers["interacting_members"] == per_day(d8=1)
    everywhere = compute(shop, by)
    assert everywhere["active_members"] == per_day(d6=1, d7=1, d8=2)
    assert everywhere["messages"] == per_day(d7=2, d8=1)
    assert everywhere["members"] == [2] * 8


WINDOWS = {"active_week": 7, "active_month": 28}


def test_members_active_in_a_window_count_once(shop: Community, by: Staff) -> None:
    """I1"""
    dice = random.Random(3)  # noqa: S311 - no secret
    people = factories.members(shop, *"abcdefgh", at=NOW)
    chosen = [(dice.choice(people), dice.randrange(70)) for _ in range(14)]
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=NOW - timedelta(days=ago, seconds=number),
            account=person,
        )
        for number, (person, ago) in enumerate(chosen)
    ]
    report(shop, by, *incoming)
    deriver.catch_up()
    numbers = metrics.compute_for_community(
        community=shop,
        first=LAST - timedelta(days=45),
        last=LAST,
        by=by,
        at=NOW,
        names=tuple(WINDOWS),
    )
    for name, width in WINDOWS.items():
        expected = [
            len({person for person, ago in chosen if day <= ago < day + width})
            for day in range(45, -1, -1)
        ]
        assert numbers[name] == expected, name
        assert len(set(expected)) > 2


def leave_and_return(shop: Community, by: Staff, person: int) -> list[Event]:
    """Somebody leaves twice and comes back twice, and somebody else leaves for good."""
    other = factories.member(shop, "gone", joined_at=local(6, 9), at=NOW)
    account = account_queries.get(shop, "b")
    assert account.pk == person
    times = [local(7, 8), local(8, 8), local(8, 20), local(10, 8)]
    for number, moment in enumerate(times):
        params: dict[str, Any] = {"account": account, "by": by, "at": moment}
        (accounts.rejoin if number % 2 else accounts.leave)(**params)
        account.refresh_from_db()
    pay(shop, "gone", other.pk, 500, local(7, 9))
    accounts.leave(account=other, by=by, at=local(9, 9))
    left, back, again, last = (moment.date() for moment in times)
    return [
        Event("registered", date(2026, 3, 6), other.pk),
        Event("order.paid", date(2026, 3, 7), other.pk, 500),
        Event("member.left", left, person),
        Event("member.rejoined", back, person),
        Event("member.left", again, person),
        Event("member.rejoined", last, person),
        Event("member.left", date(2026, 3, 9), other.pk),
    ]


def complain(shop: Community, by: Staff, person: int) -> list[Event]:
    """Somebody raises two cases, which are closed and rated differently."""
    events = []
    for opened, closed, rating in ((6, 7, 5), (8, 10, 2)):
        case = complaints.create(
            community=shop,
            topic="quality",
            title="Cup",
            account=person,
            by=by,
            at=local(opened, 9),
        )
        complaints.close(complaint=case, outcome="solved", by=by, at=local(closed, 9))
        ratings.rate(complaint=case, rating=rating, by=by, at=local(closed, 10))
        ended = date(2026, 3, closed)
        events += [
            Event("complaint.opened", date(2026, 3, opened), person),
            Event("complaint.closed", ended, person),
            Event("complaint.rated", ended, person, rating),
        ]
    return events


def random_history(shop: Community, by: Staff, dice: random.Random) -> list[Event]:
    """Record random events through the verbs, in order of time, and return them."""
    begin = datetime(2026, 3, 3, tzinfo=UTC)
    moments = sorted(
        begin + timedelta(seconds=number)
        for number in dice.sample(range(int(9.4 * 86_400)), 250)
    )
    registered = moments[::42]
    people = [
        factories.member(shop, key, joined_at=moment, at=NOW).pk
        for key, moment in zip("abcdef", registered, strict=True)
    ]
    events = [
        Event("registered", moment.astimezone(ZONE).date(), person)
        for person, moment in zip(people, registered, strict=True)
    ]
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    inside: set[int] = set()
    # Who was away and came back before leaves again must be left as it was.
    events += leave_and_return(shop, by, people[1])
    events += complain(shop, by, people[0])
    for number, moment in enumerate(moments):
        kind = dice.choice(["order.paid", "checkin.done", "message.posted", "group"])
        person, amount = dice.choice(people), dice.randrange(5_000)
        in_group = dice.random() < 0.7
        if kind == "order.paid":
            pay(shop, str(number), person, amount, moment)
            in_group = False
        elif kind in ("checkin.done", "message.posted"):
            group = circle.key if in_group else ""
            fact = IncomingFact(
                kind=kind, happened_at=moment, account=person, group=group
            )
            report(shop, by, fact)
        elif person in inside:
            kind = "group.left"
            groups.remove_members(
                group=circle, accounts=[person], happened_at=moment, by=by, at=NOW
            )
            inside.remove(person)
        else:
            kind = "group.joined"
            groups.add_members(
                group=circle, accounts=[person], happened_at=moment, by=by, at=NOW
            )
            inside.add(person)
        day = moment.astimezone(ZONE).date()
        events.append(Event(kind, day, person, amount, in_group, moment))
        if kind == "order.paid" and amount % 3 == 0:
            back = moment + timedelta(hours=5)
            factories.refund(shop, str(number), amount // 2, back)
            day = back.astimezone(ZONE).date()
            events.append(Event("order.refunded", day, person, amount // 2))
    return events


@pytest.mark.both_databases
def test_metrics_of_random_events_are_those_of_the_oracle(
    shop: Community, by: Staff
) -> None:
    events = random_history(shop, by, random.Random(7))  # noqa: S311 - no secret
    computed = {
        COMMUNITY: compute(shop, by),
        GROUP: compute_group(shop, by, "circle"),
    }
    for level, numbers in computed.items():
        assert list(numbers) == metric_definitions.list_names(level)
        history = History(events, level)
        for name, by_day in numbers.items():
            expected = [oracle.METRICS[name](history, day) for day in SPAN]
            assert by_day == expected, (level, name)
            # All of the few people are active each week.
            assert len(set(by_day)) > 1 or name in WINDOWS, (level, name)
        check_spans(shop, by, history)


def check_spans(shop: Community, by: Staff, history: History) -> None:
    group = "circle" if history.level == GROUP else None
    for first, last in ((0, 7), (2, 4), (5, 5)):
        days = SPAN[first : last + 1]
        counted = metrics.count_span(
            community=shop, first=days[0], last=days[-1], by=by, at=NOW, group=group
        )
        assert counted.not_enough == ("first_answer_time",)
        for metric in metric_definitions.list_all(history.level):
            number = counted.numbers.get(metric.name, 0)
            if metric.name in oracle.SPAN_METRICS:
                expected = oracle.SPAN_METRICS[metric.name](history, days)
            else:
                by_day = [oracle.METRICS[metric.name](history, day) for day in days]
                expected = sum(by_day) if metric.additive else by_day[-1]
            assert number == expected, (history.level, metric.name, days)
        for name, rule in counted.rules.items():
            listed = audiences.count(community=shop, rule=rule, by=by, at=NOW)
            assert listed == counted.numbers[name], (history.level, name, days)


def test_definitions_are_sentences() -> None:
    definitions = [str(metric.definition) for metric in METRICS.values()]
    assert len(definitions) > len(oracle.METRICS)
    assert [text for text in definitions if not text.endswith(".")] == []
    assert [name for name, metric in METRICS.items() if not metric.formula] == []
