"""Two shops for the walks through a working week, one in Chinese and one in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.staff_in_charge import assignments
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Budget, Limit, Mode, Span
from qunce.outreach.welcomes import welcomes

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
REACHABLE, UNREACHABLE = "wecom", "wechat"
"""The channel that is there, and one that staff must post to."""
NEWCOMERS, WITHOUT_CHANNEL = 12, 2
JOINED_BEFORE = (3, 5, 8, 12, 16, 20)
"""Days before Monday on which two members each joined."""
GROUPS = {"lan": 3, "wang": 4, "li": 3}


@dataclass(frozen=True)
class Words:
    """What is written in the language of a shop."""

    shop: str
    staff: Mapping[str, str]
    names: tuple[str, ...]
    group: str
    column: str
    text: str
    welcome: str


WORDS = {
    "zh-hans": Words(
        shop="山月茶社",
        staff={"lan": "兰", "wang": "王芳", "li": "李娜", "manager": "郝经理"},
        names=tuple(
            f"{first}{second}"
            for second in ("子涵", "雨桐", "一诺", "浩然")
            for first in "王李张刘陈杨"
        ),
        group="茶友{}群",
        column="早间栏目",
        text="早安，今天是正月十四。\n先喝一泡热的，再开工。",
        welcome="{name|朋友}，欢迎来喝茶。想问什么直接说。",
    ),
    "en": Words(
        shop="Moon Tea",
        staff={"lan": "Lan", "wang": "Wang", "li": "Li", "manager": "Max Bell"},
        names=tuple(
            f"{first} {second}"
            for second in ("Archer", "Bell", "Carter", "Dale")
            for first in ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn")
        ),
        group="Tea friends {}",
        column="Morning column",
        text="Good morning, and a good week.\nWhich tea do you begin with?",
        welcome="Welcome {name|friend}! Ask whatever you like.",
    ),
}


@dataclass
class WeekShop:
    """`at` is when it is built, Monday morning; `prefix` begins its keys."""

    prefix: str
    language: str
    at: datetime
    staff: dict[str, Staff] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = WORDS[self.language]
        self.community = communities.create(
            key=self.prefix,
            name=self.words.shop,
            at=self.at - 60 * DAY,
            language=self.language,
        )
        for login, name in self.words.staff.items():
            role = "manager" if login == "manager" else "operator"
            self.staff[login] = self._add_staff(login, name, role)

    def _add_staff(self, login: str, name: str, role: str) -> Staff:
        row = staff_models.create(
            community=self.community,
            login=f"{self.prefix}-{login}",
            name=name,
            role=role,
            at=self.at,
        )
        staff.set_preferences(
            staff=row, name=name, language=self.language, theme="system", at=self.at
        )
        return row

    def by_manager(self, **fields: Any) -> dict[str, Any]:
        return {"by": self.staff["manager"], "at": self.at, **fields}

    def in_shop(self, **fields: Any) -> dict[str, Any]:
        return self.by_manager(community=self.community, **fields)

    def join(self, key: str, name: str, channel: str, at: datetime) -> int:
        account = accounts.create(
            **self.in_shop(key=f"{self.prefix}-{key}", name=name) | {"at": at},
            channel=channel,
            joined_at=at,
        )
        return account.pk


@dataclass
class Week:
    languages: Mapping[str, str]
    at: datetime
    shops: dict[str, WeekShop] = field(default_factory=dict)

    def build(self) -> list[Staff]:
        """Build the shops; returns the staff who are signed in."""
        for prefix, language in self.languages.items():
            shop = WeekShop(prefix, language, self.at)
            for step in (add_limit, add_welcome, add_members, add_column):
                step(shop)
            self.shops[prefix] = shop
        logins = ("lan", "manager")
        return [shop.staff[login] for shop in self.shops.values() for login in logins]

    def do(self, command: dict[str, Any], at: datetime) -> None:
        """Let somebody join a shop through the channel: `shop`, `key` and `name`."""
        if command:
            shop = self.shops[command["shop"]]
            shop.join(command["key"], command["name"], REACHABLE, at)


def add_limit(shop: WeekShop) -> None:
    """One marketing message in thirty days."""
    policies.update(
        **shop.in_shop(budget=Budget(limits=(Limit(Span.MONTH, Mode.AT_MOST, 1),))),
        counts_assisted=True,
    )


def add_welcome(shop: WeekShop) -> None:
    welcome = welcomes.create(
        **shop.in_shop(
            name=shop.words.welcome[:12],
            text=shop.words.welcome,
            is_for_others=True,
            staff=shop.staff["manager"],
        )
    )
    welcomes.switch_on(welcome=welcome, **shop.by_manager())


def add_members(shop: WeekShop) -> None:
    """Add who joined in the weeks before, and the newcomers of this morning."""
    names = iter(shop.words.names)
    for days in JOINED_BEFORE:
        for number in range(2):
            key = f"before-{days}-{number}"
            shop.join(key, next(names), REACHABLE, shop.at - days * DAY)
    newcomers = [
        shop.join(
            f"new-{number:02}",
            next(names),
            UNREACHABLE if number < WITHOUT_CHANNEL else REACHABLE,
            shop.at - (NEWCOMERS - number) * MINUTE,
        )
        for number in range(NEWCOMERS)
    ]
    assignments.assign(**shop.in_shop(accounts=newcomers, staff=shop.staff["lan"]))


def add_column(shop: WeekShop) -> None:
    """Start the column of the morning in ten groups, which three people own."""
    chosen: list[int] = []
    for login, count in GROUPS.items():
        for _number in range(count):
            number = len(chosen) + 1
            group = groups.create(
                **shop.in_shop(
                    key=f"{shop.prefix}-g{number:02}",
                    name=shop.words.group.format(number),
                    owner=shop.staff[login],
                )
            )
            chosen.append(group.pk)
    column = campaigns.create(
        **shop.in_shop(name=shop.words.column, text=shop.words.text),
        target="groups",
        groups=chosen,
        staff=[shop.staff[login].pk for login in GROUPS],
        due_at=shop.at + 60 * MINUTE,
    )
    launch.start(campaign=column, **shop.by_manager())
