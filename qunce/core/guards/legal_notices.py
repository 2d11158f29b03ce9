"""Legal notices: what the law or a platform is reported to say, with source and dates.

They are shown as notices and not as advice. Whoever wants to do what one is about reads
it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

VALID_FOR = timedelta(days=365)
"""After that, a notice says that it has not been checked."""
CURRENCY = "CNY"
MAX_CHANCE_PRIZE = 50_000_00
"""Fen. A chance prize above 50,000 yuan is forbidden, or needs a second person here."""


@dataclass(frozen=True, kw_only=True)
class LegalNotice:
    """A notice; `source` is the regulation, `seen_at` where it was read."""

    key: str
    text: StrOrPromise
    source: str
    seen_at: str
    in_force_since: date
    checked_on: date

    def is_outdated(self, at: datetime) -> bool:
        """Whether nobody has checked it for 12 months."""
        return at.date() - self.checked_on > VALID_FOR


CHANCE_PRIZE = LegalNotice(
    key="chance_prize",
    text=gettext_lazy(
        "The highest prize of a draw is at most 50,000 yuan. Above that, a second person "
        "has to approve it here."
    ),
    source="规范促销行为暂行规定（国家市场监督管理总局令第32号）",
    seen_at="https://www.fujian.gov.cn",
    in_force_since=date(2020, 12, 1),
    checked_on=date(2026, 11, 30),
)
COMPLETE_TERMS = LegalNotice(
    key="complete_terms",
    text=gettext_lazy(
        "Kinds and number of prizes or the odds, time, and how to claim are complete "
        "before a draw is published, and never become worse afterwards."
    ),
    source="规范促销行为暂行规定（国家市场监督管理总局令第32号）",
    seen_at="https://www.fujian.gov.cn",
    in_force_since=date(2020, 12, 1),
    checked_on=date(2026, 11, 30),
)
SHARING = LegalNotice(
    key="sharing",
    text=gettext_lazy(
        "WeChat may block a domain that gives something for sharing an outside link, "
        "such as boosts, bargaining, check-ins or collecting. No such form is offered."
    ),
    source="微信外部链接内容管理规范",
    seen_at="https://m.413629.com/news/cj/2215152.html",
    in_force_since=date(2019, 10, 28),
    checked_on=date(2026, 11, 30),
)
NOTICES = (CHANCE_PRIZE, COMPLETE_TERMS, SHARING)


def needs_second_person(value: int, currency: str) -> bool:
    """Whether a chance prize of this value, in the smallest unit, needs one.

    The limit is in yuan. In another currency nothing is converted, and the notice is
    shown only.
    """
    return currency == CURRENCY and value > MAX_CHANCE_PRIZE
