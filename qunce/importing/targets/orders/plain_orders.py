"""New orders that were paid and nothing else, as columns.

Most orders of a file are such ones. Objects for each of them would take longer than all
else that the importing process does for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from operator import itemgetter
from typing import Any

from qunce.core import money

Row = tuple[Any, ...]
INSERT_ORDERS = """
INSERT INTO sales_order (community_id, key, source_id, account_id, paid_at, amount,
    currency, items, details, refunded_at, refunded_amount, refunds) VALUES
"""


@dataclass
class PlainOrders:
    """`values` is what was paid, in millionths and before rounding."""

    positions: list[int]
    """In the batch."""
    keys: list[str]
    sources: list[int]
    accounts: list[int | None]
    paid_at: list[int]
    amounts: list[int]
    currencies: list[str]
    items: list[str | None]
    details: list[str | None]
    payments: list[str]
    """The payloads of the facts that they were paid."""
    lines: list[int]
    lines_without_member: list[int]
    values: list[int]

    def list_rows(self, community: int) -> list[Row]:
        """Return the orders as INSERT_ORDERS takes them."""
        rows = zip(
            repeat(community),
            *(self.keys, self.sources, self.accounts, self.paid_at, self.amounts),
            *(self.currencies, self.items, self.details),
            *(repeat(None), repeat(0), repeat(None)),
            strict=False,
        )
        return list(rows)

    def list_facts(self, kind: int) -> list[Row]:
        """Return for each order, as `kind`, the fact that it was paid."""
        facts = zip(
            *(repeat(kind), self.accounts, self.paid_at, self.payments, self.sources),
            strict=False,
        )
        return list(facts)

    def list_changes(self) -> list[Row]:
        """Return the entries of the undo, as of orders that the import created."""
        states = zip(
            self.accounts, self.paid_at, self.amounts, repeat(()), strict=False
        )
        return list(zip(self.keys, self.sources, repeat(None), states, strict=False))

    def merge(self, own: list[Row], others: Sequence[tuple[int, Row]]) -> list[Row]:
        """Return what belongs to these orders and to others, in the file's order."""
        if not others:
            return own
        numbered = [*zip(self.positions, own, strict=True), *others]
        numbered.sort(key=itemgetter(0))
        return [row for _position, row in numbered]

    def count(self, currency: str) -> Counter[str]:
        """Return their part in the counts of the report."""
        counts: Counter[str] = Counter()
        if not self.keys:
            return counts
        lines = sum(self.lines)
        counts["orders"] = len(self.keys)
        counts["lines"] = counts["rows_new"] = lines
        counts["lines_without_member"] = sum(self.lines_without_member)
        counts["orders_without_member"] = self.accounts.count(None)
        for code in set(self.currencies):
            is_own = [each == code for each in self.currencies]
            paid = sum(compress(self.amounts, is_own)) * millionths(code)
            counts[f"paid_millionths:{code}"] = paid
            counts[f"refunded_millionths:{code}"] = 0
            counts[f"net_millionths:{code}"] = paid
            if code == currency:
                values = list(compress(self.values, is_own))
                members = compress(self.accounts, is_own)
                counts["value_millionths"] = sum(values)
                counts["value_millionths_with_member"] = sum(compress(values, members))
        return counts


def choose(columns: Sequence[list[Any]], chosen: Sequence[bool]) -> list[list[Any]]:
    """Return the chosen rows of columns."""
    return [list(compress(column, chosen)) for column in columns]


def millionths(currency: str) -> int:
    """Return how many millionths of a currency its smallest unit has."""
    return int(10 ** (6 - money.decimal_places(currency)))
