"""People who may be in the groups: lists, an entry gate with newcomers, rules, several groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from qunce.demo.coffee.context import Context
from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.groups import Group, Membership, Stage
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListName
from qunce.groups.overlaps import boards, group_sets, overlap_sets
from qunce.groups.overlaps.models import Door, GroupSet
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

HOUR = timedelta(hours=1)
MAX_GROUPS = 8
"""Groups of the set of which the demo shows who is in several."""


@dataclass(frozen=True)
class Texts:
    set_name: str
    black_reason: str
    black_evidence: str
    stranger: str
    stranger_reason: str
    white_reason: str
    keyword: str
    question: str
    answer: str
    wrong: str
    rules: str
    accept: str


TEXTS = {
    "zh": Texts(
        "同城咖啡群",
        "在三个群发刷单广告",
        "日结 300 起，在家可做，加我微信",
        "刷单小助手",
        "进群即发广告",
        "自家社群摄影师，常发图",
        "手冲",
        "你最常喝哪一款？",
        "耶加雪菲",
        "有人吗",
        "1. 不发广告，不私加群友。\n2. 有问题先找群主。\n3. 聊咖啡，也聊生活。",
        "同意",
    ),
    "en": Texts(
        "Coffee groups in town",
        "Posted job adverts in three groups",
        "Earn 300 a day from home, add me",
        "Job helper",
        "Posts adverts as soon as they join",
        "Takes pictures for us and posts many",
        "pour over",
        "Which coffee do you drink most?",
        "Yirgacheffe",
        "Anybody here?",
        "1. No adverts, no private requests.\n2. Ask the owner first.\n3. Coffee and life.",
        "agree",
    ),
}


def create(context: Context) -> None:
    """Set all of it up once."""
    if GroupSet.objects.filter(community=context.community).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    in_use = Group.objects.filter(community=context.community).exclude(state=Stage.DEAD)
    in_use = in_use.select_related("community")
    found = _list_overlapping(context, {group.pk: group for group in in_use})
    if len(found) < 2:
        return
    group_sets.create(
        name=texts.set_name,
        groups=found,
        door=Door.ASK,
        by=context.owner,
        at=context.at,
    )
    people = _list_outsiders(context, found[0])
    _fill_lists(context, texts, people)
    _open_gate(context, texts, found[0], people[2:])
    _publish_rules(context, texts, found[0])


def _list_overlapping(context: Context, groups: dict[int, Group]) -> list[Group]:
    """The groups that share most people with another one."""
    people = boards.people_by_group(groups, by=context.owner, at=context.at)
    pairs = overlap_sets.count_pairs(people)
    ordered = sorted(pairs, key=lambda two: (-pairs[two], two))
    chosen = list(dict.fromkeys(group for two in ordered for group in two))
    return [groups[pk] for pk in (chosen or sorted(groups))[:MAX_GROUPS]]


def _list_outsiders(context: Context, group: Group) -> list[int]:
    """A few members who are not in the group and do not work here."""
    rule = {"not": {"group": {"any": [group.key]}}}
    return audiences.list_ids(
        community=context.community, rule=rule, by=context.owner, at=context.at, limit=9
    )


def _fill_lists(context: Context, texts: Texts, people: list[int]) -> None:
    common: dict[str, Any] = {
        "community": context.community,
        "by": context.staff["manager"],
        "at": context.at - 26 * HOUR,
    }
    for account in people[:1]:
        lists.add(
            list_name=ListName.BLACK,
            account=account,
            reason=texts.black_reason,
            evidence=texts.black_evidence,
            expires_at=context.at + timedelta(days=90),
            **common,
        )
    lists.add(
        list_name=ListName.BLACK,
        channel="wechat",
        channel_key="wx_job_helper",
        name=texts.stranger,
        reason=texts.stranger_reason,
        **common,
    )
    for account in people[1:2]:
        lists.add(
            list_name=ListName.WHITE,
            account=account,
            reason=texts.white_reason,
            **common,
        )


def _open_gate(context: Context, texts: Texts, group: Group, people: list[int]) -> None:
    """Some wait for the keyword, some for staff; one is let in, one refused."""
    by = context.staff["manager"]
    gates.configure(
        group=group,
        keywords=[texts.keyword],
        questions=[{"text": texts.question}],
        needs_approval=True,
        by=context.owner,
        at=context.at - 30 * HOUR,
    )
    gates.switch(group=group, is_on=True, by=context.owner, at=context.at - 30 * HOUR)
    for number, account in enumerate(people):
        at = context.at - (number + 1) * HOUR
        row = requests.open_request(group=group, account=account, by=by, at=at)
        said = [(), (texts.wrong,), (texts.keyword, texts.answer)][number % 3]
        for text in said:
            requests.answer(request=row, text=text, by=by, at=at)
        if number == 5:
            requests.let_in(request=row, by=by, at=at)
        if number == 4:
            requests.refuse(request=row, by=by, at=at)


def _publish_rules(context: Context, texts: Texts, group: Group) -> None:
    group_rules.publish(
        group=group,
        text=texts.rules,
        accept_words=[texts.accept],
        by=context.owner,
        at=context.at - 29 * HOUR,
    )
    inside = Membership.objects.filter(group=group, present=True, role="member")
    accounts = list(inside.order_by("pk").values_list("account_id", flat=True)[:12])
    for person in sorted(set(account_queries.person_ids(accounts).values())):
        group_rules.accept(
            group=group,
            account=person,
            by=context.staff["manager"],
            at=context.at - 20 * HOUR,
        )
