"""Reference pages of facts, clauses, states and permissions, which the code declares."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterator
from typing import Any

from docs import all_modules, markdown
from qunce.core import permissions as core_permissions
from qunce.core import state_machine
from qunce.core.facts import facts
from qunce.members.attributes.attributes import AttributeType
from qunce.sets.rules import base, comparisons, time_windows, tree

FACT_COLUMNS = ("account", "group")
NODES = {
    "all": "Members who match all rules of a list; everyone if the list is empty.",
    "any": "Members who match at least one rule of a list; nobody if it is empty.",
    "not": "Everyone in the community who does not match the rule.",
    "with_left": "The rule with former members included.",
}
"""The nodes that combine rules; all other names are of clauses."""


# Facts


def facts_page() -> str:
    declared = facts.declared()
    groups: dict[str, list[type[facts.FactKind]]] = {}
    for kind in sorted(declared):
        groups.setdefault(declared[kind].__module__, []).append(declared[kind])
    head = (
        "A fact is never changed. `account` and `group` are columns. The other fields are"
        " the payload, which `where` and `sum` of a rule read. Files and programs can"
        " report other kinds, written noun.verb."
    )
    parts = [head]
    for module in sorted(groups):
        rows = [_fact(kind) for kind in groups[module]]
        names = ("kind", "label", "fields", "")
        parts += [f"## {module}", markdown.table(names, rows)]
    return "\n\n".join(parts)


def _fact(kind: type[facts.FactKind]) -> tuple[str, str, str, str]:
    types = {field.name: _type(field) for field in dataclasses.fields(kind)}
    values: dict[str, Any] = dict.fromkeys(set(types) - set(FACT_COLUMNS), "")
    payload = facts.load(kind(**values).payload())
    fields = [f"`{name}` {types.get(name, 'text')}" for name in payload]
    description = markdown.docstring(kind)
    return markdown.code(kind.kind), str(kind.label), ", ".join(fields), description


def _type(field: dataclasses.Field[Any]) -> str:
    name = field.type if isinstance(field.type, str) else field.type.__name__
    return {"int": "integer", "str": "text", "Sequence[str]": "texts"}.get(
        name, name.replace("list[str]", "texts")
    )


# Clauses


def clauses() -> str:
    nodes = [(markdown.code(name), meaning) for name, meaning in NODES.items()]
    signs = ", ".join(f"`{name}` {sign}" for name, sign in comparisons.SIGNS.items())
    return "\n\n".join(
        (
            "A rule is an object with exactly one key: a node or a clause. The guide"
            " explains rules step by step, in [English](../guide/en/4-rules.md) and in"
            " [Chinese](../guide/zh/4-rules.md).",
            f"## Nodes\n\n{markdown.table(('node', 'meaning'), nodes)}",
            "## Clauses",
            *(_clause(base.DECLARATIONS[name]) for name in base.list_names()),
            f"## Time spans\n\nOne of {markdown.codes(time_windows.KINDS)};"
            f" at most {time_windows.MAX_DAYS} days.",
            f"## Comparisons\n\nAn object with one or more of {signs}.",
            f"## Types of attributes\n\n{markdown.codes(AttributeType.values)}",
            f"## Limits\n\nAt most {tree.MAX_NODES:,} nodes in one rule, those of its"
            f" segments included, nested at most about {tree.MAX_DEPTH} deep.",
        )
    )


def _clause(declaration: type[base.Declaration]) -> str:
    examples = "\n".join(
        json.dumps({declaration.name: args}, ensure_ascii=False)
        for args in declaration.examples
    )
    return "\n\n".join(
        (
            f"### {markdown.code(declaration.name)}",
            declaration.description,
            f"Fields: {markdown.codes(declaration.fields)}",
            markdown.fenced("json", examples),
        )
    )


# States


def states() -> str:
    parts = [
        "A transition is an UPDATE that requires the state it starts from, so of two"
        " concurrent transitions only one succeeds."
    ]
    for name, machine in list_state_machines():
        parts += [f"## {name}", markdown.fenced("mermaid", machine.diagram())]
    return "\n\n".join(parts)


def list_state_machines() -> Iterator[tuple[str, state_machine.StateMachine]]:
    """Yield the state machines of the code with the module that defines them."""
    for module in all_modules.import_all():
        machine = vars(module).get("STATES")
        if not isinstance(machine, state_machine.StateMachine):
            continue
        # Other modules may import the machine from the one that defines it.
        if "\nSTATES = " in inspect.getsource(module):
            yield module.__name__.removeprefix("qunce."), machine


# Permissions


def permissions() -> str:
    roles = list(core_permissions.Role)
    granted = core_permissions.declared()
    rows = [
        (markdown.code(name), *("✓" if role in granted[name] else "" for role in roles))
        for name in sorted(granted)
    ]
    return markdown.table(("permission", *roles), rows)
