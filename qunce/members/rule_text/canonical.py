"""The one form of a rule that stands for all rules which read as the same sentence."""

from __future__ import annotations

from typing import Any

from qunce.members.rule_text import sentences
from qunce.sets.rules import base


def canonical(rule: Any) -> Any:
    """The rule with one clause for each thing that it says, exclusions last.

    It matches the same members. Raises ValueError or the like for what is no rule.
    """
    result = _canonical(rule)
    if _name_of(result) == "all":
        result["all"].sort(key=lambda part: _name_of(part) == "not")
    return result


def _canonical(part: Any) -> Any:
    name = _name_of(part)
    if name in sentences.LISTS:
        parts = [each for item in part[name] for each in _parts_in(item, name)]
        return parts[0] if len(parts) == 1 else {name: parts}
    if name in ("not", "with_left"):
        return {name: _canonical(part[name])}
    clauses = _split(name, part[name])
    if len(clauses) == 1:
        return clauses[0]
    return {sentences.joiner_of(name): clauses}


def _parts_in(item: Any, joiner: str) -> list[Any]:
    """What stands for an item of a list; several clauses if it says several things."""
    name = _name_of(item)
    if name not in base.NODES and sentences.joiner_of(name) == joiner:
        return _split(name, item[name])
    return [_canonical(item)]


def _split(name: str, args: Any) -> list[Any]:
    declaration = base.DECLARATIONS[name]
    if not declaration.forms:
        return [{name: args}]
    form = declaration.form()
    return [{name: form.canonical(part, {})} for part in declaration.split(args)]


def _name_of(part: Any) -> str:
    (name,) = part
    return str(name)
