"""Rules that are stored and evaluated later, such as those of segments and campaigns.

The application that owns the things registers how to list their rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.sets.rules import base, tree
from qunce.sets.rules.references import Mention


@dataclass(frozen=True)
class StoredRule:
    """`label` is the noun of the thing that has the rule, and `name` its name."""

    label: StrOrPromise
    name: str
    rule: Any

    def __str__(self) -> str:
        return f"{self.label} “{self.name}”"


ListRules = Callable[[Community], Iterable[StoredRule]]
_lists: list[ListRules] = []


def register(list_rules: ListRules) -> ListRules:
    """Register a function that returns the rules in use; fits as a decorator."""
    if list_rules not in _lists:
        _lists.append(list_rules)
    return list_rules


def list_mentioning(community: Community, mention: Mention) -> Iterator[StoredRule]:
    """Rules that name the thing directly, not through a segment."""
    for list_rules in _lists:
        for stored in list_rules(community):
            if mention in base.list_mentions(stored.rule):
                yield stored


def is_valid(community: Community, stored: StoredRule) -> bool:
    try:
        tree.compile_rule(stored.rule, community)
    except base.RuleError:
        return False
    return True
