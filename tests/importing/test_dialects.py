"""What goes in comes out, in whatever dialect a file is written, or the file is refused."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, note
from hypothesis import settings as hypothesis_settings

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.plan.options import ImportOptions
from qunce.members.accounts.models import Account, Identifier
from qunce.sales.models import Order
from tests import factories
from tests.importing import dialect_files, helpers, worlds
from tests.importing.dialects import DIALECTS, Dialect
from tests.importing.worlds import Stored, World

NUMBERS = itertools.count()
random_files = hypothesis_settings(
    # An import takes longer than a question to the engine.
    max_examples=hypothesis_settings().max_examples // 3,
    # Explaining a failure takes minutes, and the noted file says it all.
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def is_doubtful(dialect: Dialect) -> bool:
    """Whether the file alone may leave a doubt about dates, numbers or letters."""
    return not dialect.is_answered and (
        dialect.order_of_dates != ""
        or dialect.numbers != "plain"
        or dialect.encoding not in ("utf-8", "utf-8-sig", "utf-16")
    )


def options_of(dialect: Dialect) -> dict[str, Any]:
    if not dialect.is_answered:
        return {}
    return {"dates": dialect.order_of_dates, "decimal": dialect.decimal}


def run(
    shop: Community,
    rows: list[dict[str, Any]],
    target: str,
    dialect: Dialect,
    folder: Path,
    **options: Any,
) -> bool:
    """Write the rows, and import them; returns whether they were read, and not refused."""
    table = dialect_files.arranged(rows, dialect)
    path = dialect_files.write(table, dialect, folder)
    encoding = ""
    if dialect.container == "csv":
        used = dialect_files.encoding_of(table, dialect)
        encoding = used if dialect.is_answered else ""
        note(path.read_bytes().decode(used))
    try:
        plan = pipeline.plan(
            community=shop,
            source=sources.inspect(path, encoding=encoding),
            options=ImportOptions(target=target, **options_of(dialect), **options),
            by=staff_models.system(shop),
            at=factories.AT,
        )
        pipeline.run(plan)
    except errors.Invalid as error:
        event("refused")
        if not is_doubtful(dialect):
            raise AssertionError(f"refused: {error}\n{details(error)}") from error
        return False
    event("read")
    return True


def details(error: Exception) -> str:
    problems = getattr(error, "problems", [])
    return "\n".join(f"{p.row} {p.field} {p.value!r}: {p.remedy}" for p in problems[:5])


def new_shop() -> Community:
    return factories.community(f"shop{next(NUMBERS)}")


@pytest.mark.django_db
@random_files
@given(world=worlds.worlds(), dialect=DIALECTS)
def test_people_come_out_as_they_went_in(
    world: World, dialect: Dialect, tmp_path: Path
) -> None:
    shop = new_shop()
    rows = dialect_files.members_table(world, dialect)
    if run(shop, rows, "members", dialect, tmp_path):
        assert stored_people(shop) == {
            person.key: (
                person.name,
                {person.phone, person.email},
                person.joined.astimezone(UTC),
            )
            for person in world.people
        }
    else:
        assert stored_people(shop) == {}


@pytest.mark.django_db
@random_files
@given(world=worlds.worlds(), dialect=DIALECTS)
def test_orders_come_out_as_they_went_in(
    world: World, dialect: Dialect, tmp_path: Path
) -> None:
    currencies = {sale.currency for sale in world.sales}
    assume(dialect.money != "option" or len(currencies) == 1)
    shop = new_shop()
    bring_people(shop, world, tmp_path)
    rows = dialect_files.orders_table(world, dialect)
    currency = currencies.pop() if dialect.money == "option" else ""
    if run(shop, rows, "orders", dialect, tmp_path, currency=currency):
        assert stored_orders(shop) == worlds.expected_orders(world)
    else:
        assert stored_orders(shop) == {}
    assert set(stored_people(shop)) == {person.key for person in world.people}


def bring_people(shop: Community, world: World, folder: Path) -> None:
    rows = [f"{p.key},{p.name},{p.phone},{p.email}" for p in world.people]
    text = "\n".join(["会员号,昵称,手机号,邮箱", *rows])
    helpers.run(shop, helpers.write(folder, text, "people.csv"), "members")


def stored_people(shop: Community) -> dict[str, tuple[str, set[str], datetime]]:
    people = {}
    for account in Account.objects.filter(community=shop):
        identifiers = Identifier.objects.filter(account=account)
        values = set(identifiers.values_list("value", flat=True))
        people[account.key] = (account.name, values, account.joined_at)
    return people


def stored_orders(shop: Community) -> dict[str, Stored]:
    keys = dict(Account.objects.filter(community=shop).values_list("pk", "key"))
    return {
        order.key: Stored(
            order.currency,
            order.amount,
            order.refunded_amount,
            order.paid_at,
            keys.get(order.account_id or 0),
        )
        for order in Order.objects.filter(community_id=shop.pk)
    }
