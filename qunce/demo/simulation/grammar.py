"""Sentences from grammars: a symbol has alternatives, which may name other symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qunce.demo.simulation.random_numbers import Chance

SYMBOL = re.compile(r"\{(\w+)\}")


class Grammar:
    """`rules` has the alternatives of each symbol; `{symbol}` stands for one of them."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        # Texts and symbols take turns in what `split` returns.
        self._rules = {
            symbol: [SYMBOL.split(text) for text in alternatives]
            for symbol, alternatives in rules.items()
        }

    def write(self, symbol: str, chance: Chance) -> str:
        parts = chance.pick(self._rules[symbol])
        if len(parts) == 1:
            return parts[0]
        return "".join(
            self.write(part, chance) if index % 2 else part
            for index, part in enumerate(parts)
        )

    def check(self) -> set[str]:
        """Return the symbols that are named but have no alternatives."""
        named = {
            part
            for alternatives in self._rules.values()
            for parts in alternatives
            for part in parts[1::2]
        }
        return named - self._rules.keys()
