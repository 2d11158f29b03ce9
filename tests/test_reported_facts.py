"""Facts from files and from programs follow one check and have the same effect."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Membership, Stay
from qunce.importing import pipeline
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.outreach.opt_outs import OptOut
from qunce.sales.models import Order
from tests import factories
from tests.clients import create_client
from tests.importing import helpers

Row = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How many facts were new or known, and what is said of each refused one."""

    new: int
    known: int
    refused: list[str]


Report = Callable[..., Outcome]


def report_by_file(
    shop: Community, folder: Path, rows: list[Any], **options: Any
) -> Outcome:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path = helpers.write(folder, "\n".join(lines), "facts.ndjson")
    result = pipeline.run(helpers.plan(shop, path, "facts", **options))
    counts, remedies = result.job.counts, [p.remedy for p in result.problems]
    assert result.job.rows_broken == len(remedies)
    return Outcome(counts.get("facts", 0), counts.get("known", 0), remedies)


def report_by_api(
    shop: Community, folder: Path, rows: list[Any], **options: Any
) -> Outcome:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    query = "&".join(f"{name}={value}" for name, value in options.items())
    client = create_client(shop)
    response = client.request(
        "POST",
        f"/facts/stream?{query}",
        "\n".join(lines).encode(),
        accept_language="en",
    )
    body = response.body
    return Outcome(
        body["accepted"], body["duplicates"], [e["detail"] for e in body["errors"]]
    )


@pytest.fixture(params=[report_by_file, report_by_api])
def report(request: pytest.FixtureRequest, shop: Community, tmp_path: Path) -> Report:
    def run(*rows: Any, **options: Any) -> Outcome:
        outcome: Outcome = request.param(shop, tmp_path, list(rows), **options)
        return outcome

    return run


def fact(kind: str = "page.viewed", day: int = 1, **fields: Any) -> Row:
    row = {"kind": kind, "happened_at": f"2026-02-{day:02}T12:00:00Z", **fields}
    return {"member_key": "m1", **row}


def stored(shop: Community, kind: str) -> list[dict[str, Any]]:
    return [payload for _account, payload in factories.recorded_facts(shop, kind)]


def test_chat_message_is_recorded(shop: Community, report: Report) -> None:
    outcome = report(fact("message.posted", payload={"length": 12}, group_key="g1"))
    assert outcome == Outcome(1, 0, [])
    assert stored(shop, "message.posted") == [{"length": 12}]


@pytest.mark.both_databases
def test_join_makes_the_membership_and_leave_ends_it(
    shop: Community, report: Report
) -> None:
    rows = [
        fact("group.left", 9, group_key="g1", member_key="m2"),
        fact("group.joined", 3, group_key="g1", payload={"role": "koc"}),
        fact("group.joined", 4, group_key="g1", member_key="m2"),
    ]
    assert report(*rows) == Outcome(3, 0, [])
    memberships = Membership.objects.order_by("account_id")
    by_key = dict(Account.objects.values_list("pk", "key"))
    found = {by_key[m.account_id]: (m.present, m.role) for m in memberships}
    assert found == {"m1": (True, "koc"), "m2": (False, "member")}
    assert factories.matching_keys(shop, {"group": {"any": ["g1"]}}) == ["m1"]
    assert report(*rows) == Outcome(0, 3, [])


@pytest.mark.both_databases
def test_earlier_stay_reported_late_changes_the_history_only(
    shop: Community, report: Report
) -> None:
    report(fact("group.joined", 20, group_key="g1"))
    report(
        fact("group.joined", 3, group_key="g1"), fact("group.left", 5, group_key="g1")
    )
    (membership,) = Membership.objects.all()
    assert (membership.present, membership.joined_at.day) == (True, 20)
    (stay,) = Stay.objects.all()
    assert (stay.joined_at.day, stay.left_at.day) == (3, 5)
    kind = facts.find_kind("group.joined") or 0
    times = Fact.objects.filter(kind_id=kind).values_list("happened_at", flat=True)
    assert sorted(time.day for time in times) == [3, 20]


