"""Checks that a file is read as it is meant, refused, or asked about.

Where an input has one plain meaning, the meaning is asserted. `REFUSED` stands for
inputs that nobody can understand, and `ASKED` for those that people read in two ways.
Some may either be read or be refused, but they are never read as something else.
"""

from __future__ import annotations

from typing import Any

from tests.cases.terminal import Rows, Terminal

REFUSED = "refused"
ASKED = "asked"
ORDER = ["order_id", "customer_id", "order_date", "total"]


def check(
    shop: Terminal, file: str, target: str, got: Any, *expected: Any, cell: str = ""
) -> None:
    """Import a file; `got()` is one of `expected` then, or it is refused if that may be."""
    before = shop.stored()
    result = shop.import_file(file, target)
    assert "Traceback" not in result.errors, result.errors
    if result.code:
        assert {REFUSED, ASKED} & set(map(str, expected)), result.errors
        assert shop.stored() == before
        # The sentence shows what could not be read.
        assert cell in result.errors, result.errors
        return
    answer = got()
    assert answer in [each for each in expected if each not in (REFUSED, ASKED)]


def orders_of(totals: list[Any]) -> Rows:
    rows = [
        [f"X{index}", "M1", "2024-03-05", cell] for index, cell in enumerate(totals)
    ]
    return [ORDER, *rows]
