"""Editing the tree of a rule, by the path of a part such as `all[1].not.any[0]`.

All functions are pure and return a new rule, so that every step can be undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.sets.clauses import did
from qunce.sets.rules import payload_numbers, time_windows, tree
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


def move(rule: Any, path: Path, group: Path, index: int) -> tuple[Any, Path]:
    """Move a line to a place in a group; returns the rule and the line's new path.

    `index` is counted before the line is taken away. A group that the line leaves empty
    is removed, as it would match nobody or everyone.
    """
    if not path or not isinstance(path[-1], int) or group[: len(path)] == path:
        raise PartNotFound(format_path(group))
    name = name_of(get_part(rule, group))
    lines = _get_list(rule, group)
    part = _Moved(get_part(rule, path))
    index = min(max(index, 0), len(lines))
    # The old place is marked first, so that both paths stay right until the end.
    marked = replace(rule, path, _GONE)
    lines = _get_list(marked, group)
    marked = replace(marked, (*group, name), [*lines[:index], part, *lines[index:]])
    swept = _sweep(marked)
    new_path = next(_find(swept, ()))
    return replace(swept, new_path, part.part), new_path


@dataclass(frozen=True)
class _Moved:
    """A line at its new place, by which the place is found."""

    part: Any


_GONE = _Moved(None)
"""Stands where a line was taken away."""


def _sweep(part: Any) -> Any:
    """The rule without the mark, and without groups that it leaves empty."""
    if isinstance(part, list):
        rest = [_sweep(each) for each in part if each is not _GONE]
        return [each for each in rest if each is not _GONE]
    if name_of(part) not in (*LISTS, *WRAPPERS):
        return part
    ((name, inside),) = part.items()
    swept = _sweep(inside)
    is_emptied = swept is _GONE or (swept == [] and inside != [])
    return _GONE if is_emptied else {name: swept}


def _find(part: Any, here: Path) -> Iterator[Path]:
    if isinstance(part, _Moved):
        yield here
    elif isinstance(part, list):
        for index, each in enumerate(part):
            yield from _find(each, (*here, index))
    elif name_of(part) in (*LISTS, *WRAPPERS):
        ((name, inside),) = part.items()
        yield from _find(inside, (*here, name))


def step(rule: Any, path: Path, offset: int) -> tuple[Any, Path]:
    """Move a line up (-1) or down (1) by one line, into groups and out of them."""
    if not path or not isinstance(path[-1], int):
        return rule, path
    *above, _name, index = path
    group, other = tuple(above), int(index) + offset
    get_part(rule, path)
    siblings = _get_list(rule, group)
    if 0 <= other < len(siblings):
        beside = clause_path(rule, (*path[:-1], other))
        if name_of(get_part(rule, beside)) in LISTS:
            inside = _get_list(rule, beside)
            return move(rule, path, beside, 0 if offset > 0 else len(inside))
        return move(rule, path, group, other + (offset > 0))
    outer = group
    while outer and not isinstance(outer[-1], int):
        outer = outer[:-1]
    if not outer:
        return rule, path
    place = int(outer[-1]) + (offset > 0)
    return move(rule, path, outer[:-2], place)


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


NONE = "none"
"""A group of which no line may hold: a `not` around an `any`."""


def wrap_lines(rule: Any, paths: Sequence[Path], name: str) -> tuple[Any, Path]:
    """Put lines of one group into a group of their own, where the first of them is.

    `name` is `all`, `any`, `none` or `with_left`. Returns the rule and the new path.
    """
    first = min(paths, default=())
    if not first or {path[:-1] for path in paths} != {first[:-1]}:
        raise RuleError("", _("Select lines of one group."))
    if name not in (*LISTS, NONE, "with_left") or not isinstance(first[-1], int):
        raise PartNotFound(name[:80])
    group = first[:-2]
    lines = _get_list(rule, group)
    indexes = sorted({int(path[-1]) for path in paths})
    if indexes[-1] >= len(lines):
        raise PartNotFound(format_path(first))
    inside: Any = [lines[index] for index in indexes]
    if name == "with_left":
        inside = {"with_left": inside[0] if len(inside) == 1 else {"all": inside}}
    elif name == NONE:
        inside = {"not": {"any": inside}}
    else:
        inside = {name: inside}
    rest = [line for index, line in enumerate(lines) if index not in indexes[1:]]
    rest[indexes[0]] = inside
    return replace(rule, first[:-1], rest), first


def unwrap(rule: Any, line: Path) -> Any:
    """Put the lines of a group where the group was. Lines of a `none` are negated."""
    path = clause_path(rule, line)
    part = get_part(rule, path)
    if name_of(part) in WRAPPERS:
        return replace(rule, path, part[name_of(part)])
    inside = _get_list(rule, path)
    if path != line:
        inside = [toggle_not(each, ()) for each in inside]
    *above, _name, index = line
    lines = _get_list(rule, tuple(above))
    lines[int(index) : int(index) + 1] = inside
    return replace(rule, line[:-1], lines)


def change_group(rule: Any, line: Path, name: str) -> Any:
    """Make a group one of which all, any or none of the lines must hold."""
    parts = _get_list(rule, clause_path(rule, line))
    if name not in (*LISTS, NONE):
        raise PartNotFound(name[:80])
    new = {"not": {"any": parts}} if name == NONE else {name: parts}
    # The lines of the whole rule are an `all`, so another group goes inside it.
    return replace(rule, line, new) if line else {"all": [new]}


def split(clause: Any) -> list[Any]:
    """Clauses that together mean the same as one, each with one condition."""
    name = name_of(clause)
    args = clause[name] if name else None
    if not isinstance(args, dict):
        return [clause]
    conditions = [key for key in args if key in SPLIT_FIELDS.get(name, ())]
    if len(conditions) < 2:
        return [clause]
    shared = {key: value for key, value in args.items() if key not in conditions}
    parts = []
    for key in conditions:
        # What is required of the whole span says nothing about the first or last time.
        outside = time_windows.KINDS if key in ("first", "last") else ()
        kept = {k: v for k, v in shared.items() if k not in outside}
        if key == "untagged":
            kept.pop("depth", None)
            kept.pop("given", None)
        parts.append({name: {**kept, key: args[key]}})
    return parts


SPLIT_FIELDS = {
    "tag": ("any", "all", "none", "untagged"),
    "group": ("any", "all", "none"),
    "segment": ("any", "all", "none", "frozen"),
    "did": (
        *did.UNITS,
        *payload_numbers.AGGREGATES,
        "first",
        "last",
    ),
}
"""The conditions of a clause, all of which have to hold."""
