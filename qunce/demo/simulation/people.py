"""Members: when and by which source they arrive, what they are like, when they leave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from qunce.demo.simulation.calendar import MEMBER_DAY, SALES_DAYS, is_weekend, later
from qunce.demo.simulation.random_numbers import Chance, Weights
from qunce.demo.simulation.settings import FOREIGN_SHARE, SPEECHES, Settings

MONTH = 30.0
FOUNDERS_SHARE = 0.08
"""Share of members whom the shops knew before and who came in the first days."""
FEED_POSTS = (24, 81, 139, 196, 262, 318, 349)
"""Days of posts on social media, after which many arrive."""
MARKETS = (60, 61, 172, 173, 256, 257, 327, 328)


@dataclass(frozen=True)
class Source:
    """`leaving` is the share of members who leave in a month; `buying` orders a week."""

    share: float
    leaving: float
    buying: float
    clocks: tuple[float, float]


SOURCES: Mapping[str, Source] = {
    "shop": Source(0.34, 0.007, 0.30, (7.5, 21)),
    "feed": Source(0.20, 0.022, 0.12, (10, 23.9)),
    "friend": Source(0.18, 0.005, 0.26, (8, 23)),
    "mini": Source(0.14, 0.010, 0.22, (8, 23.5)),
    "market": Source(0.06, 0.028, 0.10, (10, 18)),
    "parcel": Source(0.08, 0.013, 0.18, (9, 22)),
}
CATEGORIES = (
    "latte",
    "americano",
    "pour_over",
    "cold_brew",
    "beans",
    "drip_bags",
    "cake",
    "cups",
)
OPERATORS = ("wen", "hao", "yi", "tom")
SHOPS = 12
ONLINE_SHOP = SHOPS
"""The number of the shop that sends parcels."""


@dataclass(frozen=True, slots=True)
class Person:
    """`orders` are those per week, `talk` messages per month in each group."""

    number: int
    key: str
    name: str
    speaks: str
    source: str
    joined_at: datetime
    left_at: datetime | None
    shop: int
    staff: str
    phone: str
    email: str
    birthday: date | None
    city: int
    gender: int | None
    taste: int | None
    favourite: str
    orders: float
    beans: bool
    talk: float
    interest: float
    shop_key: str = ""
    """The number of their account in the online shop, if they have one."""

    @property
    def has_staff(self) -> bool:
        """Whether `staff` is in charge of them; nobody has taken on the others yet."""
        return self.number % 12 != 5

    def is_member_at(self, moment: datetime) -> bool:
        return self.joined_at <= moment and not (
            self.left_at and self.left_at <= moment
        )


def arrive(settings: Settings) -> list[Person]:
    """Return the members in the order in which they arrive."""
    chance, calendar = settings.chance("people"), settings.calendar
    curves = {key: Weights(_curve(key, settings)) for key in SOURCES}
    keys, shares = list(SOURCES), Weights([each.share for each in SOURCES.values()])
    arrivals: list[tuple[datetime, str]] = []
    while len(arrivals) < settings.members:
        if len(arrivals) < FOUNDERS_SHARE * settings.members:
            source, day = "shop", chance.whole(0, 3)
        else:
            source = keys[shares.draw(chance)]
            day = curves[source].draw(chance)
        moment = calendar.at(day, chance.between(*SOURCES[source].clocks))
        # The last day is only lived through until now.
        if moment <= calendar.now:
            arrivals.append((moment, source))
    return [
        _make_person(number, moment, source, settings, chance)
        for number, (moment, source) in enumerate(sorted(arrivals), start=1)
    ]


def _curve(source: str, settings: Settings) -> list[float]:
    """Return how many arrive by a source on each day, in proportion."""
    calendar = settings.calendar
    if source == "feed":
        waves = (
            [math.exp(-(day - post) / 3) for post in FEED_POSTS if day >= post]
            for day in range(calendar.days)
        )
        return [0.12 + sum(wave) for wave in waves]
    if source == "friend":
        # Members bring members, so that there are more of them every month.
        return [0.3 + 1.4 * day / calendar.days for day in range(calendar.days)]
    if source == "market":
        return [1.0 if day in MARKETS else 0.001 for day in range(calendar.days)]
    if source == "parcel":
        sales = calendar.indexes(SALES_DAYS)
        return [
            1.0 + 6.0 * any(2 <= day - sale <= 7 for sale in sales)
            for day in range(calendar.days)
        ]
    return calendar.weights(
        lambda day: (1.6 if is_weekend(day) else 1.0) + (day.day == MEMBER_DAY)
    )


def _make_person(
    number: int, joined_at: datetime, source: str, settings: Settings, chance: Chance
) -> Person:
    kind, calendar = SOURCES[source], settings.calendar
    left_at = later(joined_at, chance.exponential(MONTH / kind.leaving))
    other = "en" if settings.language == "zh" else "zh"
    is_foreign = chance.happens(FOREIGN_SHARE[settings.language])
    speaks = other if is_foreign else settings.language
    favourite = CATEGORIES[Weights((30, 18, 16, 10, 9, 5, 8, 4)).draw(chance)]
    # Few buy much: most of what is bought comes from a fifth of the members.
    buys = 0.0 if chance.happens(0.3) else chance.exponential(kind.buying) ** 1.25 * 1.5
    has_phone = source in ("mini", "parcel") or chance.happens(0.62)
    is_known = chance.happens(0.45)
    return Person(
        number=number,
        key=f"wm{number:05}",
        name=SPEECHES[speaks].names.write("name", chance),
        speaks=speaks,
        source=source,
        joined_at=joined_at,
        left_at=left_at if left_at < calendar.now else None,
        shop=int(SHOPS * chance.random() ** 1.5),
        staff=chance.pick(OPERATORS),
        # Numbers that no operator gives out.
        phone=f"1990000{number:04}" if has_phone and number < 10_000 else "",
        email=f"member{number}@example.com" if chance.happens(0.12) else "",
        birthday=date(
            chance.whole(1968, 2005), chance.whole(1, 12), chance.whole(1, 28)
        )
        if is_known
        else None,
        city=chance.whole(0, 5 if source == "shop" else 8),
        gender=chance.whole(0, 1) if chance.happens(0.6) else None,
        taste=chance.whole(0, 4) if is_known else None,
        favourite=favourite,
        orders=min(buys, 4.0),
        beans=chance.happens(0.08),
        talk=0.0 if chance.happens(0.45) else chance.exponential(1.9),
        interest=chance.between(0.02, 0.3),
        shop_key=f"mp{number:05}" if has_phone and chance.happens(0.07) else "",
    )
