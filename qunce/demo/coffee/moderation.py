"""Moderation: rules, adverts they have found, decisions, an appeal, pasted messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import models, transaction

from qunce import reactions
from qunce.demo.coffee.context import Context
from qunce.groups.group_messages import GroupMessage
from qunce.groups.groups import Group, Membership
from qunce.groups.lists import exemptions
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.judgements import judging, pasted_messages
from qunce.groups.moderation.models import Action, Case, Mode, Rule, Rung
from qunce.groups.moderation.rules import presets, rules, shadow_runs
from qunce.groups.moderation.staff_decisions import appeals, case_decisions
from qunce.members.accounts.models import Account

HOUR = timedelta(hours=1)
TRIED = timedelta(days=14)


@dataclass(frozen=True)
class Texts:
    contacts: str
    keywords: str
    words: list[str]
    adverts: list[tuple[str, int]]
    """What was written, and how many hours ago."""
    reason: str
    appeal: str
    pasted: str


TEXTS = {
    "zh": Texts(
        "联系方式与拉人",
        "刷单与代开",
        ["刷单", "代开发票", "兼职日结"],
        [
            ("在家刷 单日结 300，加薇❤ qz_8868 名额有限", 52),
            ("我家也烘豆子，要的加微信 beanlab77", 46),
            ("代 开 发 票，正规可查，电话 138 0013 8000", 27),
            ("咖啡券五折出，加 QQ 群 738291045", 5),
            ("进群领红包 https://t.cn/A6xYz9 手慢无", 3),
        ],
        "自己人分享豆子，群主同意",
        "申诉：我只是帮朋友问一下，以后不发了",
        "豆子爸爸 2026-11-30 21:28\n今晚谁在门店？想借一下磨豆机\n"
        "兼职小助手 2026-11-30 21:29\n宝妈兼职日结，加薇 qunzhu_888\n"
        "小米椒 2026-11-30 21:29\n周六的拉花课还有位置吗？\n"
        "茶友88 2026-11-30 21:32\n进群领红包 http://t.cn/B7xYz1 手慢无",
    ),
    "en": Texts(
        "Contacts and invitations",
        "Job adverts and invoices",
        ["easy money", "invoices for sale", "paid daily"],
        [
            ("Easy money from home, 300 a day, WeChat: qz_8868", 52),
            ("I roast beans as well, WeChat: beanlab77", 46),
            ("Invoices for sale, phone 138 0013 8000", 27),
            ("Coffee vouchers at half price, QQ: 738291045", 5),
            ("A present for everybody https://t.cn/A6xYz9 be quick", 3),
        ],
        "Shares beans with us, the owner agrees",
        "appeal: I only asked for a friend and will not do it again",
        "Bean dad 2026-11-30 21:28\nWho is at the shop? I need a grinder\n"
        "Job helper 2026-11-30 21:29\nPaid daily, WeChat: qunzhu_888\n"
        "Pepper 2026-11-30 21:29\nIs there a place left on Saturday?\n"
        "Tea friend 2026-11-30 21:32\nA present http://t.cn/B7xYz1 be quick",
    ),
}


def create(context: Context) -> None:
    """Let rules find adverts and staff decide some of them, once."""
    if Rule.objects.filter(community=context.community).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with transaction.atomic():
        _add_rules(context, texts)
        group, members = _find_group(context, len(texts.adverts))
        cases = [
            _judge(context, group, account, text, hours)
            for account, (text, hours) in zip(members, texts.adverts, strict=False)
        ]
        _decide(context, texts, cases)
        _paste(context, texts)
    reactions.CONSUMER.catch_up(at=context.at)


def _add_rules(context: Context, texts: Texts) -> None:
    """Both propose, after a trial on the messages of two weeks."""
    at = context.at - 60 * HOUR
    contacts = presets.find("contacts")
    checks = [] if contacts is None else contacts.list_checks()
    words = {"check": "keywords", "options": {"keywords": texts.words}}
    for name, found in ((texts.contacts, checks), (texts.keywords, [words])):
        rule = rules.create(
            community=context.community,
            name=name,
            checks=found,
            by=context.owner,
            at=at,
        )
        shadow_runs.run(rule=rule, since=at - TRIED, until=at, by=context.owner, at=at)
        rules.set_mode(rule=rule, mode=Mode.PROPOSE, by=context.owner, at=at)


def _find_group(context: Context, count: int) -> tuple[Group, list[int]]:
    """A large group, and members of it to whom rules apply, who write adverts."""
    groups = Group.objects.filter(community=context.community, platform="wecom")
    sized = groups.annotate(
        size=models.Count("memberships", filter=models.Q(memberships__present=True))
    )
    group = sized.select_related("community").order_by("-size", "pk")[0]
    rows = Membership.objects.filter(group=group, present=True, role="member")
    accounts = [
        account
        for account in rows.order_by("-pk").values_list("account_id", flat=True)
        if exemptions.find(group=group, account=account, at=context.at) is None
    ]
    return group, accounts[:count]


def _judge(context: Context, group: Group, account: int, text: str, hours: int) -> Case:
    moment = context.at - hours * HOUR
    message = GroupMessage(
        community=context.community,
        group=group,
        account=account,
        key=f"advert:{hours}",
        happened_at=moment,
        text=text,
        author_name=Account.objects.get(pk=account).name,
    )
    case = judging.judge(message, at=moment)
    if case is None:
        raise RuntimeError(f"no rule of the demo finds the advert “{text}”")
    return case


def _decide(context: Context, texts: Texts, cases: list[Case]) -> None:
    """The first is removed and objects, the second was none; the others wait."""
    by = context.staff["hao"]
    for case in cases[:1]:
        at = context.at - 50 * HOUR
        case_decisions.confirm(case=case, rung=Rung.MUTE, minutes=60, by=by, at=at)
        executor.run_due(at=at)
        done = Action.objects.filter(case=case).values_list("pk", flat=True)
        executor.mark_done_by_staff(list(done), at=at + HOUR)
        appeals.receive(
            community=context.community,
            account=case.responsible_id or 0,
            text=texts.appeal,
            at=context.at - 2 * HOUR,
        )
    for case in cases[1:2]:
        case_decisions.dismiss(
            case=case, reason=texts.reason, by=by, at=context.at - 44 * HOUR
        )


def _paste(context: Context, texts: Texts) -> None:
    """A guide pastes what was written in a group of plain WeChat."""
    groups = Group.objects.filter(community=context.community, platform="wechat")
    group = groups.select_related("community").order_by("pk").first()
    if group is not None:
        pasted_messages.judge(
            group=group, text=texts.pasted, by=context.owner, at=context.at - HOUR
        )
