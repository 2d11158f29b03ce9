"""A shop for the walk of an evening offer, in Chinese or in English."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from qunce import ingest
from qunce.channels.channel_contract import failed
from qunce.channels.testing import FakeChannel
from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import staff_accounts
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import approvals, variants
from qunce.outreach.content import files
from qunce.outreach.content.materials import library as materials
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import Origin
from qunce.sales import orders
from tests.outreach.content.pictures import picture

CHANNEL, PER_MINUTE = "recorded", 20
ADDRESS = "https://shop.example.org/osmanthus"
MEMBERS, VIPS = 60, 12
OPTED_OUT, LEFT = range(12, 15), 15
AT_LIMIT, NEAR_LIMIT = range(16, 20), range(20, 25)
"""Members with two and with one of the two messages that seven days allow."""
ORDERED, LEFT_AFTERWARDS = 8, 2
"""Recipients who order and who leave after the offer; of the hold-out one orders."""
APPROVED_FROM = 20
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Words:
    """What is written in the language of the shop."""

    writer: str
    manager: str
    shop: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    separator: str
    link: str
    image: str
    groups: tuple[str, ...]


WORDS = {
    "zh-hans": Words(
        writer="兰",
        manager="郝经理",
        shop="山月茶社",
        first=tuple("王李张刘陈杨赵周"),
        second=tuple("子涵 雨桐 一诺 浩然 思远 佳怡 欣妍 志强".split()),
        separator="",
        link="桂花乌龙",
        image="今晚海报",
        groups=("茶友一群", "茶友二群", "周末手冲", "岩茶同好", "门店会员"),
    ),
    "en": Words(
        writer="Lan",
        manager="Max Bell",
        shop="Moon Tea",
        first=tuple("Ada Ben Cleo Dan Eva Finn Grace Hugo".split()),
        second=tuple("Archer Bell Carter Dale Ellis Ford Grant Hale".split()),
        separator=" ",
        link="Osmanthus oolong",
        image="Poster for tonight",
        groups=("Tea friends", "Evening tea", "Weekend", "Rock tea", "Store"),
    ),
}


@dataclass
class OfferShop:
    """`at` is when it is built; `prefix` begins the keys of its members and groups."""

    prefix: str
    language: str
    at: datetime
    people: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.words = WORDS[self.language]
        self.community = communities.create(
            key=self.prefix, name=self.words.shop, at=self.at, language=self.language
        )
        self.writer = self._add_staff("writer", self.words.writer, "operator")
        self.manager = self._add_staff("manager", self.words.manager, "manager")

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
        return {"by": self.manager, "at": self.at, **fields}

    def in_shop(self, **fields: Any) -> dict[str, Any]:
        return self.by_manager(community=self.community, **fields)

    def name(self, number: int) -> str:
        first = self.words.first[number % len(self.words.first)]
        second = self.words.second[number // len(self.words.first)]
        return f"{first}{self.words.separator}{second}"


def build(shop: OfferShop, channel: FakeChannel) -> None:
    add_members(shop)
    add_messages_of_the_week(shop)
    add_materials(shop)
    add_groups(shop, channel)
    approvals.set_from_size(**shop.in_shop(from_size=APPROVED_FROM))


def add_members(shop: OfferShop) -> None:
    for number in range(MEMBERS):
        account = accounts.create(
            **shop.in_shop(key=f"{shop.prefix}-m{number:02}", name=shop.name(number)),
            channel=CHANNEL,
            joined_at=shop.at - (60 + number) * DAY,
        )
        shop.people.append(account.pk)
    vip = library.create(**shop.in_shop(key="VIP"))
    assignments.apply(tag=vip, accounts=shop.people[:VIPS], **shop.by_manager())
    segments.create(**shop.in_shop(key="VIP", rule={"tag": {"any": ["VIP"]}}))
    opted_out = [shop.people[number] for number in OPTED_OUT]
    opt_outs.opt_out(**shop.in_shop(accounts=opted_out))
    left = account_queries.get(shop.community, f"{shop.prefix}-m{LEFT:02}")
    accounts.leave(account=left, **shop.by_manager())
    own = accounts.create(
        **shop.in_shop(key=f"{shop.prefix}-own", name=shop.words.writer),
        channel=CHANNEL,
    )
    staff_accounts.mark(accounts=[own.pk], staff=shop.writer, **shop.by_manager())


def add_messages_of_the_week(shop: OfferShop) -> None:
    """Report messages that came from elsewhere, which count for the contact limit."""
    reported = [(number, hours) for number in AT_LIMIT for hours in (5, 30)]
    reported += [(number, 30) for number in NEAR_LIMIT]
    incoming = [
        IncomingFact(
            kind="send.delivered",
            happened_at=shop.at - hours * HOUR,
            account=shop.people[number],
        )
        for number, hours in reported
    ]
    ingest.record_facts(**shop.in_shop(incoming=incoming))


def add_materials(shop: OfferShop) -> None:
    materials.create(
        **shop.in_shop(kind="link", title=shop.words.link, content_type="offer"),
        url=ADDRESS,
        text="",
    )
    poster = io.BytesIO(picture((240, 160)))
    file = files.store(content=poster, name="tonight.png", **shop.by_manager())
    materials.create(
        **shop.in_shop(kind="image", title=shop.words.image, content_type="offer"),
        files=[file],
    )


def add_groups(shop: OfferShop, channel: FakeChannel) -> None:
    """Add five groups; in the last two the channel may not write."""
    keys = [f"{shop.prefix}-g{number}" for number in range(len(shop.words.groups))]
    for key, name in zip(keys, shop.words.groups, strict=True):
        groups.create(**shop.in_shop(key=key, name=name), owner=shop.writer)
    channel.script[keys[-2]] = [failed("muted")]
    channel.script[keys[-1]] = [failed("not_in_group")]


def pass_evening(shop: OfferShop, campaign: int, at: datetime) -> None:
    """Let members order and leave after the offer, and one of the hold-out order."""
    sent = ledger.list_of(Origin.CAMPAIGN, campaign).filter(state="delivered")
    reached = list(sent.values_list("target_id", flat=True))
    held_out = sorted(variants.load_held_out(campaign))
    for number, person in enumerate([*reached[:ORDERED], held_out[0]]):
        orders.record_payment(
            **shop.in_shop(key=f"evening-{number}", account=person) | {"at": at},
            amount=12_800,
            currency=shop.community.currency,
            paid_at=at,
        )
    for account in Account.objects.filter(pk__in=reached[-LEFT_AFTERWARDS:]):
        accounts.leave(account=account, by=shop.manager, at=at)
