"""What stands in brackets, as one item."""

from __future__ import annotations

from collections.abc import Sequence

from qunce.members.rule_text.free_text.items import Item

MAX_DEPTH = 5
"""A person loses count before; deeper brackets stay as they are, and are refused."""


def fold(items: Sequence[Item]) -> list[Item]:
    """The items, with each pair of brackets as one whose value are the items inside.

    Brackets without a partner stay as they are.
    """
    return _fold(items, _find_pairs(items), 0, len(items))


def _find_pairs(items: Sequence[Item]) -> dict[int, int]:
    """Positions of opening brackets → those of the closing ones."""
    pairs: dict[int, int] = {}
    opened: list[tuple[int, int]] = []
    for index, item in enumerate(items):
        if item.kind == "open":
            opened.append((index, len(opened)))
        elif item.kind == "close" and opened:
            start, depth = opened.pop()
            if depth < MAX_DEPTH:
                pairs[start] = index
    return pairs


def _fold(
    items: Sequence[Item], pairs: dict[int, int], start: int, end: int
) -> list[Item]:
    folded: list[Item] = []
    at = start
    while at < end:
        close = pairs.get(at)
        if close is None:
            folded.append(items[at])
            at += 1
            continue
        inside = _fold(items, pairs, at + 1, close)
        tokens = (*items[at].tokens, *items[close].tokens)
        folded.append(Item("brackets", inside, tokens))
        at = close + 1
    return folded
