"""The new orders of a chunk that were paid and nothing else, as columns.

Most orders of a file are such ones. Objects for each of them would take longer than all
else that the importing process does for them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qunce.core import money

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Positions = NDArray[np.int64]
    """Places of orders in the chunk."""


class PlainOrders:
    """`table` has all orders of the chunk; those that are not plain are left out."""

    def __init__(self, table: pa.Table, is_plain: NDArray[np.bool_]) -> None:
        self.table, self.is_plain = table, is_plain
        self._lines = np.asarray(table["lines"])
        self._without_member = np.asarray(table["lines_without_member"])
        self._accounts = np.asarray(table["account"].fill_null(0))
        self._amounts = np.asarray(table["amount"])
        self._values = np.asarray(table["value"])
        currencies = table["currency"].combine_chunks().dictionary_encode()
        self._codes: list[str] = currencies.dictionary.to_pylist()
        self._code_of = np.asarray(currencies.indices.fill_null(-1))

    def select(self, positions: Positions) -> pa.Table:
        """Return these orders, which ascend."""
        count = len(positions)
        # Nearly always all of a span, which needs no copy.
        if count and positions[-1] - positions[0] == count - 1:
            return self.table.slice(int(positions[0]), count)
        return self.table.take(pa.array(positions))

    def count(self, positions: Positions, currency: str) -> Counter[str]:
        """Return their part in the counts of the report."""
        counts: Counter[str] = Counter()
        if not len(positions):
            return counts
        has_member = self._accounts[positions] > 0
        counts["orders"] = len(positions)
        counts["lines"] = counts["rows_new"] = int(self._lines[positions].sum())
        without = int(self._without_member[positions].sum())
        counts["lines_without_member"] = without
        counts["orders_without_member"] = int((~has_member).sum())
        codes = self._code_of[positions]
        for number in np.unique(codes).tolist():
            code = self._codes[number]
            is_own = codes == number
            # Python adds them up, as NumPy's integers may overflow.
            amounts = self._amounts[positions[is_own]].tolist()
            paid = sum(amounts) * millionths(code)
            counts[f"paid_millionths:{code}"] = paid
            counts[f"refunded_millionths:{code}"] = 0
            counts[f"net_millionths:{code}"] = paid
            if code == currency:
                own = positions[is_own]
                counts["value_millionths"] = sum(self._values[own].tolist())
                counts["value_millionths_with_member"] = sum(
                    self._values[own[has_member[is_own]]].tolist()
                )
        return counts


def millionths(currency: str) -> int:
    """Return how many millionths of a currency its smallest unit has."""
    return int(10 ** (6 - money.decimal_places(currency)))
