"""Orders: drinks in shops, beans every month, what coupons bring, and refunds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.demo.simulation import calendar as calendars
from qunce.demo.simulation.calendar import later
from qunce.demo.simulation.people import CATEGORIES, ONLINE_SHOP, SHOPS, Person
from qunce.demo.simulation.random_numbers import Chance, Weights
from qunce.demo.simulation.sends import Send
from qunce.demo.simulation.settings import Settings

PRICES: dict[str, tuple[int, ...]] = {
    "latte": (2800, 3200, 3400, 3000),
    "americano": (2200, 2400, 2600),
    "pour_over": (3800, 4200, 6800),
    "cold_brew": (2800, 3200),
    "beans": (7800, 7200, 6800, 11800),
    "drip_bags": (5900, 13800),
    "cake": (1800, 3200, 2200),
    "cups": (6900, 9900, 15900),
}
"""Cents by category, in the order of the products' names."""
PARCEL_CATEGORIES = ("beans", "drip_bags", "cups")
MORNING_HOURS = Weights([0] * 7 + [8, 22, 17, 9, 5, 8, 9, 7, 6, 5, 4, 4, 3, 2, 1, 0, 0])
WEEKEND_HOURS = Weights([0] * 9 + [5, 9, 12, 10, 9, 12, 13, 11, 8, 5, 4, 3, 1, 0, 0])
PARCEL_HOURS = Weights(
    [3, 1, 0, 0, 0, 0, 1, 2, 4, 5, 6, 5, 6, 5, 4, 4, 4, 4, 5, 7, 10, 12, 10, 6]
)
REFUND_SHARE = 0.024
BEAN_DAYS = 28.0
LOYAL_DAYS = 210.0
"""How long a buyer keeps buying on average, before they buy hardly anything."""


@dataclass(frozen=True, slots=True)
class Item:
    category: str
    product: int
    quantity: int

    @property
    def amount(self) -> int:
        return PRICES[self.category][self.product] * self.quantity


@dataclass(frozen=True, slots=True)
class SimulatedOrder:
    """Amounts are in cents; `shop` is ONLINE_SHOP or the number of a shop."""

    key: str
    person: Person
    shop: int
    paid_at: datetime
    items: tuple[Item, ...]
    discount: int = 0
    refunded: int = 0
    refunded_at: datetime | None = None

    @property
    def amount(self) -> int:
        return sum(item.amount for item in self.items) - self.discount


def buy(
    people: Sequence[Person], sends: Sequence[Send], settings: Settings
) -> list[SimulatedOrder]:
    """Return the orders by time of payment, numbered by shop as tills do."""
    chance, calendar = settings.chance("orders"), settings.calendar
    in_shops = Weights(calendar.weights(calendars.shop_weight))
    by_post = Weights(calendar.weights(calendars.parcel_weight))
    orders: list[SimulatedOrder] = []
    for person in people:
        orders += _visit_shops(person, in_shops, settings, chance)
        orders += _order_parcels(person, by_post, settings, chance)
    for send in sends:
        if send.redeemed_at and send.person.is_member_at(send.redeemed_at):
            # What they redeem the coupon for, so at the same time.
            orders.append(
                _order(send.person, send.person.shop, send.redeemed_at, chance, 0.2)
            )
    orders.sort(key=lambda order: (order.paid_at, order.person.number, order.shop))
    return [
        _refund(_number(index, order), settings.now, chance)
        for index, order in enumerate(orders, start=1)
    ]


