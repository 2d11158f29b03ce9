"""What the rooms declare: facts, clauses, states, permissions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

from docs import markdown, rooms
from qunce.core import permissions as core_permissions
from qunce.core import state_machine
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.attributes.attributes import AttributeType
from qunce.sets.rules import base, comparisons, time_windows, tree
from qunce.sets.rules.base import RuleError, RulePath

COLUMNS = ("account", "group")
TREE = {
    "all": "In all of the rules of a list; everyone, if it is empty.",
    "any": "In at least one of the rules of a list; nobody, if it is empty.",
    "not": "Everyone of the community who is not in the rule.",
    "with_left": "The rule asked of those who left as well.",
}
"""The nodes that every rule is built with; all others are clauses."""
CLAUSES = {
    "attr": "An attribute compares as wanted; nobody without a value, but by"
    " `known`: false.",
    "did": "How often something was done, on how many days, in how many weeks, how much"
    " it adds up to, when first and last.",
    "group": "Who is in a group now.",
    "joined": "The first of the person's accounts joined in the span.",
    "layer": "The person's layer in the newest run of a layering; everyone has one.",
    "left": "The person left, and the last account did so in the span; ask it inside"
    " `with_left`.",
    "members": "Members by their keys.",
    "segment": "The rule of a segment as it is now, or a frozen segment's people.",
    "opted_out": "Who opted out of messages, with any of their accounts.",
    "seq": "Several things were done in this order, each strictly later than the one"
    " before.",
    "source": "One of the person's accounts came through this.",
    "tag": "Tags that are carried; `depth` compares how often.",
}


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
    rows = [
        (markdown.code(name), markdown.codes(fields(name)), CLAUSES[name])
        for name in base.names()
    ]
    signs = ", ".join(f"`{name}` {sign}" for name, sign in comparisons.SIGNS.items())
    return "\n\n".join(
        (
            "A rule is an object with exactly one key: a node or a clause. The guide"
            " explains each with an example, in [English](../guide/en/4-rules.md) and"
            " in [Chinese](../guide/zh/4-rules.md).",
            f"## Nodes\n\n{node}",
            f"## Clauses\n\n{markdown.table(('clause', 'fields', ''), rows)}",
            f"## Spans of time\n\nOne of {markdown.codes(time_windows.KINDS)};"
            f" at most {time_windows.MAX_DAYS} days.",
            f"## Comparisons\n\nAn object with one or more of {signs}.",
            f"## Types of attributes\n\n{markdown.codes(AttributeType.values)}",
            f"At most {tree.MAX_NODES:,} nodes in one rule, segments unfolded,"
            f" nested at most about {tree.MAX_DEPTH} deep.",
        )
    )


def fields(name: str) -> tuple[str, ...]:
    """The fields of a clause: one that cannot be is refused with a list of them."""
    place = RulePath(Community(), tree.compile_node)
    parse: Callable[[Any, RulePath], Any] = base.find_macro(name) or (
        lambda args, place: base.parse(name, args, place)
    )
    try:
        parse({"?": None}, place)
    except RuleError as error:
        found = re.search(r"there are: (.*)\.$", error.message)
        if found:
            return tuple(found[1].split(", "))
    raise LookupError(name)


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
