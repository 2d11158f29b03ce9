from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from qunce.core import db, ledger
from qunce.core.communities import Community
from qunce.core.ledger import Entry
from qunce.core.operators import Operator
from tests.core import made

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def post(amount: int, key: str) -> Entry:
    shop = Community.objects.filter(key="shop").get()
    by = Operator.objects.get(login="ann")
    return ledger.post(
        community=shop,
        book="points",
        account=7,
        amount=amount,
        key=key,
        by=by,
        at=made.AT,
    )


@pytest.fixture(autouse=True)
def shop() -> Community:
    shop = made.community()
    made.operator(shop)
    return shop


def test_the_balance_is_the_sum_of_entries(shop: Community) -> None:
    post(10, "joined")
    post(5, "checked in")
    assert ledger.balance(community=shop, book="points", accounts=[7]) == 15
    assert ledger.balance(community=shop, book="points", accounts=[8]) == 0
    assert ledger.balance(community=shop, book="money", accounts=[7]) == 0


def test_the_same_reason_is_entered_once(shop: Community) -> None:
    assert post(10, "joined").pk == post(10, "joined").pk
    assert ledger.balance(community=shop, book="points", accounts=[7]) == 10


def test_a_mistake_is_reversed_once_by_another_entry(shop: Community) -> None:
    entry, by = post(10, "joined"), Operator.objects.get(login="ann")
    reversal = ledger.reverse(entry=entry, by=by, at=made.AT)
    assert reversal.amount == -10
    assert ledger.balance(community=shop, book="points", accounts=[7]) == 0
    for again in (entry, reversal):
        with pytest.raises(ledger.AlreadyReversed):
            ledger.reverse(entry=again, by=by, at=made.AT)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_entry SET amount = 1000 WHERE id = %s",
        "DELETE FROM core_entry WHERE id = %s",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(
    sql: str, shop: Community
) -> None:
    entry = post(10, "joined")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        db.execute(sql, [entry.pk])
    assert ledger.balance(community=shop, book="points", accounts=[7]) == 10


def test_an_entry_of_nothing_is_refused() -> None:
    with pytest.raises(ledger.EmptyEntry):
        post(0, "nothing")
