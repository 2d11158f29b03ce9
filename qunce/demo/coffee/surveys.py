"""A survey with a branch that forty members have answered, and an anonymous one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation

from qunce.demo.coffee.context import Context
from qunce.members.surveys import responses, surveys, templates
from qunce.members.surveys.models import Source, Survey
from qunce.members.tags import library
from qunce.sets import audiences

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
ANSWERED, ANONYMOUS = 40, 9
SCORES = (10, 9, 9, 8, 7, 10, 6, 9, 3, 10)


@dataclass(frozen=True)
class Texts:
    name: str
    intro: str
    thanks: str
    keyword: str
    came: str
    options: tuple[str, str]
    score: str
    why: str
    brew: str
    brews: tuple[tuple[str, str, str], ...]
    reasons: tuple[str, ...]
    anonymous: str


TEXTS = {
    "zh": Texts(
        "周六品鉴会之后",
        "三道题，一分钟。答案帮我们办好下一场。",
        "收到，谢谢！下一场见。",
        "品鉴会",
        "周六的品鉴会你来了吗？",
        ("来了", "没来"),
        "你有多大可能把品鉴会推荐给朋友？",
        "什么原因没来？",
        "平时在家怎么冲？",
        (
            ("手冲", "survey:pour-over", "在家手冲"),
            ("法压壶", "", ""),
            ("挂耳", "survey:drip-bag", "爱喝挂耳"),
        ),
        ("周六要加班", "太远了", "没看到通知", "带孩子走不开"),
        "每月一问",
    ),
    "en": Texts(
        "After Saturday’s tasting",
        "Three questions, one minute. Your answers make the next one better.",
        "Received, thank you. See you next time.",
        "tasting",
        "Did you come to the tasting on Saturday?",
        ("Yes", "No"),
        "How likely are you to recommend the tasting to a friend?",
        "What kept you away?",
        "How do you brew at home?",
        (
            ("Pour-over", "survey:pour-over", "Brews pour-over"),
            ("French press", "", ""),
            ("Drip bags", "survey:drip-bag", "Likes drip bags"),
        ),
        ("Worked on Saturday", "Too far", "Did not see the notice", "Kids at home"),
        "One question a month",
    ),
}


def create(context: Context) -> None:
    """Create the surveys, unless there is one."""
    if Survey.objects.filter(community=context.community).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        members = _members(context)
        tasting = _open_tasting(context, texts)
        for number, account in enumerate(members[:ANSWERED]):
            moment = context.at - DAY + number * 7 * MINUTE
            _answer(tasting, account, _said(texts, number), moment)
        month = _open_month(context, texts)
        for number, account in enumerate(members[:ANONYMOUS]):
            said = {"score": SCORES[number % len(SCORES)]}
            _answer(month, account, said, context.at - number * MINUTE)


def _members(context: Context) -> list[int]:
    """The newest members, who are present and do not work here."""
    people = audiences.people(
        community=context.community,
        rule={"all": []},
        by=context.owner,
        at=context.at,
    )
    return list(people)[-ANSWERED:]


def _open_tasting(context: Context, texts: Texts) -> Survey:
    by, at = context.staff["manager"], context.at - 2 * DAY
    for _text, key, name in texts.brews:
        if key and key not in library.find(context.community, [key]):
            library.create(
                community=context.community, key=key, name=name, by=by, at=at
            )
    options = [
        {"key": key, "text": text}
        for key, text in zip(("yes", "no"), texts.options, strict=True)
    ]
    questions: list[dict[str, Any]] = [
        {"key": "came", "kind": "single", "text": texts.came, "options": options},
        {
            "key": "score",
            "kind": "nps",
            "text": texts.score,
            "when": {"question": "came", "options": ["yes"]},
        },
        {
            "key": "why",
            "kind": "text",
            "text": texts.why,
            "is_required": False,
            "when": {"question": "came", "options": ["no"]},
        },
        {
            "key": "brew",
            "kind": "multiple",
            "text": texts.brew,
            "is_required": False,
            "options": [{"text": text, "tag": key} for text, key, _name in texts.brews],
        },
    ]
    return _publish(
        context,
        name=texts.name,
        intro=texts.intro,
        thanks=texts.thanks,
        keyword=texts.keyword,
        draft=questions,
    )


def _open_month(context: Context, texts: Texts) -> Survey:
    fields = templates.TEMPLATES["month"].fields()
    return _publish(context, name=texts.anonymous, **{**fields, "is_anonymous": True})


def _publish(context: Context, **fields: Any) -> Survey:
    by, at = context.staff["manager"], context.at - 2 * DAY
    survey = surveys.create(community=context.community, by=by, at=at, **fields)
    surveys.publish(survey=survey, by=by, at=at)
    return survey


def _said(texts: Texts, number: int) -> dict[str, Any]:
    brew = [str(1 + number % 3), *(["3"] if number % 4 == 0 else [])]
    if number % 4 == 3:
        return {"came": "no", "why": texts.reasons[number // 4 % 4], "brew": brew}
    return {"came": "yes", "score": SCORES[number % len(SCORES)], "brew": brew}


def _answer(survey: Survey, account: int, said: dict[str, Any], at: Any) -> None:
    responses.submit(
        survey=survey, account_id=account, answers=said, source=Source.PORTAL, at=at
    )
