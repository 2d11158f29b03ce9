"""Places that campaigns keep: a more important message gets the last one (journeys 13)."""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import approvals, campaigns, launch, results, review
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.campaigns.place_checks import InvalidKeptPlace
from qunce.outreach.contact_budget import kept_places, policies
from qunce.outreach.contact_budget.limits import ROLLING, Budget, Limit, Mode, Span
from qunce.outreach.sending import channel_sending, messages
from qunce.outreach.sending.ledger import Message, Origin, Priority
from tests import factories, threads
from tests.factories import AT, HOUR
from tests.shares import IS_EXACT

pytestmark = pytest.mark.django_db(transaction=True)
ONE_A_DAY = Limit(Span.DAY, Mode.AT_MOST, 1)


@pytest.fixture(autouse=True)
def channel() -> Iterator[FakeChannel]:
    fake = FakeChannel()
    channel_contract.register(fake)
    yield fake
    channel_contract.unregister("fake")


def limit_to(by: Staff, limit: Limit, hold: timedelta = timedelta()) -> None:
    budget = Budget(limits=(limit,), hold=hold)
    shop = by.community
    policies.update(community=shop, budget=budget, counts_assisted=True, by=by, at=AT)


def keeping(
    by: Staff, name: str, *keys: str, after: timedelta, **fields: Any
) -> Campaign:
    """A campaign to these members that keeps a place and is scheduled."""
    values: dict[str, Any] = {"priority": Priority.HIGH, "keeps_place": True}
    values |= {
        "channel": "fake",
        "staff": [],
        "rule": {"members": {"keys": list(keys)}},
    }
    row = factories.campaign(by, name=name, **{**values, **fields})
    campaigns.schedule(campaign=row, send_at=AT + after, by=by, at=AT)
    return row


def request(
    shop: Community, person: int, number: int = 1, at: datetime = AT, **fields: Any
) -> Message:
    draft = messages.Draft(
        origin=Origin.PLAYBOOK,
        origin_id=number,
        account=person,
        text="Hello",
        **{"channel": "fake", **fields},
    )
    with transaction.atomic():
        return messages.request(draft, community=shop, at=at)


def test_last_place_is_kept_for_a_scheduled_campaign(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob", channel="fake")
    limit_to(by, ONE_A_DAY)
    sale = keeping(by, "Sale", "ann", after=20 * HOUR)
    assert kept_places.count(sale, AT) == 1
    held = request(shop, ann)
    assert (held.reason, held.kept_for_id) == (skip_reasons.KEPT_PLACE, sale.pk)
    # Nothing else is: another member, a day before, and what is as important.
    assert request(shop, bob).reason == ""
    assert request(shop, ann, 2, at=AT - 5 * HOUR).reason == ""
    campaigns.update(campaign=sale, keeps_place=False, by=by, at=AT)
    assert kept_places.count(sale, AT) == 0
    late = AT + 20 * HOUR
    assert request(shop, ann, 3, at=late).reason == ""


def test_message_that_may_wait_goes_out_after_the_campaign(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann", channel="fake")
    limit_to(by, ONE_A_DAY)
    keeping(by, "Sale", "ann", after=HOUR)
    waiting = request(shop, ann, hold=timedelta(hours=30))
    assert (waiting.reason, waiting.due_at) == ("", AT + 25 * HOUR)
    as_important = request(shop, ann, 2, priority=Priority.HIGH)
    assert as_important.reason == ""


ORDERS = [*itertools.permutations("abp"), ("abp",)]
"""In which order they start; those of one item start at the same time."""


@pytest.mark.both_databases
@pytest.mark.parametrize("order", ORDERS, ids=",".join)
def test_same_messages_win_in_whatever_order_four_workers_start_them(
    shop: Community, by: Staff, order: Sequence[str]
) -> None:
    audiences = {"m1": "abp", "m2": "bp", "m3": "p", "m4": "ap", "m5": "ab"}
    ids = dict(
        zip(audiences, factories.members(shop, *audiences, channel="fake"), strict=True)
    )
    limit_to(by, ONE_A_DAY)
    keys = {
        each: [key for key, its in audiences.items() if each in its] for each in "abp"
    }
    rows = {
        "a": keeping(by, "A", *keys["a"], after=2 * HOUR),
        "b": keeping(by, "B", *keys["b"], after=HOUR, priority=Priority.NORMAL),
    }

    def send() -> None:
        channel_sending.send_due(at=AT)

    def start(each: str) -> None:
        if each == "p":
            for key in keys["p"]:
                request(shop, ids[key], priority=Priority.LOW)
        else:
            launch.start(campaign=rows[each], by=by, at=AT)
        send()

    for together in order:
        starting = [functools.partial(start, each) for each in together]
        threads.run(*starting, *[send] * (4 - len(starting)))
    channel_sending.send_due(at=AT)
    origins = {rows["a"].pk: "a", rows["b"].pk: "b", 1: "p"}
    won = Message.objects.exclude(state="skipped")
    winners = {(row.target_id, origins[row.origin_id]) for row in won}
    assert winners == {(ids[key], its[0]) for key, its in audiences.items()}


def test_started_campaign_keeps_places_until_members_have_it(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    limit_to(by, ONE_A_DAY)
    news = factories.started_campaign(
        by, priority=Priority.HIGH, keeps_place=True, rule={"all": []}
    )
    assert request(shop, ann, channel="assisted", staff=by).reason == "kept_place"
    campaigns.pause(campaign=news, by=by, at=AT)
    assert kept_places.count(news, AT) == 0
    assert request(shop, bob, channel="assisted", staff=by).reason == ""


def test_campaign_without_its_approval_or_with_a_broken_rule_keeps_nothing(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann", channel="fake")
    limit_to(by, ONE_A_DAY)
    sale = keeping(by, "Sale", "ann", after=HOUR)
    approvals.set_from_size(community=shop, from_size=1, by=by, at=AT)
    assert kept_places.count(sale, AT) == 0
    approvals.set_from_size(community=shop, from_size=None, by=by, at=AT)
    assert kept_places.count(sale, AT) == 1
    Campaign.objects.update(rule={"segment": {"any": ["gone"]}})
    sale.refresh_from_db()
    assert kept_places.count(sale, AT) == 0
    assert request(shop, ann).reason == ""


def test_review_names_the_campaign_only_to_who_sees_it(
    shop: Community, by: Staff
) -> None:
    ann, _bob = factories.members(shop, "ann", "bob", channel="fake")
    limit_to(by, ONE_A_DAY)
    keeping(by, "Sale", "ann", after=HOUR)
    scoped = factories.staff(shop, role="operator", login="lee", scope={"all": []})
    fields: dict[str, Any] = {"channel": "fake", "staff": []}
    for asker, name in ((by, "Sale"), (scoped, "")):
        news = factories.campaign(asker, **fields)
        found = review.build(campaign=news, by=asker, at=AT)
        assert found.excluded == {skip_reasons.KEPT_PLACE: 1}
        assert found.kept_for == [review.KeptFor(name, 1)]
    launch.start(campaign=news, by=scoped, at=AT)
    channel_sending.send_due(at=AT)
    reasons = {
        asker.login: [
            line.reason
            for line in results.list_recipients(campaign=news, by=asker, at=AT)
            if line.row.target_id == ann
        ]
        for asker in (by, scoped)
    }
    assert reasons == {
        by.login: ["the place is kept for “Sale”"],
        "lee": ["the place is kept for a more important campaign"],
    }


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"priority": Priority.LOW}, "Choose a higher priority"),
        (
            {"target": "groups", "rule": None, "text": "Hi"},
            "Groups have no contact limit",
        ),
    ],
)
def test_campaign_for_which_nothing_can_be_kept_is_refused(
    by: Staff, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidKeptPlace, match=sentence):
        factories.campaign(by, keeps_place=True, **fields)


