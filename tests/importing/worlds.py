"""Random people and orders, and what imports of them must store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import strategies as st

SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    phone: str
    email: str
    joined: datetime


@dataclass(frozen=True)
class Line:
    item: str
    quantity: int
    price: int
    """In the smallest unit, as all amounts."""

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True)
class Sale:
    key: str
    person: Person | None
    paid_at: datetime
    currency: str
    lines: tuple[Line, ...]
    shipping: int
    discount: int
    refunds: tuple[tuple[int, int], ...]
    """Days after the payment, and amounts."""
    status: str

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines) + self.shipping - self.discount

    @property
    def refunded(self) -> int:
        return sum(amount for _days, amount in self.refunds)


@dataclass(frozen=True)
class World:
    people: tuple[Person, ...]
    sales: tuple[Sale, ...]


NAMES = ["小林", "陈大文", "林小美", "王芳", "欧阳娜娜", "Ann Lee", "Bob", "O'Brien"]
ITEMS = ["乌龙", "茶杯", "白茶 100克", "Dark roast, 500 g", 'Cup 6"', "礼盒"]
DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "JPY": 0}
MOMENTS = st.datetimes(
    datetime(2023, 1, 1),  # noqa: DTZ001 - the zone is added
    datetime(2025, 12, 1),  # noqa: DTZ001
    timezones=st.just(SHANGHAI),
).map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def people(draw: st.DrawFn) -> tuple[Person, ...]:
    numbers = draw(st.lists(st.integers(1, 9999), min_size=1, max_size=5, unique=True))
    prefix = draw(st.sampled_from(["M", "VIP", "0", "10"]))
    return tuple(
        Person(
            key=f"{prefix}{number:04}",
            name=draw(st.sampled_from(NAMES)),
            phone=f"138{number:08}",
            email=f"a{number}@example.com",
            joined=draw(MOMENTS),
        )
        for number in numbers
    )


@st.composite
def sales(draw: st.DrawFn, key: str, known: tuple[Person, ...], currency: str) -> Sale:
    scale = 10 ** DIGITS[currency]
    price = st.one_of(
        st.integers(1, 300_000), st.integers(1, 3_000).map(lambda n: n * scale)
    )
    line = st.builds(Line, st.sampled_from(ITEMS), st.integers(1, 3), price)
    sale = Sale(
        key=key,
        person=draw(st.one_of(st.none(), st.sampled_from(known))),
        paid_at=draw(MOMENTS),
        currency=currency,
        lines=tuple(
            draw(st.lists(line, min_size=1, max_size=3, unique_by=lambda x: x.item))
        ),
        shipping=draw(st.sampled_from([0, 0, 10 * scale])),
        discount=0,
        refunds=(),
        status="paid",
    )
    discount = draw(st.sampled_from([0, 0, 1])) and draw(
        st.integers(0, sale.total // 2)
    )
    sale = replace(sale, discount=discount)
    if draw(st.booleans()):
        return replace(
            sale, status=draw(st.sampled_from(["paid", "unpaid", "cancelled"]))
        )
    parts = draw(st.integers(0, 2))
    left = sale.total
    refunds = []
    for part in range(parts):
        amount = draw(st.integers(1, left)) if left else 0
        if amount:
            refunds.append((3 + 4 * part, amount))
            left -= amount
    return replace(sale, refunds=tuple(refunds))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    known = draw(people())
    count = draw(st.integers(1, 5))
    currencies = draw(st.sampled_from([["CNY"], ["EUR"], ["CNY", "USD", "JPY"]]))
    prefix = draw(st.sampled_from(["A", "2024", "20345678901234567", "#"]))
    return World(
        known,
        tuple(
            draw(sales(f"{prefix}{index:02}", known, draw(st.sampled_from(currencies))))
            for index in range(count)
        ),
    )


# What must come out


@dataclass(frozen=True)
class Stored:
    """An order as it must be stored."""

    currency: str
    amount: int
    refunded: int
    paid_at: datetime
    member: str | None


def expected_orders(world: World) -> dict[str, Stored]:
    """What the orders that are sales must be stored as."""
    return {
        sale.key: Stored(
            sale.currency,
            sale.total,
            sale.refunded,
            sale.paid_at.astimezone(UTC),
            sale.person.key if sale.person else None,
        )
        for sale in world.sales
        if sale.status == "paid"
    }


def day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
