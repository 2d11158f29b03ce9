"""The community that the functional tests look at, made through the verbs.

    python -m tests.functional.tea_shop      in QUNCE_HOME; prints what is where, as JSON

A tea shop of some sixty people: two languages, long and hostile names, orders, groups,
a campaign that is half sent, an import with broken rows.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import django

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
)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "子涵 雨桐 一诺 浩然 思远 佳怡 欣妍 梓萱 志强 丽华 建国 晓明".split()
ODD = (
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example","点我")',
    "山月茶社忠实老客户兼社区团购站长兼周末手冲课程志愿者协调员张王李赵小姐" * 3,
    "Wolfeschlegelsteinhausenbergerdorff-" * 4,
    "\u202egnp.txt",
    "👩‍👩‍👧‍👦 茶友",
)
GOODS = ("岩茶", "白茶", "茶具", "点心")


@dataclass
class House:
    at: datetime
    community: Any = None
    staff: dict[str, Any] = field(default_factory=dict)
    accounts: list[Any] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    @property
    def owner(self) -> Staff:
        owner: Staff = self.staff["mei"]
        return owner

    def doing(self, **more: Any) -> dict[str, Any]:
        return {"by": self.owner, "at": self.at, **more}

    def here(self, **more: Any) -> dict[str, Any]:
        return self.doing(community=self.community, **more)


def make(at: datetime) -> House:
    house = House(at)
    nobody(house)
    for step in (people, marks, rooms, trade, knowledge, sets, work, keys):
        step(house)
    beat(at)
    layered(house)
    sent(house)
    imported(house)
    beat(at)
    return house


def nobody(house: House) -> None:
    """A community of which nothing is known yet; eve has just been let in."""
    from qunce.core import communities
    from qunce.core.staff import models as staff_models

    empty = communities.create(key="new", name="New", at=house.at, language="en")
    staff_models.create(
        community=empty, login="eve", role="owner", password=PASSWORD, at=house.at
    )


def people(house: House) -> None:
    from qunce.core import communities
    from qunce.core.staff import models as staff_models
    from qunce.core.staff import staff
    from qunce.members.accounts import accounts

    house.community = communities.create(
        key="tea", name="山月茶社", at=house.at - 200 * DAY, language="zh-hans"
    )
    for login, name, role, language in STAFF:
        made = staff_models.create(
            community=house.community,
            login=login,
            name=name,
            role=role,
            password=PASSWORD,
            at=house.at,
        )
        staff.set_preferences(
            staff=made, name=name, language=language, theme="system", at=house.at
        )
        house.staff[login] = made
    names = [f"{SURNAMES[n % 20]}{GIVEN[n * 7 % 12]}" for n in range(60)]
    for number, name in enumerate([*names, *ODD]):
        joined = house.at - house.dice.randint(1, 180) * DAY
        known = {"phone": f"138{number:04}{number * 37 % 10000:04}"}
        house.accounts.append(
            accounts.create(
                **house.here(key=f"m{number:03}", name=name),
                joined_at=joined,
                source="门店" if number % 3 else "小程序",
                identifiers=known if number % 4 else None,
            )
        )
    house.places["account"] = house.accounts[1].pk


def marks(house: House) -> None:
    from qunce.members.tags import assignments, library
    from qunce.members.tags import groups as tag_groups

    level = tag_groups.create(**house.here(key="等级", exclusive=True))
    taste = tag_groups.create(**house.here(key="口味"))
    made = {
        key: library.create(**house.here(key=key, group=group))
        for key, group in (
            ("VIP", level),
            ("普通", level),
            ("岩茶", taste),
            ("白茶", taste),
            ("岩 茶", taste),
            ("手冲咖啡", taste),
        )
    }
    every = [each.pk for each in house.accounts]
    for key, some in (
        ("VIP", every[:18]),
        ("普通", every[18:50]),
        ("岩茶", every[::2]),
        ("白茶", every[::3]),
        ("岩 茶", every[5:6]),
    ):
        batch = assignments.apply(tag=made[key], accounts=some, **house.doing())
    house.places |= {"tag": made["VIP"].pk, "tag_group": taste.pk, "batch": batch.pk}


def rooms(house: House) -> None:
    from qunce.groups import groups

    for number, name in enumerate(("茶友一群", "茶友二群", "周末手冲", "门店导购")):
        group = groups.create(
            **house.here(key=f"room-{number}", name=name),
            platform="wecom",
            capacity=200,
            owner=house.staff[("chen", "wang")[number % 2]],
        )
        some = [each.pk for each in house.accounts[number * 12 : number * 12 + 20]]
        groups.add_members(group=group, accounts=some, **house.doing())
        house.places.setdefault("group", group.pk)


def trade(house: House) -> None:
    from qunce.sales import orders

    for number, account in enumerate(house.accounts[:45]):
        for turn in range(number % 5):
            paid = house.at - house.dice.randint(0, 90) * DAY
            goods = GOODS[(number + turn) % 4]
            amount = 3_800 + 1_250 * (number % 9)
            order = orders.record_payment(
                **house.here(key=f"o{number}-{turn}", account=account.pk),
                amount=amount,
                currency="CNY",
                paid_at=max(paid, account.joined_at),
                items=[{"category": goods, "quantity": 1, "amount": amount}],
            )
    house.places["order"] = order.pk


def knowledge(house: House) -> None:
    from qunce.members.attributes import attributes
    from qunce.members.people import merges, notes

    city = attributes.define(
        **house.here(name="city", type="choice", label="城市"), choices=["杭州", "上海"]
    )
    some = {each.pk: ("杭州", "上海")[n % 2] for n, each in enumerate(house.accounts)}
    attributes.set_values(attribute=city, values=some, **house.doing())
    for login, due in (("mei", -1), ("mei", 1), ("ann", -2)):
        notes.create(
            account=house.accounts[due + 4],
            text="想要不烟熏的岩茶，送长辈。",
            next_step="把新到的肉桂介绍给她",
            due_at=house.at + due * timedelta(hours=2),
            by=house.staff[login],
            at=house.at,
        )
    pair = merges.Pair(house.accounts[1].pk, house.accounts[40].pk)
    merges.merge(**house.here(pairs=[pair]))
    house.places["attribute"] = city.pk


def sets(house: House) -> None:
    from qunce.members.segments import frozen as frozen_segments
    from qunce.members.segments import segments

    bought = {"did": {"kind": "order.paid", "times": {"gte": 2}, "within": "90d"}}
    rules: dict[str, Any] = {
        "回头客": {"all": [bought, {"not": {"tag": {"any": ["普通"]}}}]},
        "爱岩茶的VIP": {
            "all": [
                {"tag": {"all": ["VIP"]}},
                {"any": [{"tag": {"any": ["岩茶"]}}, {"group": {"any": ["room-0"]}}]},
            ]
        },
    }
    for key, rule in rules.items():
        made = segments.create(**house.here(key=key, rule=rule))
    frozen = frozen_segments.freeze(
        **house.here(key="十一月名单", rule=rule), segment=made
    )
    segments.record_sizes(community=house.community, at=house.at)
    house.places |= {"segment": made.pk, "frozen": frozen.pk}


def work(house: House) -> None:
    from qunce.core.staff import units

    unit = units.create(**house.here(name="杭州一店", kind="local"))
    house.places |= {"unit": unit.pk, "operator": house.staff["chen"].pk}


def keys(house: House) -> None:
    from qunce.channels.webhooks import endpoints
    from qunce.core.staff import api_keys

    key, _token = api_keys.create(
        name="商城", scopes=["members:read"], staff=house.owner, **house.doing()
    )
    house.places["key"] = key.pk
    endpoint = endpoints.create(
        **house.here(name="仓库", kinds=["order.paid"]),
        url="https://warehouse.example/hooks",
    )
    endpoints.pause(endpoint=endpoint, **house.doing())
    house.places["endpoint"] = endpoint.pk


def layered(house: House) -> None:
    from qunce.members.layers import layers
    from qunce.members.layers import specs as layer_specs

    made = layers.create(
        **house.here(key="value", spec=layer_specs.VALUE, name="价值"), default="low"
    )
    for back in (1, 0):
        layers.recompute(layering=made, by=house.owner, at=house.at - back * DAY)
    house.places["layering"] = made.pk


def sent(house: House) -> None:
    from qunce.outreach.campaigns import campaigns, launch

    about: dict[str, Any] = {
        "text": "{name|朋友}，新到的肉桂可以来店里试饮，这周都在。",
        "rule": {"tag": {"any": ["VIP"]}},
        "staff": [house.staff[login].pk for login in ("chen", "wang", "mei", "sue")],
        "due_at": house.at + timedelta(hours=6),
    }
    draft = campaigns.create(**house.here(name="周末试饮"), **about)
    running = campaigns.create(**house.here(name="肉桂到店"), **about)
    launch.start(campaign=running, **house.doing())
    house.places |= {"draft": draft.pk, "campaign": running.pk}
    for login, place in (("chen", "task"), ("sue", "task_en")):
        house.places[place] = _half_done(house, house.staff[login])


def _half_done(house: House, staff: Staff) -> int:
    from qunce.outreach.sending import assisted_sending, tasks

    mine = tasks.list_open(staff, house.at)[0]
    rows = assisted_sending.open_next(task=mine, by=staff, at=house.at)
    for row in rows[:2]:
        assisted_sending.mark_sent(task=mine, target=row.target_id, by=staff, at=house.at)
    return mine.pk


def imported(house: House) -> None:
    from qunce.importing import background_imports, uploads

    path = uploads.new_upload_path(house.community)
    path.write_text("key,name,phone\nx1,新客一,13900000001\nx2,新客二,12\n")
    upload = uploads.accept(path=path, name="十月新客.csv", **house.doing())
    job = background_imports.start(upload=upload, **house.doing())
    house.places |= {"upload": upload.pk, "job": job.pk}


def beat(at: datetime) -> None:
    """What `serve` does, until there is nothing left."""
    from qunce.cli import worker_loop

    for _ in range(3):
        worker_loop.run_once(clock=lambda: at, is_stopping=lambda: False)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from qunce.core import data_dir

    data_dir.ready()
    made = make(datetime.now(UTC))
    print(json.dumps(made.places), flush=True)


if __name__ == "__main__":
    main()
