"""The moderation of the tea shop: a rule, cases in every state, an appeal, a mass action."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

TEXTS = (
    "低价代购包包，加微信 vx8866 看图",
    "刷单兼职日结三百，有意私聊加微信",
    "出二手茶具，全新未拆，加微信领红包 https://shop.example/a?b=1&c=2",
    "高仿名表批发，加微信看货，量大从优，全国包邮，支持验货，" * 6 + "加微信",
)


def add_moderation(shop: TeaShop) -> None:
    from qunce.groups.group_messages import GroupMessage
    from qunce.groups.groups import Group, Membership
    from qunce.groups.moderation import moderation_settings
    from qunce.groups.moderation.cases import cases
    from qunce.groups.moderation.judgements import judging
    from qunce.groups.moderation.ladders import ladders
    from qunce.groups.moderation.models import Case
    from qunce.groups.moderation.rules import rules
    from qunce.groups.moderation.staff_decisions import (
        appeals,
        case_decisions,
        mass_actions,
    )

    owner: dict[str, Any] = shop.by_owner()
    group = Group.objects.get(pk=shop.ids["group"])
    community = group.community
    ladder = ladders.create(
        community=community,
        name="严格",
        window_days=30,
        rungs=[{"strikes": 1, "rung": "delete"}, {"strikes": 2, "rung": "ban"}],
        **owner,
    )
    rule = rules.create(
        community=community,
        name="广告",
        checks=[{"check": "keywords", "options": {"keywords": ["加微信"]}}],
        conditions={"groups": [group.key]},
        ladder=ladder,
        **owner,
    )
    rules.set_mode(rule=rule, mode="propose", **owner)
    rows = Membership.objects.filter(group=group, present=True, role="member")
    accounts = list(rows.order_by("pk").values_list("account_id", flat=True))
    for number, text in enumerate(TEXTS):
        judging.judge(
            GroupMessage(
                community=community,
                group=group,
                account=accounts[number + 3],
                key=f"$m{number}",
                happened_at=owner["at"] - timedelta(minutes=number),
                text=text,
                author_name="小广告" if number else "名字很长的广告账号" * 4,
            ),
            at=owner["at"],
        )
    first = Case.objects.filter(community=community).order_by("number")[0]
    case_decisions.confirm(case=first, **owner)
    cases.tell(first, owner["at"])
    appeals.receive(
        community=community,
        account=first.responsible_id or 0,
        text="申诉：我只是问价",
        at=owner["at"],
    )
    moderation_settings.update(community=community, two_people_above=1, **owner)
    mass_actions.request(
        group=group, kind="kick", accounts=accounts[3:6], reason="刷屏", **owner
    )
    shop.ids |= {
        "moderation_case": first.number,
        "moderation_rule": rule.pk,
        "ladder": ladder.pk,
    }
