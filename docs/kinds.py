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
from qunce.core.facts import fact_effects, facts
from qunce.members.attributes.attributes import AttributeType
from qunce.members.layers import ladders as all_ladders
from qunce.members.layers.ladders.base import Ladder
from qunce.sets.rules import base, comparisons, fact_queries, time_windows, tree

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
        " the payload, which `where` and `sum` of a rule read."
    )
    parts = [head, _reporting()]
    for module in sorted(groups):
        rows = [_fact(kind) for kind in groups[module]]
        names = ("kind", "label", "fields", "")
        parts += [f"## {module}", markdown.table(names, rows)]
    return "\n\n".join(parts)


REPORTING = """
Files (`qunce import FILE --as facts`) and programs (`POST /facts`) follow the same check.

* A kind that is not listed on this page is stored as it is, written noun.verb. So are the
  kinds {reportable}.
* The kinds below go through the verb that records them, so that they take effect. In one
  request or file they do so in the order of time; for joins, leaves and opt-outs that come
  late, the latest one known decides. A payload has only the listed fields. What the state
  does not allow, such as a refund above the payment, is refused with its reason.
* All other kinds of this page are refused with a sentence that names what to use instead.
* A fact is recorded once per source and key. Equal facts without a key (of the same kind,
  member, group, time and payload) are one fact; give them keys if they can be equal.
* Times before 2000 and more than a day in the future are refused, unless they are allowed
  with `--allow-old-times` and `--allow-future-times`, or `allow_old_times` and
  `allow_future_times` in the API. Numbers of 9 or 10, 12 or 13, and 15 or 16 digits are
  seconds, milliseconds and microseconds since 1970; others are refused.
* Payloads are stored exactly: decimals keep all their digits. NaN, Infinity and a field
  that occurs twice are refused.
* The member is named by key, phone, e-mail or UnionID. Unknown members and groups are
  created. Facts of people who were erased are counted as suppressed and not stored.
"""


def _reporting() -> str:
    plain = sorted(k for k, kind in facts.declared().items() if kind.reportable)
    rows = [
        _effect(effect) for _kind, effect in sorted(fact_effects.registered().items())
    ]
    names = ("kind", "payload", "needs", "API scope", "effect")
    return "\n\n".join(
        (
            "## Reporting facts",
            REPORTING.strip().format(reportable=markdown.codes(plain)),
            markdown.table(names, rows),
        )
    )


def _effect(effect: fact_effects.Effect) -> tuple[str, ...]:
    types = {int: "integer", str: "text", list: "texts"}
    fields = [
        f"`{name}` {types[kind]}{'' if name in effect.required else ', optional'}"
        for name, kind in effect.fields.items()
    ]
    needs = {"member": effect.needs_member, "group": effect.needs_group}
    return (
        markdown.code(effect.kind),
        "; ".join(fields),
        ", ".join(name for name, is_needed in needs.items() if is_needed),
        markdown.code(effect.scope),
        effect.description,
    )


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
            f"## Limits\n\nAt most {base.MAX_NODES:,} nodes in one rule, those of its"
            f" segments included, nested at most about {tree.MAX_DEPTH} deep, and at most"
            f" {base.MAX_NAMES:,} keys and values in its lists. At most"
            f" {base.MAX_COST // fact_queries.COST} different conditions that read single"
            " facts: `where`, `hours`, amounts, exact hours, and steps of a sequence.",
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


def ladders() -> str:
    """The ready-made layerings, with what they need."""
    return "\n\n".join(_ladder(ladder) for ladder in all_ladders.list_all())


def _ladder(ladder: Ladder) -> str:
    needs = markdown.codes(ladder.list_kinds()) or "nothing"
    if ladder.tags:
        needs = f"the tags {markdown.codes(ladder.tags)}"
    names = [(markdown.code(key), str(name)) for key, name in ladder.names.items()]
    numbers = [
        (markdown.code(name), str(number.label), f"{number.default:,}", number.unit)
        for name, number in ladder.numbers.items()
    ]
    parts = [
        f"## {ladder.name}",
        f"`{ladder.key}`. {ladder.description}",
        f"It is made from {needs}.",
        markdown.table(["layer", "name"], names),
    ]
    if numbers:
        parts.append(markdown.table(["number", "meaning", "default", "unit"], numbers))
    return "\n\n".join(parts)


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
