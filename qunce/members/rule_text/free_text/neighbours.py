"""What stands beside an item of a sentence, on which its meaning depends."""

from __future__ import annotations

from collections.abc import Sequence

from qunce.members.rule_text.free_text.items import Item
from qunce.members.rule_text.free_text.tokens import Meaning
from qunce.members.rule_text.free_text.words import Verb

SEPARATORS = ("and", "and_names", "or", "list", "but", "except", "of")


def follows(items: Sequence[Item], index: int, kinds: Sequence[str]) -> bool:
    """Whether the next item that says something is of one of these kinds."""
    after = next((each for each in items[index + 1 :] if each.kind != "filler"), None)
    return after is not None and after.kind in kinds


def has_verb_ahead(items: Sequence[Item], index: int) -> bool:
    """Whether a verb follows in the same clause."""
    for item in items[index + 1 :]:
        if item.kind in SEPARATORS:
            return False
        if item.kind == "verb" or _is_kind_of_fact(item):
            return True
    return False


def _is_kind_of_fact(item: Item) -> bool:
    return item.kind == "name" and any(kind == "kind" for kind, _key in item.value)


def is_before_purchase(items: Sequence[Item], index: int) -> bool:
    """Whether the next verb is one for buying: “茶叶本月消费超过200元”."""
    for item in items[index + 1 :]:
        if item.kind == "verb":
            return "order.paid" in item.value.kinds
        if item.kind not in ("filler", "marker", "span", "not"):
            break
    return False


def objects_of(verb: Verb, meanings: Sequence[Meaning]) -> list[Meaning]:
    """The meanings that can be what the verb is done to, or where."""
    kinds = ["group"] if verb.with_group else []
    kinds += ["category"] if "order.paid" in verb.kinds else []
    return [each for each in meanings if each[0] in kinds]
