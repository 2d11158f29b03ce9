"""What the rooms declare: facts, clauses, states, permissions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from docs import markdown, rooms
from qunce.core import permissions as core_permissions
from qunce.core import state_machine
from qunce.core.facts import facts
from qunce.members.attributes.attributes import AttributeType
from qunce.sets.rules import base, comparisons, time_windows, tree

COLUMNS = ("account", "group")
TREE = {
    "all": "In all of the rules of a list; everyone, if it is empty.",
    "any": "In at least one of the rules of a list; nobody, if it is empty.",
    "not": "Everyone of the community who is not in the rule.",
    "with_left": "The rule asked of those who left as well.",
}
"""The nodes that every rule is built with; all others are clauses."""

# Facts


def facts_page() -> str:
    declared = facts.declared()
    groups: dict[str, list[type[facts.FactKind]]] = {}
    for kind in sorted(declared):
        groups.setdefault(declared[kind].__module__, []).append(declared[kind])
    head = (
        "A fact is never changed. `account` and `group` are columns; the other fields"
        " are the payload, where `where` and `sum` of a rule find them. Files and"
        " programs may bring kinds of their own, written noun.verb."
    )
    parts = [head]
    for module in sorted(groups):
        rows = [_fact(event) for event in groups[module]]
        names = ("kind", "in words", "fields", "")
        parts += [f"## {module}", markdown.table(names, rows)]
    return "\n\n".join(parts)


def _fact(event: type[facts.FactKind]) -> tuple[str, str, str, str]:
    types = {field.name: _type(field) for field in dataclasses.fields(event)}
    given: dict[str, Any] = dict.fromkeys(set(types) - set(COLUMNS), "")
    made = event(**given)
    fields = [
        f"`{name}` {types.get(name, 'text')}" for name in facts.load(made.payload())
    ]
    said = markdown.own_words(event)
    return markdown.code(event.kind), str(event.label), ", ".join(fields), said


def _type(field: dataclasses.Field[Any]) -> str:
    name = field.type if isinstance(field.type, str) else field.type.__name__
    return {"int": "integer", "str": "text", "Sequence[str]": "texts"}.get(
        name, name.replace("list[str]", "texts")
    )


# Clauses


def clauses() -> str:
    node = markdown.table(
        ("node", "meaning"), [(markdown.code(k), v) for k, v in TREE.items()]
    )
    declared = base.DECLARATIONS
    rows = [
        (
            markdown.code(name),
            markdown.codes(declared[name].fields),
            declared[name].description,
        )
        for name in base.list_names()
    ]
    signs = ", ".join(f"`{name}` {sign}" for name, sign in comparisons.SIGNS.items())
    return "\n\n".join(
        (
            "A rule is an object with exactly one key: a node or a clause. The guide"
            " explains each with an example, in [English](../guide/en/4-rules.md) and"
            " in [Chinese](../guide/zh/4-rules.md).",
            f"## Nodes\n\n{node}",
            f"## Clauses\n\n{markdown.table(('clause', 'fields', ''), rows)}",
            f"## Examples\n\n{markdown.fenced('json', examples())}",
            f"## Spans of time\n\nOne of {markdown.codes(time_windows.KINDS)};"
            f" at most {time_windows.MAX_DAYS} days.",
            f"## Comparisons\n\nAn object with one or more of {signs}.",
            f"## Types of attributes\n\n{markdown.codes(AttributeType.values)}",
            f"At most {tree.MAX_NODES:,} nodes in one rule, segments unfolded,"
            f" nested at most about {tree.MAX_DEPTH} deep.",
        )
    )


def examples() -> str:
    """The examples of all clauses, one rule per line."""
    return "\n".join(
        json.dumps({name: args}, ensure_ascii=False)
        for name in base.list_names()
        for args in base.DECLARATIONS[name].examples
    )


# States


def states() -> str:
    parts = [
        "A step is taken by an UPDATE that still requires the state it starts from,"
        " so of two at once one wins."
    ]
    for name, found in flows():
        parts += [f"## {name}", markdown.fenced("mermaid", found.diagram())]
    return "\n\n".join(parts)


def flows() -> Iterator[tuple[str, state_machine.StateMachine]]:
    for module in rooms.import_all():
        for value in vars(module).values():
            if isinstance(value, state_machine.StateMachine):
                yield module.__name__.removeprefix("qunce."), value


# Permissions


def permissions() -> str:
    roles = list(core_permissions.Role)
    granted = core_permissions.declared()
    rows = [
        (markdown.code(name), *("✓" if role in granted[name] else "" for role in roles))
        for name in sorted(granted)
    ]
    return markdown.table(("permission", *roles), rows)
