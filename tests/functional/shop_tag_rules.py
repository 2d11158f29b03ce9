"""The tag rules of the tea shop: a keyword, a daily rule, and one that fights with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

TEXTS = ("这款岩茶价格多少", "多少钱一两？", "价格能便宜点吗")


def add_tag_rules(shop: TeaShop) -> None:
    """Add three rules that have run, and a draft; facts are derived already."""
    from qunce.members.tag_rules import activation, runs, tag_rules
    from qunce.members.tags import library

    price = library.create(**shop.in_shop(key="问过价格", name="问过价格"))
    levels = [(1, "问过一次"), (3, "高意向")]
    library.set_levels(tag=price, levels=levels, **shop.by_owner())
    quiet = library.create(**shop.in_shop(key="沉默", name="沉默"))
    _post(shop)
    words = {"any": ["价格", "多少钱"]}
    keyword = tag_rules.create(
        **shop.in_shop(
            name="问价格",
            description="问过三次的顾客，请店长跟进。",
            condition={"event": {"kind": "message.posted", "words": words}},
            effects=[{"do": "deepen", "tag": price.key, "depth": 1}],
            mode="event",
        )
    )
    activation.activate(rule=keyword, past_days=30, **shop.by_owner())
    silent = tag_rules.create(
        **shop.in_shop(
            name="沉默三十天",
            condition={
                "silence": {"kinds": ["order.paid", "message.posted"], "days": 30}
            },
            effects=[{"do": "add", "tag": quiet.key}],
            mode="daily",
            takes_back=True,
        )
    )
    activation.activate(rule=silent, **shop.by_owner())
    done = runs.run(rule=silent, **shop.by_owner())
    fight = tag_rules.create(
        **shop.in_shop(
            name="VIP 不算沉默",
            condition={"rule": {"all": [{"tag": {"any": ["VIP"]}}]}},
            effects=[{"do": "remove", "tag": quiet.key}],
            mode="daily",
        )
    )
    shop.ids |= {
        "tag_rule": fight.pk,
        "tag_rule_keyword": keyword.pk,
        "tag_rule_silent": silent.pk,
        "tag_rule_run": done.pk,
    }


def _post(shop: TeaShop) -> None:
    """Members ask for prices, as a program reports it with the texts."""
    from qunce import ingest
    from qunce.ingest.incoming_facts import IncomingFact
    from qunce.members.accounts.models import Account
    from qunce.sets.mirror import deriver

    accounts = Account.objects.filter(community=shop.community).order_by("pk")
    ids = list(accounts.values_list("pk", flat=True)[:9])
    moment = shop.at - timedelta(days=2)
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=moment - timedelta(hours=number),
            account=account,
            payload={"length": 8, "text": TEXTS[number % 3]},
        )
        for number, account in enumerate([*ids, *ids[:4], *ids[:2]])
    ]
    before = shop.at - timedelta(minutes=1)
    ingest.record_facts(
        community=shop.community, incoming=incoming, by=shop.owner, at=before
    )
    deriver.catch_up()
