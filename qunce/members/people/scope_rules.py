"""Rules that limit which members a staff member sees."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.core.communities import Community
from qunce.core.staff import scopes
from qunce.core.staff.models import Staff
from qunce.core.staff.units import Unit
from qunce.members.segments import segments
from qunce.sets.rules import stored_rules, tree
from qunce.sets.rules.base import RulePath

ANYBODY = 0
"""Represents the staff member who has the scope, whom “me” in it means."""


@scopes.register
def expand_segments(community: Community, rule: Any) -> Any:
    """The rule with each segment replaced by its own rule; raises RuleError.

    A scope that named a segment would change with it, so whoever may edit segments
    could widen their own scope. Frozen segments stay named because they never change.
    """
    tree.compile_node(rule, RulePath(community, asker=ANYBODY))
    return _expand(community, rule)


def _expand(community: Community, rule: Any) -> Any:
    if isinstance(rule, list):
        return [_expand(community, part) for part in rule]
    if not isinstance(rule, dict):
        return rule
    if set(rule) & {"all", "any", "not", "with_left"}:
        return {name: _expand(community, part) for name, part in rule.items()}
    if set(rule) != {"segment"}:
        return rule
    parts: list[Any] = []
    for word, keys in rule["segment"].items():
        if word == "frozen":
            parts.append({"segment": {"frozen": keys}})
            continue
        # Segments inside segments are replaced as well, hence the recursion.
        rules = [_expand(community, segments.get(community, key).rule) for key in keys]
        parts.append({"not": {"any": rules}} if word == "none" else {word: rules})
    return parts[0] if len(parts) == 1 else {"all": parts}


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    rows = [
        *Staff.objects.filter(community=community, own_scope__isnull=False)
        .order_by("pk")
        .values_list("name", "own_scope"),
        *Unit.objects.filter(community=community, scope__isnull=False)
        .order_by("pk")
        .values_list("name", "scope"),
    ]
    return [stored_rules.StoredRule(_("scope of"), name, rule) for name, rule in rows]
