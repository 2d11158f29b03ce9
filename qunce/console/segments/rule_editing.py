"""Editing the tree of a rule, by the path of a part such as `all[1].not.any[0]`.

All functions are pure and return a new rule, so that every step can be undone.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.sets.rules import tree
from qunce.sets.rules.base import RuleError

Path = tuple[str | int, ...]
PATH_STEP = re.compile(r"([a-z_]+)|\[(\d{1,6})\]")
LISTS = ("all", "any")
WRAPPERS = ("not", "with_left")
MAX_LENGTH, MAX_DEPTH = 500_000, 200
"""Characters of a rule as JSON, and levels of lists and objects."""


class PartNotFound(errors.Invalid):
    """The rule has no part at this path."""

    def __init__(self, path: str) -> None:
        super().__init__(_("The rule has no part “%(place)s”.") % {"place": path})


# Reading


def parse_json(text: str) -> Any:
    """The rule in a text; a rule that is too long or too deep raises RuleError."""
    try:
        rule = tree.parse_json(text) if len(text) <= MAX_LENGTH else None
    except RecursionError:
        rule = None
    if (rule is None and text.strip() != "null") or _is_too_deep(rule):
        raise RuleError("", _("This rule is too long, or nested too deeply."))
    return rule


def _is_too_deep(rule: Any) -> bool:
    # By levels instead of recursively: a deep rule would overflow the stack.
    level = [rule]
    for _depth in range(MAX_DEPTH):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return False
    return True


def parse_path(text: str) -> Path:
    path = tuple(
        int(number) if number else word
        for word, number in PATH_STEP.findall(text[:2000])
    )
    if format_path(path) != text:
        raise PartNotFound(text[:80])
    return path


def format_path(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def get_part(rule: Any, path: Path) -> Any:
    for step in path:
        try:
            rule = rule[step]
        except (KeyError, IndexError, TypeError):
            raise PartNotFound(format_path(path)) from None
    return rule


def name_of(part: Any) -> str:
    """The only key of a part, such as `tag` or `all`; empty if it is not like that."""
    if isinstance(part, dict) and len(part) == 1:
        return str(next(iter(part)))
    return ""


def clause_path(rule: Any, path: Path) -> Path:
    """The path of the clause of a line: inside its `not`, if it has one."""
    return (*path, "not") if name_of(get_part(rule, path)) == "not" else path


def rule_up_to(rule: Any, path: Path) -> Any:
    """A rule for the members that are left at this part.

    It has the part and what is before it in every `all`; inside a `with_left` only what
    is before it in there.
    """
    before: list[Any] = []
    with_left = False
    for depth, step in enumerate(path):
        if isinstance(step, int) and path[depth - 1] == "all":
            before += get_part(rule, path[:depth])[:step]
        elif step == "with_left":
            # Inside, what is before it outside does not apply: see `tree.All`.
            before, with_left = [], True
    result = {"all": [*before, get_part(rule, path)]}
    return {"with_left": result} if with_left else result


# Editing


def normalise(rule: Any) -> Any:
    """The same rule as an `all`, which is a list of lines."""
    if name_of(rule) == "all" and isinstance(rule["all"], list):
        return rule
    return {"all": [rule]}


def replace(rule: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    step, *rest = path
    get_part(rule, (step,))
    inner = replace(rule[step], tuple(rest), new)
    if isinstance(step, int):
        return [inner if index == step else old for index, old in enumerate(rule)]
    return {name: inner if name == step else old for name, old in rule.items()}


def append(rule: Any, group: Path, new: Any) -> Any:
    """Add a line at the end of a group, which is an `all` or an `any`."""
    parts = _get_list(rule, group)
    return replace(rule, (*group, name_of(get_part(rule, group))), [*parts, new])


def _get_list(rule: Any, group: Path) -> list[Any]:
    part = get_part(rule, group)
    name = name_of(part)
    if name not in LISTS or not isinstance(part[name], list):
        raise PartNotFound(format_path(group))
    return list(part[name])


def remove(rule: Any, path: Path) -> Any:
    """Remove a part. An empty group is removed too; a group of one becomes that line."""
    get_part(rule, path)
    while path and not isinstance(path[-1], int):
        path = path[:-1]
    if not path:
        return {"all": []}
    *above, _name, index = path
    group = tuple(above)
    rest = _get_list(rule, group)
    del rest[int(index)]
    # An empty `any` would match nobody, an empty `all` everyone.
    if group and not rest:
        return remove(rule, group)
    if group and len(rest) == 1:
        return replace(rule, group, rest[0])
    return replace(rule, (*group, name_of(get_part(rule, group))), rest)


def move(rule: Any, path: Path, offset: int) -> tuple[Any, Path]:
    """Move a line by -1 or 1 among its siblings; returns the rule and the new path."""
    *above, index = path or ("",)
    if not isinstance(index, int):
        return rule, path
    siblings = list(get_part(rule, tuple(above)))
    get_part(siblings, (index,))
    other = min(max(index + offset, 0), len(siblings) - 1)
    siblings.insert(other, siblings.pop(index))
    return replace(rule, tuple(above), siblings), (*above, other)


def toggle_not(rule: Any, path: Path) -> Any:
    part = get_part(rule, path)
    new = part["not"] if name_of(part) == "not" else {"not": part}
    return replace(rule, path, new)


def wrap(rule: Any, path: Path, name: str) -> Any:
    """Put a line into a group of its own, to which others can be added."""
    part = get_part(rule, path)
    if name not in (*LISTS, *WRAPPERS):
        raise PartNotFound(name[:80])
    return replace(rule, path, {name: [part] if name in LISTS else part})


def toggle_all_any(rule: Any, group: Path) -> Any:
    parts = _get_list(rule, group)
    name = LISTS[1 - LISTS.index(name_of(get_part(rule, group)))]
    return replace(rule, group, {name: parts})
