"""The undo of an import of orders takes back what they earned, or gives it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qunce import reactions, schedule
from qunce.activities.points import balances, doctor_checks, spending
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff.models import Staff
from qunce.importing.jobs import jobs
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.undo import undos
from qunce.importing.undo.undos import ImportUndo
from qunce.members.accounts.models import Account
from qunce.sales.models import Order
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.factories import AT, LATER
from tests.importing import helpers

pytestmark = pytest.mark.django_db
UNDONE_AT = LATER + timedelta(hours=1)
HEADINGS = "order_id,member_key,paid_at,total,refund_amount\n"
ORDERS = f"{HEADINGS}o-1,ann,2026-01-02 10:00,100.00,0\n"


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


def earn_for_orders(shop: Community, **fields: object) -> None:
    builders.rule(
        shop,
        "shopping",
        event="order",
        points=1,
        per_amount=10_00,
        starts_at=AT - timedelta(days=200),
        **fields,
    )


def run(shop: Community, text: str, folder: Path) -> ImportJob:
    path = helpers.write(folder, text)
    done = helpers.run(shop, path, "orders")
    assert done.problems == []
    reactions.CONSUMER.catch_up(at=LATER)
    return done.job


def undo(job: ImportJob, by: Staff) -> ImportUndo:
    deriver.catch_up()
    job.refresh_from_db()
    undos.start(job=job, by=by, at=UNDONE_AT)
    only = {name: schedule.SCHEDULE[name] for name in (jobs.JOB, jobs.UNDO_JOB)}
    while scheduler.run_due(only, clock=lambda: UNDONE_AT):
        pass
    reactions.CONSUMER.catch_up(at=UNDONE_AT)
    found = undos.find(job)
    assert found is not None
    assert found.finished_at is not None
    assert list(doctor_checks.check_points()) == []
    return found


def points(account: int) -> tuple[int, int]:
    found = balances.balance(account_id=account, at=UNDONE_AT)
    return found.usable, found.owed


def test_points_of_undone_orders_go_and_may_be_earned_again(
    shop: Community, by: Staff, ann: int, tmp_path: Path
) -> None:
    earn_for_orders(shop, day_cap=10)
    job = run(shop, ORDERS, tmp_path)
    assert points(ann) == (10, 0)
    assert undo(job, by).remainder_count == 0
    assert not Order.objects.exists()
    assert points(ann) == (0, 0)
    # The cap of that day is free again as well.
    run(shop, ORDERS, tmp_path)
    assert points(ann) == (10, 0)


def test_spent_points_of_undone_orders_are_owed(
    shop: Community, by: Staff, ann: int, tmp_path: Path
) -> None:
    earn_for_orders(shop)
    job = run(shop, ORDERS, tmp_path)
    spending.spend(account_id=ann, amount=8, key="mall/1", by=None, at=LATER)
    done = undo(job, by)
    assert points(ann) == (0, 8)
    assert [row.subject for row in done.remainders.all()] == ["o-1"]
    assert (
        "owes" in done.remainders.get().reason or "欠" in done.remainders.get().reason
    )


@pytest.mark.parametrize(
    ("amount", "refunded", "between"),
    [("150.00", "0", 15), ("50.00", "0", 5), ("100.00", "30.00", 7)],
)
def test_amended_orders_have_the_points_of_before(
    shop: Community,
    by: Staff,
    ann: int,
    tmp_path: Path,
    amount: str,
    refunded: str,
    between: int,
) -> None:
    earn_for_orders(shop)
    run(shop, ORDERS, tmp_path)
    changed = ORDERS.replace("100.00,0", f"{amount},{refunded}")
    job = run(shop, changed, tmp_path)
    assert points(ann) == (between, 0)
    assert undo(job, by).remainder_count == 0
    assert points(ann) == (10, 0)
    # From there refunds take their share.
    factories.refund(shop, "o-1", 50_00)
    reactions.CONSUMER.catch_up(at=UNDONE_AT)
    assert points(ann) == (5, 0)
    factories.refund(shop, "o-1", 50_00)
    reactions.CONSUMER.catch_up(at=UNDONE_AT)
    assert points(ann) == (0, 0)


def test_refunds_of_before_are_counted_once(
    shop: Community, by: Staff, ann: int, tmp_path: Path
) -> None:
    earn_for_orders(shop)
    run(shop, ORDERS.replace("100.00,0", "100.00,20.00"), tmp_path)
    assert points(ann) == (8, 0)
    job = run(shop, ORDERS.replace("100.00,0", "100.00,60.00"), tmp_path)
    assert points(ann) == (4, 0)
    undo(job, by)
    assert points(ann) == (8, 0)


def test_member_whom_the_import_made_goes_in_spite_of_points(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    earn_for_orders(shop)
    job = run(shop, ORDERS, tmp_path)
    (bob,) = Account.objects.values_list("pk", flat=True)
    assert points(bob) == (10, 0)
    assert undo(job, by).remainder_count == 0
    assert not Account.objects.filter(erased_at__isnull=True).exists()
