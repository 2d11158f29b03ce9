from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@facts.declare
@dataclasses.dataclass(frozen=True, kw_only=True)
class BellRung(facts.FactKind):
    kind = "bell.rung"
    times: int = 1
    tone: str | None = None


def test_recorded_fact_has_kind_account_times_and_actor() -> None:
    shop = factories.community()
    by = factories.staff(shop, role="operator")
    facts.record(
        BellRung(account=7, group=3, times=2, tone="高"), community=shop, by=by, at=AT
    )
    fact = Fact.objects.get()
    assert (fact.account_id, fact.group_id, fact.actor_id) == (7, 3, by.pk)
    assert (fact.happened_at, fact.recorded_at) == (AT, AT)
    assert fact.kind_id == facts.find_kind("bell.rung")
    assert fact.payload == '{"times":2,"tone":"高"}'
    assert fact.key is None


def test_facts_of_one_call_can_have_different_times() -> None:
    shop = factories.community()
    earlier = AT - timedelta(days=3)
    facts.record_many(
        [BellRung(), BellRung(times=9)],
        community=shop,
        by=None,
        at=AT,
        happened_at=[earlier, AT],
    )
    times = Fact.objects.order_by("pk").values_list("happened_at", "recorded_at")
    assert list(times) == [(earlier, AT), (AT, AT)]


@pytest.mark.parametrize("acts", [True, False])
def test_facts_of_a_large_batch_are_stored_like_those_of_small_ones(acts: bool) -> None:
    """PostgreSQL gets large batches in another way."""
    shop = factories.community()
    by = factories.staff(shop, role="operator") if acts else None
    new = [
        BellRung(
            account=number if number % 3 else None,
            group=number if number % 5 == 0 else None,
            times=number,
            tone=None if number % 2 else '高\\N\t"\n',
        )
        for number in range(facts.MIN_COPIED)
    ]
    when = [AT - timedelta(days=number) for number in range(len(new))]
    facts.record_many(new, community=shop, by=by, at=AT, happened_at=when)
    large = stored()
    assert [facts.load(row[-1])["times"] for row in large] == list(range(len(new)))
    for fact, moment in zip(new, when, strict=True):
        facts.record_many([fact], community=shop, by=by, at=AT, happened_at=[moment])
    assert stored()[len(new) :] == large


def stored() -> list[tuple[Any, ...]]:
    rows = Fact.objects.order_by("pk")
    return list(
        rows.values_list(
            *(name for name in facts.COLUMNS if name != "payload"), "payload"
        )
    )


def test_facts_are_rolled_back_with_their_transaction() -> None:
    shop = factories.community()

    @transaction.atomic
    def fail() -> None:
        facts.record(BellRung(), community=shop, by=None, at=AT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Fact.objects.exists()


@pytest.mark.parametrize("kind", ["paid", "Order.paid", "order.", "order.paid.twice"])
def test_invalid_kind_is_rejected(kind: str) -> None:
    with pytest.raises(facts.InvalidFact, match=kind):
        facts.ensure_kinds([kind])


def test_kind_is_found_once_it_is_declared_or_recorded() -> None:
    assert facts.find_kind("bell.rung") is not None
    assert facts.find_kind("bell.cracked") is None
    ids = facts.ensure_kinds(["bell.cracked"])
    assert facts.find_kind("bell.cracked") == ids["bell.cracked"]


def test_payload_is_compact_json_that_loads_unchanged() -> None:
    text = facts.dump({"b": 1, "a": "x"})
    assert text == '{"a":"x","b":1}'
    assert facts.load(text) == {"a": "x", "b": 1}
    assert facts.dump({}) is None
    assert facts.load(None) == {}
