"""Four levels by the points of a year, badges by rule and by hand, and a yearly membership."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from qunce.activities.levels import badges, holdings, memberships, schemes
from qunce.activities.levels.models import Level, LevelHolding
from qunce.activities.levels.schemes import LevelInput, SchemeInput
from qunce.activities.points.models import PointAccount
from qunce.demo.coffee.context import Context
from qunce.groups import working_people

THRESHOLDS, PERCENTS = (20, 80, 200, 400), (100, 110, 120, 150)
GIFTS = (0, 0, 5, 10)
DAY = timedelta(days=1)
ENTERED_AGO = (40, 120, 356)
"""How many days ago memberships were entered; the last one ends soon."""


@dataclass(frozen=True)
class Texts:
    levels: tuple[str, ...]
    titles: tuple[str, ...]
    benefit: str
    regular: tuple[str, str, str]
    helper: tuple[str, str, str]
    thanks: str
    plan: str


TEXTS = {
    "zh": Texts(
        ("铜卡", "银卡", "金卡", "黑卡"),
        ("新豆", "常客", "咖啡行家", "首席品鉴"),
        "新品先尝",
        ("五单常客", "五", "累计下单五次"),
        ("热心群友", "热", "帮新人解答问题"),
        "整理了手冲入门",
        "年度会员",
    ),
    "en": Texts(
        ("Bronze", "Silver", "Gold", "Black"),
        ("Fresh bean", "Regular", "Connoisseur", "Chief taster"),
        "Taste new coffees first",
        ("Five orders", "V", "For five orders"),
        ("Helping hand", "H", "For answering newcomers"),
        "Wrote the introduction to pour-over",
        "Yearly membership",
    ),
}


def create(context: Context) -> None:
    """Create levels, badges and the membership, unless there are levels."""
    community, by, at = context.community, context.owner, context.at
    if Level.objects.filter(community=community).exists():
        return
    texts = TEXTS["zh" if community.language.startswith("zh") else "en"]
    wanted = SchemeInput(
        period="year",
        grace_days=30,
        gift_budget=2_000,
        levels=[
            LevelInput(
                name=texts.levels[index],
                title=texts.titles[index],
                points=points,
                percent=PERCENTS[index],
                gift_points=GIFTS[index],
                gift_valid_days=60,
                has_early_access=index >= 2,
                benefits=texts.benefit if index == len(THRESHOLDS) - 1 else "",
            )
            for index, points in enumerate(THRESHOLDS)
        ],
    )
    schemes.define(community=community, wanted=wanted, by=by, at=at)
    schemes.switch_on(community=community, by=by, at=at)
    holdings.recount(community, at=at)
    _create_badges(context, texts)
    _create_membership(context, texts)


def _create_badges(context: Context, texts: Texts) -> None:
    community, by, at = context.community, context.owner, context.at
    name, letters, text = texts.regular
    regular = badges.create(
        community=community,
        name=name,
        letters=letters,
        description=text,
        rule={"did": {"kind": "order.paid", "times": {"gte": 5}}},
        by=by,
        at=at,
    )
    badges.switch(badge=regular, is_on=True, by=by, at=at)
    badges.award_due(at=at)
    name, letters, text = texts.helper
    helper = badges.create(
        community=community, name=name, letters=letters, description=text, by=by, at=at
    )
    for account in _best(context, 3):
        badges.award(
            badge=helper, account_id=account, by=by, at=at, reason=texts.thanks
        )


def _create_membership(context: Context, texts: Texts) -> None:
    by, at = context.owner, context.at
    gold = schemes.list_all(context.community)[2]
    plan = memberships.create_plan(
        community=context.community,
        name=texts.plan,
        months=12,
        level=gold,
        by=by,
        at=at - 365 * DAY,
    )
    for number, ago in enumerate(ENTERED_AGO):
        account = _best(context, len(ENTERED_AGO) + 4)[-number - 1]
        memberships.enter(
            plan=plan,
            account_id=account,
            key=f"demo/{number}",
            by=by,
            at=at - ago * DAY,
        )
        holdings.refresh(community=context.community, accounts=[account], at=at)


def _best(context: Context, limit: int) -> list[int]:
    """Members who have a level, or else points; those of the highest levels first."""
    rows = LevelHolding.objects.filter(
        community_id=context.community.pk, level__isnull=False
    )
    found = list(
        rows.order_by("-level__position", "person_id").values_list(
            "person_id", flat=True
        )[: limit * 2]
    )
    if len(found) < limit:
        accounts = PointAccount.objects.filter(community_id=context.community.pk)
        more = accounts.order_by("account_id").values_list("account_id", flat=True)
        found += [each for each in more[: limit * 3] if each not in found]
    working = working_people.find(found)
    return [each for each in found if each not in working][:limit]
