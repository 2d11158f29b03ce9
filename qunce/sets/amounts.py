"""Amounts of facts in the community's currency, at the exchange rates of their payment.

Amounts without a currency are numbers of any kind and are taken as they are. Money of
another currency is multiplied by the latest rate on or before the day of payment, that
of a refund by its order's rate. A sum is rounded once, at its end. Money without a rate
has no value here; `list_left_out` says how much of it there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qunce.core import exchange_rates

if TYPE_CHECKING:
    from qunce.core.communities import Community

FIELD = "amount"
"""The payload field that is converted."""


def value(community: Community) -> str:
    """Return the SQL of a fact's amount as an integer, null for money without a rate.

    It is part of a query over the mirror's `facts`.
    """
    converted = _converted(community)
    if converted is None:
        return f"CASE WHEN {_is_own(community)} THEN amount END"
    return (
        f"CASE WHEN {_is_own(community)} THEN amount"
        f" ELSE CAST(round_even({converted}, 0) AS BIGINT) END"
    )


def total(community: Community) -> str:
    """Return the SQL of the sum of amounts as an integer, 0 without any."""
    own = f"coalesce(sum(amount) FILTER (WHERE {_is_own(community)}), 0)"
    converted = _converted(community)
    if converted is None:
        return f"CAST({own} AS BIGINT)"
    # Amounts of the own currency are whole, so that adding them after rounding is exact.
    return f"CAST({own} + coalesce(round_even(sum({converted}), 0), 0) AS BIGINT)"


def left_out(community: Community) -> str:
    """Return the SQL condition of facts whose amount has no rate."""
    condition = f"amount IS NOT NULL AND NOT ({_is_own(community)})"
    converted = _converted(community)
    return condition if converted is None else f"{condition} AND ({converted}) IS NULL"


def is_foreign(community: Community) -> str:
    """Return the SQL condition of facts whose amount is in another currency."""
    return f"NOT {_is_own(community)}"


def foreign_total(community: Community) -> str:
    """Return the SQL of the sum of the amounts in other currencies, rounded once."""
    converted = _converted(community)
    return f"coalesce(round_even(sum({converted}), 0), 0)" if converted else "0"


def _is_own(community: Community) -> str:
    return f"(currency IS NULL OR currency = '{_code(community.currency)}')"


def _converted(community: Community) -> str | None:
    """Return the SQL of the exact value of foreign money; None without any rate."""
    moment = "coalesce(paid_at, happened_at)"
    # Rates are few, so that comparing each foreign amount with all of them is cheaper
    # than a join of every fact.
    cases = [
        f"WHEN currency = '{_code(factor.currency)}' AND {moment} >= {factor.begin}"
        f" AND {moment} < {factor.end}"
        f" THEN TRY_CAST(amount AS DECIMAL(18, 0)) * CAST('{factor.factor:f}' AS DECIMAL(18, 10))"
        for factor in exchange_rates.list_factors(community)
    ]
    return f"CASE {' '.join(cases)} END" if cases else None


def _code(currency: str) -> str:
    # Currencies of communities and rates are three letters; quotes are never part of them.
    return currency.replace("'", "")


def list_left_out(
    community: Community,
    kinds: Mapping[int, int],
    where: str,
    params: Sequence[Any],
    **tables: Any,
) -> dict[str, int]:
    """Currency → sum of the amounts without a rate, in its smallest unit.

    `kinds` are the signs of kinds of facts; `where` selects further.
    """
    # Loads DuckDB, which most questions do without.
    from qunce.sets.mirror import mirror

    if not kinds:
        return {}
    signs = " ".join(f"WHEN {kind} THEN {sign}" for kind, sign in kinds.items())
    rows = mirror.query(
        f"SELECT currency, CAST(sum(amount * CASE kind {signs} END) AS BIGINT) FROM facts"  # noqa: S608 - ids and our own conditions
        f" WHERE {where} AND kind IN ({', '.join(map(str, kinds))})"
        f" AND {left_out(community)} GROUP BY currency ORDER BY currency",
        params,
        **tables,
    )
    columns = (column.to_pylist() for column in rows.columns)
    return dict(zip(*columns, strict=True))
