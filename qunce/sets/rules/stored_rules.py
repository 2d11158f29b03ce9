"""Rules that are stored and evaluated later, such as those of segments and campaigns.

The application that owns the things registers how to list their rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import errors
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


def list_all(community: Community) -> Iterator[StoredRule]:
    for list_rules in _lists:
        yield from list_rules(community)


def list_mentioning(community: Community, mention: Mention) -> Iterator[StoredRule]:
    """Rules that name the thing directly, not through a segment."""
    for stored in list_all(community):
        if mention in base.list_mentions(stored.rule):
            yield stored


def list_naming_members(
    community: Community, keys: Iterable[str]
) -> Iterator[StoredRule]:
    """Rules that list one of these accounts by key."""
    wanted = set(keys)
    for stored in list_all(community):
        if wanted.intersection(_listed_members(stored.rule)):
            yield stored


def _listed_members(rule: Any) -> Iterator[str]:
    # Keys of members are no mentions, as these are shown to all staff.
    if isinstance(rule, list):
        for part in rule:
            yield from _listed_members(part)
    elif isinstance(rule, dict):
        for name, args in rule.items():
            if name == "members" and isinstance(args, dict):
                keys = args.get("keys")
                yield from [keys] if isinstance(keys, str) else keys or ()
            elif isinstance(args, dict | list):
                yield from _listed_members(args)


class InUse(errors.Refused):
    """Rules use this."""


def check_unused(
    community: Community,
    mention: Mention,
    *,
    name: str,
    error: type[InUse] = InUse,
) -> None:
    """Raise `error` with the names of the rules that mention the thing, if any do.

    For whatever would make them invalid: renaming, archiving, removing.
    """
    users = dict.fromkeys(map(str, list_mentioning(community, mention)))
    if users:
        text = _("“%(name)s” is used by: %(users)s.")
        raise error(text % {"name": name, "users": ", ".join(users)})


def is_valid(community: Community, stored: StoredRule) -> bool:
    try:
        tree.compile_rule(stored.rule, community)
    except base.RuleError:
        return False
    return True
