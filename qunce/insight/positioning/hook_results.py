"""What each hook of the sheet brought: people, joins, buyers and sales, from facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import community_days, errors, money
from qunce.core.facts import facts
from qunce.insight.positioning import hook_sources
from qunce.insight.positioning.sheet import Hook, Sheet
from qunce.insight.subjects import sales
from qunce.sets import audiences, daily_totals

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff

DEFAULT_DAYS, MAX_DAYS = 90, 3_660


class InvalidSpan(errors.Invalid):
    """The number of days is not possible."""


@dataclass(frozen=True, kw_only=True)
class HookResult:
    """The people whom a hook reached, and what they did in the last days.

    `source` is "" if nothing counts the hook. `rules` select the people of each number,
    former members included.
    """

    hook: Hook
    source: str = ""
    definition: str = ""
    people: int = 0
    joined: int = 0
    bought: int = 0
    sales: int = 0
    sales_text: str = ""
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)


def list_results(
    content: Sheet, *, days: int = DEFAULT_DAYS, by: Staff, at: datetime
) -> list[HookResult]:
    """The hooks of a sheet with what they brought in the last days, today included."""
    if not 1 <= days <= MAX_DAYS:
        raise InvalidSpan(
            _("Give between 1 and %(most)s days.") % {"most": f"{MAX_DAYS:,}"}
        )
    last = community_days.to_date(by.community.day(at))
    first = last - timedelta(days=days - 1)
    return [_count(hook, first, last, by, at) for hook in content.hooks]


def _count(hook: Hook, first: date, last: date, by: Staff, at: datetime) -> HookResult:
    community = by.community
    rule = hook_sources.find_rule(hook, community)
    if rule is None:
        return HookResult(hook=hook)
    rules = _make_rules(rule, first, last)
    numbers = {
        name: audiences.count(community=community, rule=own, by=by, at=at)
        for name, own in rules.items()
    }
    amount = _sum_sales(rules["people"], first, last, by, at)
    source = hook_sources.KINDS[hook.kind]
    return HookResult(
        hook=hook,
        source=hook_sources.find_name(hook, by),
        definition=str(source.definition),
        **numbers,
        sales=amount,
        sales_text=format_sales(amount, community.currency),
        rules=rules if source.is_public or not by.is_scoped else {},
    )


def _make_rules(
    rule: dict[str, Any], first: date, last: date
) -> dict[str, dict[str, Any]]:
    window = {"between": [first.isoformat(), last.isoformat()]}
    (paid,) = sales.ORDER_KINDS
    # A kind without any fact is unknown to rules.
    bought: dict[str, Any] = {"any": []}
    if facts.find_kind(paid) is not None:
        bought = {"did": {"kind": paid, **window}}
    return {
        "people": {"with_left": rule},
        "joined": {"with_left": {"all": [rule, {"joined": window}]}},
        "bought": {"with_left": {"all": [rule, bought]}},
    }


def _sum_sales(
    rule: dict[str, Any], first: date, last: date, by: Staff, at: datetime
) -> int:
    """The net sales of these people, as everywhere: paid less refunded."""
    people = audiences.people(community=by.community, rule=rule, by=by, at=at)
    if not people:
        return 0
    paid, refunded = (
        sum(
            daily_totals.sum_by_day(
                community=by.community,
                kinds=kinds,
                first=community_days.from_date(first),
                last=community_days.from_date(last),
                at=at,
                among=people,
            ).amounts
        )
        for kinds in (sales.PAID_KINDS, sales.REFUND_KINDS)
    )
    return paid - refunded


def format_sales(amount: int, currency: str) -> str:
    text = money.format_with_currency(abs(amount), currency)
    return f"\N{MINUS SIGN}{text}" if amount < 0 else text
