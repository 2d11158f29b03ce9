"""The community of the functional tests, built through the verbs.

    python -m tests.functional.tea_shop      in QUNCE_HOME

It prints JSON: the IDs of examples, and a session of each login.

A tea shop of some sixty people: two languages, long and hostile names, orders, groups,
a campaign that is half sent, and imports: with broken rows, with joins and refunds in
two currencies, undone, and one that waits for answers.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import django

from tests.functional import evening_groups
from tests.functional.imported_files import add_imports, undo_import
from tests.functional.shop_activities import add_activities
from tests.functional.shop_feedback import add_feedback
from tests.functional.shop_group_people import add_group_people
from tests.functional.shop_insight import (
    add_findings,
    add_funnel,
    add_goal_and_positioning,
    add_note,
    add_report,
)
from tests.functional.shop_moderation import add_moderation
from tests.functional.shop_outreach import add_outreach
from tests.functional.shop_points import add_points
from tests.functional.shop_prizes import add_prizes
from tests.functional.shop_segments import add_segments
from tests.functional.shop_tag_rules import add_tag_rules

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

PASSWORD = "quiet harbour at dawn"
DAY = timedelta(days=1)
STAFF = (
    ("mei", "林美", "owner", "zh-hans"),
    ("ann", "Ann Lee", "owner", "en"),
    ("chen", "陈立", "operator", "zh-hans"),
    ("wang", "王芳", "operator", "zh-hans"),
    ("sue", "Sue Park", "operator", "en"),
    ("vic", "Vic", "viewer", "en"),
    ("wei", "韦一", "viewer", "zh-hans"),
    ("max", "Max Bell", "manager", "en"),
    ("liu", "刘敏", "manager", "zh-hans"),
    ("sam", "Sam Hill", "manager", "en"),
    ("zhou", "周南", "manager", "zh-hans"),
)
SCOPED = ("sam", "zhou")
"""Managers who see some members and one group."""
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN_NAMES = "子涵 雨桐 一诺 浩然 思远 佳怡 欣妍 梓萱 志强 丽华 建国 晓明".split()
HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example","点我")',
    "山月茶社忠实老客户兼社区团购站长兼周末手冲课程志愿者协调员张王李赵小姐" * 3,
    "Wolfeschlegelsteinhausenbergerdorff-" * 4,
    "\u202egnp.txt",
    "👩‍👩‍👧‍👦 茶友",
)
GOODS = ("岩茶", "白茶", "茶具", "点心")


@dataclass
class TeaShop:
    """`ids` maps a kind of object to the ID of an example of it."""

    at: datetime
    community: Any = None
    staff: dict[str, Any] = field(default_factory=dict)
    accounts: list[Any] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    @property
    def owner(self) -> Staff:
        owner: Staff = self.staff["mei"]
        return owner

    def by_owner(self, **fields: Any) -> dict[str, Any]:
        """Return arguments of a verb: the owner acts now."""
        return {"by": self.owner, "at": self.at, **fields}

    def in_shop(self, **fields: Any) -> dict[str, Any]:
        return self.by_owner(community=self.community, **fields)


def build(at: datetime) -> TeaShop:
    shop = TeaShop(at)
    add_empty_community(shop)
    evening_groups.add(at, PASSWORD)
    for step in (
        add_staff_and_members,
        add_tags,
        add_groups,
        narrow_scopes,
        add_orders,
        add_attributes_and_notes,
        add_segments,
        add_findings,
        add_funnel,
        add_note,
        add_unit,
        add_api_key_and_webhook,
        add_channel,
    ):
        step(shop)
    run_jobs(at)
    add_layering(shop)
    add_outreach(shop)
    add_tag_rules(shop)
    add_identity_and_rates(shop)
    add_imports(shop)
    run_jobs(at)
    undo_import(shop)
    run_jobs(at)
    add_report(shop)
    add_goal_and_positioning(shop)
    add_moderation(shop)
    add_feedback(shop)
    add_group_people(shop)
    add_points(shop)
    add_prizes(shop)
    add_activities(shop)
    return shop


def add_empty_community(shop: TeaShop) -> None:
    """Add a community without members, and its owners: Eve reads English, Xia Chinese."""
    from qunce.core import communities
    from qunce.core.staff import models as staff_models
    from qunce.core.staff import staff

    empty = communities.create(key="new", name="晨读茶社", at=shop.at, language="en")
    staff_models.create(
        community=empty, login="eve", role="owner", password=PASSWORD, at=shop.at
    )
    xia = staff_models.create(
        community=empty, login="xia", role="owner", password=PASSWORD, at=shop.at
    )
    staff.set_preferences(
        staff=xia, name="夏", language="zh-hans", theme="system", at=shop.at
    )


def add_staff_and_members(shop: TeaShop) -> None:
    from qunce.core import communities
    from qunce.core.staff import models as staff_models
    from qunce.core.staff import staff
    from qunce.members.accounts import accounts

    shop.community = communities.create(
        key="tea", name="山月茶社", at=shop.at - 200 * DAY, language="zh-hans"
    )
    for login, name, role, language in STAFF:
        row = staff_models.create(
            community=shop.community,
            login=login,
            name=name,
            role=role,
            password=PASSWORD,
            at=shop.at,
        )
        staff.set_preferences(
            staff=row, name=name, language=language, theme="system", at=shop.at
        )
        shop.staff[login] = row
    names = [f"{SURNAMES[n % 20]}{GIVEN_NAMES[n * 7 % 12]}" for n in range(60)]
    for number, name in enumerate([*names, *HOSTILE_NAMES]):
        joined = shop.at - shop.random.randint(1, 180) * DAY
        phone = {"phone": f"138{number:04}{number * 37 % 10000:04}"}
        shop.accounts.append(
            accounts.create(
                **shop.in_shop(key=f"m{number:03}", name=name),
                joined_at=joined,
                source="门店" if number % 3 else "小程序",
                identifiers=phone if number % 4 else None,
            )
        )
    shop.ids["account"] = shop.accounts[1].pk


def add_tags(shop: TeaShop) -> None:
    from qunce.members.tags import assignments, library
    from qunce.members.tags import groups as tag_groups

    level = tag_groups.create(**shop.in_shop(key="等级", exclusive=True))
    taste = tag_groups.create(**shop.in_shop(key="口味"))
    tags = {
        key: library.create(**shop.in_shop(key=key, group=group))
        for key, group in (
            ("VIP", level),
            ("普通", level),
            ("岩茶", taste),
            ("白茶", taste),
            ("岩 茶", taste),
            ("手冲咖啡", taste),
        )
    }
    account_ids = [account.pk for account in shop.accounts]
    for key, chosen in (
        ("VIP", account_ids[:18]),
        ("普通", account_ids[18:50]),
        ("岩茶", account_ids[::2]),
        ("白茶", account_ids[::3]),
        ("岩 茶", account_ids[5:6]),
    ):
        batch = assignments.apply(tag=tags[key], accounts=chosen, **shop.by_owner())
    shop.ids |= {"tag": tags["VIP"].pk, "tag_group": taste.pk, "batch": batch.pk}


def add_groups(shop: TeaShop) -> None:
    from qunce.groups import groups

    for number, name in enumerate(("茶友一群", "茶友二群", "周末手冲", "门店导购")):
        group = groups.create(
            **shop.in_shop(key=f"group-{number}", name=name),
            platform="wecom",
            capacity=200,
            owner=shop.staff[("chen", "wang")[number % 2]],
        )
        members = shop.accounts[number * 12 : number * 12 + 20]
        account_ids = [account.pk for account in members]
        groups.add_members(group=group, accounts=account_ids, **shop.by_owner())
        shop.ids.setdefault("group", group.pk)


def narrow_scopes(shop: TeaShop) -> None:
    from qunce.core.staff import staff
    from qunce.groups import groups

    group = groups.Group.objects.get(pk=shop.ids["group"])
    for login in SCOPED:
        staff.update(
            staff=shop.staff[login],
            scope={"tag": {"any": ["VIP"]}},
            groups=[group.key],
            **shop.by_owner(),
        )


def add_orders(shop: TeaShop) -> None:
    from qunce.sales import orders

    for number, account in enumerate(shop.accounts[:45]):
        for index in range(number % 5):
            paid = shop.at - shop.random.randint(0, 90) * DAY
            category = GOODS[(number + index) % 4]
            amount = 3_800 + 1_250 * (number % 9)
            order = orders.record_payment(
                **shop.in_shop(key=f"o{number}-{index}", account=account.pk),
                amount=amount,
                currency="CNY",
                paid_at=max(paid, account.joined_at),
                items=[{"category": category, "quantity": 1, "amount": amount}],
            )
    shop.ids["order"] = order.pk


def add_attributes_and_notes(shop: TeaShop) -> None:
    from qunce.members.attributes import attributes
    from qunce.members.people import merges, notes

    city = attributes.define(
        **shop.in_shop(name="city", type="choice", label="城市"),
        choices=["杭州", "上海"],
    )
    attributes.define(**shop.in_shop(name="birthday", type="date", label="生日"))
    values = {
        account.pk: ("杭州", "上海")[n % 2] for n, account in enumerate(shop.accounts)
    }
    attributes.set_values(attribute=city, values=values, **shop.by_owner())
    for login, due in (("mei", -1), ("mei", 1), ("ann", -2)):
        notes.create(
            account=shop.accounts[due + 4],
            text="想要不烟熏的岩茶，送长辈。",
            next_step="把新到的肉桂介绍给对方",
            due_at=shop.at + due * timedelta(hours=2),
            by=shop.staff[login],
            at=shop.at,
        )
    pair = merges.Pair(shop.accounts[1].pk, shop.accounts[40].pk)
    merges.merge(**shop.in_shop(pairs=[pair]))
    shop.ids["attribute"] = city.pk


def add_unit(shop: TeaShop) -> None:
    from qunce.core.staff import roles, units

    unit = units.create(
        **shop.in_shop(name="杭州一店", kind="local"), scope={"tag": {"any": ["VIP"]}}
    )
    role = roles.create(
        name="店长", base="operator", chosen=["tags.apply"], **shop.by_owner()
    )
    shop.ids |= {"unit": unit.pk, "staff": shop.staff["chen"].pk, "role": role.pk}


def add_api_key_and_webhook(shop: TeaShop) -> None:
    from qunce.channels.webhooks import endpoints
    from qunce.core import errors
    from qunce.core.jobs import job_queue
    from qunce.core.staff import api_keys
    from qunce.members.segments.segments import Segment

    key, _token = api_keys.create(
        name="商城", scopes=["members:read"], staff=shop.owner, **shop.by_owner()
    )
    shop.ids["key"] = key.pk
    job_queue.schedule(
        job="segments.record_size",
        key=str(Segment.objects.order_by("pk")[0].pk),
        due_at=shop.at,
        community=shop.community,
        recurs=True,
    )
    job = job_queue.QueuedJob.objects.get(job="segments.record_size")
    job_queue.fail(job, error=errors.Invalid("没有标签“茶友”。"), at=shop.at)
    shop.ids["job"] = job.pk
    endpoint = endpoints.create(
        **shop.in_shop(name="仓库", kinds=["order.paid"]),
        url="https://warehouse.example/hooks",
    )
    endpoints.pause(endpoint=endpoint, **shop.by_owner())
    shop.ids["endpoint"] = endpoint.pk


def add_channel(shop: TeaShop) -> None:
    """A connected homeserver, in one of whose rooms rights are missing."""
    from qunce.channels.accounts.models import ChannelAccount

    details = {
        "room": "茶友群",
        "rights": "kick,m.room.power_levels",
        "level": "50",
        "needed": "100",
        "user": "@qunce:tea.example",
    }
    ChannelAccount.objects.create(
        community=shop.community,
        channel="matrix",
        address="https://matrix.tea.example",
        user="@qunce:tea.example",
        secret="token",
        problems=[{"code": "rights_missing", "details": details}],
        connected_at=shop.at,
        checked_at=shop.at,
        received_at=shop.at,
        by=shop.owner,
    )


def add_layering(shop: TeaShop) -> None:
    from qunce.members.layers import layering_specs as layer_specs
    from qunce.members.layers import layers

    names = {"high": "高", "mid": "中", "low": "低"}
    named = [
        {**layer, "name": names[layer["key"]]} for layer in layer_specs.VALUE["layers"]
    ]
    spec = {**layer_specs.VALUE, "layers": named}
    layering = layers.create(
        **shop.in_shop(key="value", spec=spec, name="价值"), default="low"
    )
    # Four days ago and the day after, no server ran.
    for days_ago in (28, 21, 14, *range(10, 4, -1), 2, 1, 0):
        layers.recompute(layering=layering, by=shop.owner, at=shop.at - days_ago * DAY)
    shop.ids["layering"] = layering.pk


def add_identity_and_rates(shop: TeaShop) -> None:
    """Add a text that means none, a rate, an order abroad, and someone who was erased."""
    from decimal import Decimal

    from qunce.core import exchange_rates
    from qunce.members.accounts import accounts, placeholders
    from qunce.members.people import people
    from qunce.sales import orders

    placeholders.add(**shop.in_shop(text="没有手机"))
    for days_ago, rate in ((150, "7.18"), (20, "7.09")):
        exchange_rates.set_rate(
            **shop.in_shop(currency="USD", rate=Decimal(rate)),
            since=(shop.at - days_ago * DAY).date(),
        )
    for number, currency in enumerate(("USD", "EUR")):
        orders.record_payment(
            **shop.in_shop(key=f"abroad-{number}", account=shop.accounts[5].pk),
            amount=4_550,
            currency=currency,
            paid_at=shop.at - DAY,
            source="海外店",
        )
    abroad = orders.refund(
        **shop.in_shop(key="abroad-0", source="海外店"),
        amount=1_000,
        refunded_at=shop.at,
    )
    shop.ids["order_abroad"] = abroad.pk
    someone = accounts.create(
        **shop.in_shop(key="m999", name="已离开", joined_at=shop.at - DAY)
    )
    people.erase(account=someone, **shop.by_owner())


def run_jobs(at: datetime) -> None:
    """Run background work as `serve` does, until nothing is left."""
    from qunce.cli import worker_loop

    for _ in range(3):
        worker_loop.run_once(clock=lambda: at, is_stopping=lambda: False)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from qunce.core import data_dir
    from qunce.core.staff.models import Staff
    from tests import clients

    data_dir.ready()
    shop = build(datetime.now(UTC))
    sessions = {row.login: clients.session_key(row) for row in Staff.objects.all()}
    print(json.dumps({"ids": shop.ids, "sessions": sessions}), flush=True)


if __name__ == "__main__":
    main()