@pytest.mark.both_databases
def test_leave_known_before_its_join_is_kept(shop: Community, report: Report) -> None:
    report(fact("group.left", 9, group_key="g1"))
    report(fact("group.joined", 3, group_key="g1"))
    (membership,) = Membership.objects.all()
    assert not membership.present
    assert (
        membership.joined_at.day,
        membership.left_at and membership.left_at.day,
    ) == (3, 9)


@pytest.mark.both_databases
def test_opt_out_takes_effect_and_the_latest_wish_decides(
    shop: Community, report: Report
) -> None:
    opted_out = {"opted_out": {"of": "messages"}}
    assert report(fact("member.opted_out", 3)) == Outcome(1, 0, [])
    assert factories.matching_keys(shop, opted_out) == ["m1"]
    report(fact("member.opted_in", 7))
    report(fact("member.opted_out", 5))
    assert factories.matching_keys(shop, opted_out) == []
    (row,) = OptOut.objects.all()
    assert row.set_at.day == 7
    assert len(stored(shop, "member.opted_out")) == 2


@pytest.mark.both_databases
def test_payment_makes_the_order_and_refund_takes_it_back(
    shop: Community, report: Report
) -> None:
    rows = [
        fact("order.paid", 3, payload={"order": "A1", "amount": 12_50}),
        fact("order.refunded", 5, payload={"order": "A1", "amount": 2_50}),
    ]
    assert report(*rows) == Outcome(2, 0, [])
    (order,) = Order.objects.all()
    assert (order.key, order.amount, order.refunded_amount) == ("A1", 12_50, 2_50)
    assert order.paid_at.day == 3
    assert [row["amount"] for row in stored(shop, "order.paid")] == [12_50]
    assert report(*rows) == Outcome(0, 2, [])
    assert Order.objects.get().refunded_amount == 2_50


@pytest.mark.both_databases
def test_refund_above_the_payment_is_refused(shop: Community, report: Report) -> None:
    outcome = report(
        fact("order.paid", 3, payload={"order": "A1", "amount": 100}),
        fact("order.refunded", 5, payload={"order": "A1", "amount": 900}),
        fact(key="still"),
    )
    assert (outcome.new, len(outcome.refused)) == (2, 1)
    assert "A1" in outcome.refused[0]
    assert stored(shop, "order.refunded") == []


@pytest.mark.both_databases
def test_leave_of_the_community_takes_effect(shop: Community, report: Report) -> None:
    report(fact("member.joined", 2), fact(day=3))
    report(fact("member.left", 5))
    account = Account.objects.get(key="m1")
    assert (account.present, account.joined_at.day) == (False, 2)
    report(fact("member.rejoined", 4), fact("member.rejoined", 8))
    account.refresh_from_db()
    assert account.present
    assert len(stored(shop, "member.rejoined")) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (fact("member.erased"), "Erase the member"),
        (fact("tag.added"), "Import the tags"),
        (fact("order.amended"), "order.paid again"),
        (fact("staff.joined"), "recorded by Qunce"),
        (fact("Page Viewed"), "noun.verb"),
        (fact("group.joined"), "needs a group"),
        (fact("member.opted_out", member_key=None), "needs a member"),
        (fact("order.paid", payload={"order": "A1"}), "needs the field “amount”"),
        (fact("order.paid", payload={"order": "A1", "amount": 12.5}), "smallest unit"),
        (fact("order.paid", payload={"order": "A1", "amount": "12"}), "smallest unit"),
        (fact("group.left", group_key="g", payload={"why": "x"}), "has no field “why”"),
        (fact(happened_at="1999-12-31T00:00:00Z"), "2000"),
        (fact(happened_at="1901-01-01T00:00:00Z"), "2000"),
        (fact(happened_at="2099-01-01T00:00:00Z"), "future"),
        (fact(payload={"text": "x" * 16_000}), "characters"),
        ('{"kind": "a.b", "happened_at": 1772685000, "payload": {"n": NaN}}', "NaN"),
        (
            '{"kind": "a.b", "happened_at": 1772685000, "payload": {"n": -Infinity}}',
            "NaN",
        ),
        (
            '{"kind": "a.b", "happened_at": 1772685000, "payload": {"n": 1, "n": 2}}',
            "twice",
        ),
        ('{"kind": "a.b", "kind": "a.c", "happened_at": 1772685000}', "twice"),
        (
            '{"kind": "a.b", "happened_at": 1772685000, "payload": {"n": 1e400}}',
            "1e308",
        ),
    ],
)
def test_refused_fact_says_what_to_do(
    shop: Community, report: Report, row: Any, words: str
) -> None:
    outcome = report(row, fact(key="sound"))
    assert (outcome.new, len(outcome.refused)) == (1, 1)
    assert words in outcome.refused[0]
    assert not Order.objects.exists()