def _visit_shops(
    person: Person, weights: Weights, settings: Settings, chance: Chance
) -> Iterator[SimulatedOrder]:
    calendar = settings.calendar
    loyal = chance.exponential(LOYAL_DAYS)
    first = calendar.index(person.joined_at)
    # The first day of the day after is the end of a range.
    last = calendar.index(person.left_at or calendar.now) + 1
    middle = min(int(first + loyal), last)
    for start, end, share in ((first, middle, 1.0), (middle, last, 0.06)):
        if start >= end:
            continue
        expected = person.orders * share * weights.total(start, end) / 7
        for _number in range(chance.poisson(expected)):
            day = weights.draw(chance, start, end)
            hours = (
                WEEKEND_HOURS
                if calendars.is_weekend(calendar.day(day))
                else MORNING_HOURS
            )
            paid_at = calendar.at(day, hours.draw(chance) + chance.random())
            if person.is_member_at(paid_at) and paid_at <= calendar.now:
                # Most go to the shop next to them.
                shop = (
                    person.shop if chance.happens(0.85) else chance.whole(0, SHOPS - 1)
                )
                discount = 0.2 if paid_at.day == calendars.MEMBER_DAY else 0.0
                yield _order(person, shop, paid_at, chance, discount)


def _order_parcels(
    person: Person, weights: Weights, settings: Settings, chance: Chance
) -> Iterator[SimulatedOrder]:
    calendar = settings.calendar
    first = calendar.index(person.joined_at)
    last = calendar.index(person.left_at or calendar.now) + 1
    days = []
    if person.beans:
        day = first + chance.exponential(10.0)
        while day < last:
            days.append(int(day))
            day += chance.between(BEAN_DAYS - 4, BEAN_DAYS + 5)
    if person.source in ("mini", "parcel") or person.orders > 0.5:
        expected = 0.05 * weights.total(first, last) / 7
        days += [
            weights.draw(chance, first, last) for _ in range(chance.poisson(expected))
        ]
    for day in days:
        paid_at = calendar.at(day, PARCEL_HOURS.draw(chance) + chance.random())
        if person.is_member_at(paid_at) and paid_at <= calendar.now:
            category = "beans" if person.beans else chance.pick(PARCEL_CATEGORIES)
            items = (_item(category, chance, 2 if chance.happens(0.3) else 1),)
            is_sale = (paid_at.month, paid_at.day) in calendars.SALES_DAYS
            discount = sum(item.amount for item in items) // 10 if is_sale else 0
            yield SimulatedOrder("", person, ONLINE_SHOP, paid_at, items, discount)


def _order(
    person: Person, shop: int, paid_at: datetime, chance: Chance, discount: float
) -> SimulatedOrder:
    is_usual = chance.happens(0.65)
    category = person.favourite if is_usual else chance.pick(CATEGORIES[:4])
    items = [_item(category, chance, 2 if chance.happens(0.12) else 1)]
    if category != "cake" and chance.happens(0.3):
        items.append(_item("cake", chance, 1))
    amount = sum(item.amount for item in items)
    return SimulatedOrder(
        "", person, shop, paid_at, tuple(items), int(amount * discount)
    )


def _item(category: str, chance: Chance, quantity: int) -> Item:
    return Item(category, chance.whole(0, len(PRICES[category]) - 1), quantity)


def _number(index: int, order: SimulatedOrder) -> SimulatedOrder:
    prefix = "MP" if order.shop == ONLINE_SHOP else f"S{order.shop + 1:02}-"
    key = f"{prefix}{order.paid_at:%y%m%d}{index:05}"
    return SimulatedOrder(
        key, order.person, order.shop, order.paid_at, order.items, order.discount
    )


def _refund(order: SimulatedOrder, now: datetime, chance: Chance) -> SimulatedOrder:
    """Return the order, with a refund if it is one of the few that have one."""
    share = REFUND_SHARE * (2 if order.shop == ONLINE_SHOP else 1)
    if not chance.happens(share):
        return order
    at = later(
        order.paid_at, chance.exponential(0.05 if order.shop < ONLINE_SHOP else 3.0)
    )
    if at > now or at <= order.paid_at:
        return order
    is_part = len(order.items) > 1 and chance.happens(0.7)
    refunded = min(order.items[-1].amount, order.amount) if is_part else order.amount
    return SimulatedOrder(
        order.key,
        order.person,
        order.shop,
        order.paid_at,
        order.items,
        order.discount,
        refunded,
        at,
    )
