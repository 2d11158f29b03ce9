"""Who may be in the groups of the tea shop: lists, a gate, rules, a set of groups."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

RULES = """不发广告，不拉私群。
卖茶和转让请先问群主，每天最多一条。
说话客气，有问题找管理员，不在群里吵架。
晚上十点以后不发语音。"""


def add_group_people(shop: TeaShop) -> None:
    from qunce.groups.entry import gates, group_rules, requests
    from qunce.groups.groups import Group
    from qunce.groups.lists import lists
    from qunce.groups.overlaps import group_sets
    from qunce.groups.overlaps.models import CleanUp
    from qunce.members.accounts.models import Account

    owner: dict[str, Any] = shop.by_owner()
    community = Group.objects.get(pk=shop.ids["group"]).community
    group = Group.objects.select_related("community").get(pk=shop.ids["group"])
    both = list(Group.objects.filter(community=community).order_by("pk")[:2])
    outside = Account.objects.filter(community=community).exclude(
        pk__in=group.memberships.values("account_id")
    )
    accounts = list(outside.order_by("pk").values_list("pk", flat=True)[:4])
    entry = lists.add(
        community=community,
        list_name="black",
        channel="wechat",
        channel_key="wx_" + "long" * 20,
        name="刷单小助手（私聊领红包，名额有限，先到先得，不收任何费用）",
        reason="进群即发广告",
        expires_at=owner["at"] + timedelta(days=30),
        **owner,
    )
    shop.ids["list_entry"] = entry.pk
    lists.add(
        community=community,
        list_name="black",
        channel="wechat",
        channel_key="wx_jiedan88",
        name="接单小王",
        reason="三次刷屏",
        **owner,
    )
    gates.configure(group=group, keywords=["明前茶"], needs_approval=True, **owner)
    gates.switch(group=group, is_on=True, **owner)
    for account in accounts[:2]:
        row = requests.open_request(group=group, account=account, **owner)
        shop.ids.setdefault("entry_request", row.pk)
    group_rules.publish(group=group, text=RULES, **owner)
    made = group_sets.create(
        name="同城茶友群（上海、杭州和苏州，线下活动只通知一次）", groups=both, **owner
    )
    shop.ids["group_set"] = made.pk
    run = CleanUp.objects.create(
        community=community,
        group_set=made,
        state="waiting",
        keep="earliest",
        created_at=owner["at"],
        by=owner["by"],
    )
    shop.ids["clean_up"] = run.pk