# The oracle


def fits(times: Sequence[datetime], at: datetime, limit: Limit, by: Staff) -> bool:
    """Whether no window of the limit has too many messages with one more at this time."""
    known = [*times, at]
    if limit.rolling:
        length = ROLLING[limit.span]
        ends = [end for end in known if end - length < at <= end]
        windows = [
            [each for each in known if end - length < each <= end] for end in ends
        ]
    else:
        clock = policies.get(by.community).clock
        windows = [
            [
                each
                for each in known
                if clock.day(each).isocalendar()[:2] == clock.day(at).isocalendar()[:2]
            ]
        ]
    return all(len(window) <= limit.count for window in windows)


def oracle(
    history: Sequence[datetime], kept: Sequence[datetime], limit: Limit, by: Staff
) -> str:
    """The reason why a member does not get a message at AT; `kept` by importance."""
    known = list(history)
    for each in kept:
        known += [each] if fits(known, each, limit, by) else []
    if fits(known, AT, limit, by):
        return ""
    is_kept = fits(history, AT, limit, by)
    return skip_reasons.KEPT_PLACE if is_kept else skip_reasons.OVER_CONTACT_LIMIT


LIMITS = [
    Limit(Span.DAY, Mode.AT_MOST, 1),
    Limit(Span.WEEK, Mode.AT_MOST, 2),
    Limit(Span.WEEK, Mode.AT_MOST, 1),
    Limit(Span.WEEK, Mode.AT_MOST, 2, rolling=False),
]


@pytest.mark.parametrize("seed", range(100 if IS_EXACT else 1))
@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_review_and_claims_agree_with_one_member_at_a_time(
    limit: Limit, seed: int
) -> None:
    shop = factories.community()
    by = factories.staff(shop)
    dice = random.Random(f"{limit}{seed or ''}")  # noqa: S311
    keys = [f"m{number:02}" for number in range(24)]
    ids = dict(zip(keys, factories.members(shop, *keys, channel="fake"), strict=True))
    history: dict[str, list[datetime]] = {key: [] for key in keys}
    limit_to(by, limit)
    for key in keys:
        for number in range(dice.randrange(limit.count + 1)):
            at = AT - dice.randrange(1, 9 * 24) * HOUR
            if request(shop, ids[key], number + 1, at=at).reason == "":
                history[key].append(at)
    rows, reach = [], int(ROLLING[limit.span] / HOUR * 1.2)
    for name, priority in (("A", 0), ("B", 10), ("C", 20)):
        after = dice.randrange(1, reach) * HOUR
        chosen = dice.sample(keys, 12)
        rows.append((after, set(chosen)))
        keeping(by, name, *chosen, after=after, priority=priority)
    expected = {
        key: oracle(
            history[key], [AT + after for after, own in rows if key in own], limit, by
        )
        for key in keys
    }
    last = factories.campaign(by, channel="fake", staff=[], priority=Priority.LOW)
    found = review.build(campaign=last, by=by, at=AT)
    counts = Counter(reason for reason in expected.values() if reason)
    assert found.excluded == counts
    assert seed or counts[skip_reasons.KEPT_PLACE]
    assert sum(each.size for each in found.kept_for) == counts[skip_reasons.KEPT_PLACE]
    launch.start(campaign=last, by=by, at=AT)
    channel_sending.send_due(at=AT)
    claimed = dict(
        Message.objects.filter(origin="campaign").values_list("target_id", "reason")
    )
    assert {key: claimed[ids[key]] for key in keys} == expected
