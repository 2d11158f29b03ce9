"""What an operator sees, as a rule that nobody below can widen."""

from __future__ import annotations

from typing import Any

from qunce.core.communities import Community
from qunce.members.segments import segments
from qunce.sets import audiences


def expand_segments(community: Community, rule: Any) -> Any:
    """`rule` with the rules of its segments written out.

    A scope that named a segment would grow with it, and whoever may change segments
    could let herself see more. Frozen lists stay named: nobody changes them.
    """
    audiences.check(community=community, rule=rule)
    return _unfolded(community, rule)


def _unfolded(community: Community, rule: Any) -> Any:
    if isinstance(rule, list):
        return [_unfolded(community, part) for part in rule]
    if not isinstance(rule, dict):
        return rule
    if set(rule) == {"segment"}:
        return _segment(community, rule["segment"])
    if set(rule) & {"all", "any", "not", "with_left"}:
        return {name: _unfolded(community, part) for name, part in rule.items()}
    return rule


def _segment(community: Community, asked: dict[str, Any]) -> Any:
    def rules(keys: list[str]) -> list[Any]:
        found = [segments.get(community, key) for key in keys]
        return [_unfolded(community, segment.rule) for segment in found]

    parts: list[Any] = []
    for word, keys in asked.items():
        if word == "frozen":
            parts.append({"segment": {"frozen": keys}})
        elif word == "none":
            parts.append({"not": {"any": rules(keys)}})
        else:
            parts.append({word: rules(keys)})
    return parts[0] if len(parts) == 1 else {"all": parts}
