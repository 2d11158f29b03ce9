"""What the tea shop has in Insight: a note, goals, findings, a funnel and a report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop


def add_note(shop: TeaShop) -> None:
    from qunce.insight.notebook import notebook

    fields = {"who": "对面茶馆", "title": "新茶试饮", "url": "https://tea.invalid/a"}
    note = notebook.create(**shop.in_shop(kind="competitor", **fields))
    shop.ids["notebook_entry"] = note.pk


def add_goal_and_positioning(shop: TeaShop) -> None:
    from qunce.core import community_days
    from qunce.insight.goals import goals
    from qunce.insight.positioning import sheets

    today = community_days.to_date(shop.community.day(shop.at))
    # The report is printed without them, as it has five lines for the boss.
    span = {"first": today - timedelta(days=10), "last": today + timedelta(days=17)}
    for name, metric, target in (
        ("四周新用户", "new_members", "40"),
        ("四周净销售额", "net_sales", "30000"),
        ("用户达到 500", "members", "500"),
    ):
        goal = goals.create(
            **shop.in_shop(
                name=name, metric=metric, direction="at_least", target=target, **span
            )
        )
        shop.ids.setdefault("goal", goal.pk)
    content = {
        "product": "社区茶馆和当季的茶叶。",
        "reason": "当季新茶，喝不惯可以换。",
        "pains": ["不知道茶叶放了多久", "怕买贵"],
        "hooks": [{"text": "扫码入群，第一泡免费", "pain": "不知道茶叶放了多久"}],
        "leader": "掌柜梅姐：做茶二十年，每晚在群里答问题。",
        "values": ["说得清来处", "不劝多买"],
        "say": ["当季新茶"],
        "never_say": [{"word": "全网最低", "instead": "本周的价格"}],
    }
    sheets.save(**shop.in_shop(content=content))


def add_findings(shop: TeaShop) -> None:
    """Two open findings, one that was dismissed, and one whose action helped."""
    from tests.functional import shop_findings

    shop_findings.add(shop)


def add_funnel(shop: TeaShop) -> None:
    from qunce.insight.funnels import funnels

    steps = [{"kind": "member.joined"}, {"kind": "order.paid"}, {"kind": "order.paid"}]
    funnel = funnels.create(
        **shop.in_shop(name="从加入到复购", definition={"steps": steps})
    )
    shop.ids["funnel"] = funnel.pk


def add_report(shop: TeaShop) -> None:
    from qunce.insight.reports import reports

    report = reports.create(**shop.in_shop(kind="weekly"))
    shop.ids["report"] = report.pk
