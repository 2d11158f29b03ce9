"""Shares: mini-programs, cards of people, forwarded messages and shopping codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import Check, CompiledCheck, Judgement
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import (
    NONE,
    OFF,
    Limit,
    LimitOption,
    Option,
)
from qunce.groups.moderation.checks.subjects import Kind, Subject

MINI_PROGRAM, CARD, CODE, FORWARD = "mini_program", "card", "code", "forward"
MEDIA_TYPES = {
    "application/vnd.wechat.miniprogram": MINI_PROGRAM,
    "application/x-wechat-miniprogram": MINI_PROGRAM,
    "text/vcard": CARD,
    "text/x-vcard": CARD,
    "text/directory": CARD,
}
PLACEHOLDERS = re.compile(
    # What chat programs write into copied texts where something was shared.
    r"\[(?:(?P<mini_program>小程序|Mini Program|应用分享|QQ小程序)"
    r"|(?P<card>个人名片|名片|推荐联系人|群名片|Contact Card|Contact))\]"
    # Shopping codes that open an app when they are copied.
    r"|(?P<code>[￥¥$€₤₳¢]\s?[A-Za-z0-9]{8,14}\s?[￥¥$€₤₳¢]"
    r"|复制.{0,20}(?:打开|打開)\s?(?:淘.?宝|手淘|抖.?音|快.?手|拼多多|京东|闲鱼))"
)
SIGNS = re.compile(r"[\[￥¥$€₤₳¢复]")
"""A placeholder begins with one of these, which is faster to look for."""


def _list_shares(subject: Subject) -> Iterator[tuple[str, Evidence]]:
    for index, file in enumerate(subject.files):
        kind = MEDIA_TYPES.get(file.media_type.partition(";")[0].strip().lower())
        if kind:
            yield kind, Evidence(reason=kind, place=f"file:{index}", matched=file.name)
    if subject.kind in (Kind.MESSAGE, Kind.EDIT):
        text = subject.normalised.original
        for match in PLACEHOLDERS.finditer(text) if SIGNS.search(text) else ():
            kind = str(match.lastgroup)
            start, end = match.span()
            yield kind, Evidence(reason=kind, start=start, end=end, matched=match[0])
    if subject.is_forwarded:
        yield FORWARD, Evidence(reason=FORWARD)


class CompiledShares(CompiledCheck):
    def __init__(self, check: ShareCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._limits: Mapping[str, Limit] = options

    def judge(self, subject: Subject, state: base.State | None = None) -> Judgement:
        shares: dict[str, list[Evidence]] = {}
        for kind, each in _list_shares(subject):
            shares.setdefault(kind, []).append(each)
        if not shares:
            return base.NOTHING
        evidence = [
            each
            for kind, found in shares.items()
            if not self._limits[kind].allows(len(found))
            for each in found
        ]
        return Judgement([self._check.finding(1, *evidence)] if evidence else ())


@base.register
class ShareCheck(Check):
    key = "shares"
    rank = 50
    label = gettext_lazy("Mini-programs and cards")
    description = gettext_lazy(
        "Mini-programs, cards of people, shopping codes and forwarded messages."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        LimitOption(
            key=MINI_PROGRAM, label=gettext_lazy("Mini-programs"), default=NONE
        ),
        LimitOption(key=CARD, label=gettext_lazy("Cards of people"), default=NONE),
        LimitOption(key=CODE, label=gettext_lazy("Shopping codes"), default=NONE),
        LimitOption(key=FORWARD, label=gettext_lazy("Forwarded messages"), default=OFF),
    )
    reasons = {
        MINI_PROGRAM: gettext_lazy("A mini-program was shared."),
        CARD: gettext_lazy("The card of a person was shared."),
        CODE: gettext_lazy("The text has a code that opens a shop."),
        FORWARD: gettext_lazy("The message was forwarded from elsewhere."),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledShares:
        return CompiledShares(self, options)
