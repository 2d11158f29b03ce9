"""Yesterday's numbers against the same weekday before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import days, money
from qunce.core.operators import Operator
from qunce.insight import metrics

SHOWN: dict[str, StrOrPromise] = {
    "orders": gettext_lazy("orders"),
    "buyers": gettext_lazy("buyers"),
    "sales": gettext_lazy("sales"),
    "new_members": gettext_lazy("new members"),
}
WEEK = 7


@dataclass(frozen=True)
class Number:
    """`share` in per cent of the day a week before, None where that was nothing."""

    name: str
    words: StrOrPromise
    value: str
    before: str
    share: int | None


def compared(operator: Operator, *, at: datetime) -> list[Number]:
    community = operator.community
    last = community.day(at) - 1
    daily = metrics.of_community(
        community=community,
        first=days.to_date(last - WEEK),
        last=days.to_date(last),
        by=operator,
        at=at,
        names=tuple(SHOWN),
    )
    found = []
    for name, words in SHOWN.items():
        now, before = daily[name][-1], daily[name][0]
        share = round(100 * (now - before) / before) if before else None
        unit = community.currency if name == "sales" else ""
        found.append(Number(name, words, _say(now, unit), _say(before, unit), share))
    return found


def _say(value: int, currency: str) -> str:
    return money.show(value, currency) if currency else f"{value:,}"