@pytest.mark.both_databases
def test_times_out_of_range_can_be_allowed(shop: Community, report: Report) -> None:
    rows = [
        fact(happened_at="1996-05-01T00:00:00Z"),
        fact(happened_at="2031-05-01T00:00:00Z"),
    ]
    assert report(*rows, allow_old_times=True).new == 1
    assert report(*rows, allow_old_times=True, allow_future_times=True).new == 1


@pytest.mark.parametrize(
    ("number", "time"),
    [
        ("994932123", 994_932_123_000_000),
        ("1772685000", 1_772_685_000_000_000),
        ("1772685000.25", 1_772_685_000_250_000),
        ("994932123456", 994_932_123_456_000),
        ("1772685000123", 1_772_685_000_123_000),
        ("994932123456789", 994_932_123_456_789),
        ("1772685000123456", 1_772_685_000_123_456),
    ],
)
def test_epochs_are_read_by_their_magnitude(
    shop: Community, report: Report, number: str, time: int
) -> None:
    assert report(f'{{"kind": "a.b", "happened_at": {number}}}').new == 1
    stored_time = Fact.objects.get(kind_id=facts.find_kind("a.b") or 0).happened_at
    assert stored_time == timestamps.from_micros(time)


@pytest.mark.parametrize("number", ["17726850001", "7", "12345678901234"])
def test_ambiguous_epoch_is_refused(report: Report, number: str) -> None:
    outcome = report(f'{{"kind": "a.b", "happened_at": {number}}}')
    assert (outcome.new, len(outcome.refused)) == (0, 1)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "payload",
    [
        '{"n":0.1}',
        '{"n":1.10}',
        '{"n":12345678901234567890.123456789}',
        '{"n":0.12345678901234567891,"z":[1.5,{"a":9.99}]}',
        '{"n":123456789012345678901234567890}',
        '{"评分":4.5}',
    ],
)
def test_payload_keeps_every_digit(
    shop: Community, report: Report, payload: str
) -> None:
    line = f'{{"kind": "a.b", "happened_at": 1772685000, "payload": {payload}}}'
    assert report(line).new == 1
    text = Fact.objects.get(kind_id=facts.find_kind("a.b") or 0).payload or ""
    exact = functools.partial(json.loads, parse_float=Decimal, parse_int=Decimal)
    assert exact(text) == exact(payload)


@pytest.mark.both_databases
def test_equal_facts_without_a_key_are_one_in_both_doors(
    shop: Community, tmp_path: Path
) -> None:
    rows = [fact(), fact(), fact(payload={"b": 1, "a": [1.5]}), fact(day=2)]
    first = report_by_file(shop, tmp_path, rows, source="web")
    again = report_by_api(shop, tmp_path, rows, source="web")
    assert (first, again) == (Outcome(3, 1, []), Outcome(0, 4, []))


@pytest.mark.both_databases
def test_facts_find_their_member_by_phone_and_address(
    shop: Community, report: Report
) -> None:
    (account,) = factories.members(shop, "m1")
    accounts.add_identifier(
        account=Account.objects.get(pk=account),
        kind="phone",
        value="13800138001",
        by=staff_models.system(shop),
        at=factories.AT,
    )
    outcome = report(
        fact(member_key=None, phone="138-0013-8001"),
        fact(member_key=None, email="New@Example.com"),
        fact(member_key="NULL"),
    )
    assert outcome == Outcome(3, 0, [])
    rows = Fact.objects.filter(kind_id=facts.find_kind("page.viewed") or 0)
    found = set(rows.values_list("account_id", flat=True))
    new = Account.objects.get(key="new@example.com")
    assert found == {account, new.pk, None}
