"""Editing the tree of a rule: pure, by the place of a part such as `all[1].not.any[0]`.

Nothing is changed in place, so every state before can be gone back to.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.sets.rules import tree
from qunce.sets.rules.base import RuleError

Path = tuple[str | int, ...]
STEP = re.compile(r"([a-z_]+)|\[(\d{1,6})\]")
LISTS = ("all", "any")
AROUND = ("not", "with_left")


class NoSuchPart(errors.Invalid):
    """The rule has no part at this place any more."""


LONGEST, DEEPEST = 500_000, 200
"""Characters of a rule as JSON, and lists and objects inside each other."""


def given(text: str) -> Any:
    """What somebody wrote as JSON, unless it is too much to be looked at."""
    try:
        found = tree.parse_json(text[: LONGEST + 1]) if len(text) <= LONGEST else None
    except RecursionError:
        found = None
    if (found is None and text.strip() != "null") or _is_deep(found):
        raise RuleError("", _("This rule is too long, or nested too deeply."))
    return found


def _is_deep(found: Any) -> bool:
    level = [found]
    for _depth in range(DEEPEST):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return False
    return True


# Places


def read(text: str) -> Path:
    found = [
        int(number) if number else word for word, number in STEP.findall(text[:2000])
    ]
    if write(tuple(found)) != text:
        raise NoSuchPart(_("The rule has no part “%(place)s”.") % {"place": text[:80]})
    return tuple(found)


def write(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def part(rule: Any, path: Path) -> Any:
    for step in path:
        try:
            rule = rule[step]
        except (KeyError, IndexError, TypeError):
            raise NoSuchPart(
                _("The rule has no part “%(place)s”.") % {"place": write(path)}
            ) from None
    return rule


def kind(rule: Any) -> str:
    """The one key of a part, such as `tag` or `all`; nothing where it is none."""
    if isinstance(rule, dict) and len(rule) == 1:
        return str(next(iter(rule)))
    return ""


def clause(rule: Any, path: Path) -> Path:
    """Where the clause of a line stands: inside its `not`, if it has one."""
    found = part(rule, path)
    return (*path, "not") if kind(found) == "not" else path


def until(rule: Any, path: Path) -> Any:
    """Who is left at this place: what comes before in every `all`, and the part itself.

    Inside a `with_left` it is what comes before in there that counts.
    """
    before: list[Any] = []
    wide = False
    for depth, step in enumerate(path):
        if isinstance(step, int) and path[depth - 1] == "all":
            before += part(rule, path[:depth])[:step]
        elif step == "with_left":
            before, wide = [], True
    found = {"all": [*before, part(rule, path)]}
    return {"with_left": found} if wide else found


# Edits


def normal(rule: Any) -> Any:
    """The same rule as a list of lines all of which have to hold."""
    if kind(rule) == "all" and isinstance(rule["all"], list):
        return rule
    return {"all": [rule]}


def put(rule: Any, path: Path, new: Any) -> Any:
    """Another part in this place."""
    if not path:
        return new
    step, *rest = path
    part(rule, (step,))
    inner = put(rule[step], tuple(rest), new)
    if isinstance(step, int):
        return [inner if place == step else old for place, old in enumerate(rule)]
    return {name: inner if name == step else old for name, old in rule.items()}


def add(rule: Any, group: Path, new: Any) -> Any:
    """One more line at the end of a group, which is an `all` or an `any`."""
    several = _lines_of(rule, group)
    return put(rule, (*group, kind(part(rule, group))), [*several, new])


def _lines_of(rule: Any, group: Path) -> list[Any]:
    found = part(rule, group)
    if kind(found) not in LISTS or not isinstance(found[kind(found)], list):
        raise NoSuchPart(
            _("The rule has no part “%(place)s”.") % {"place": write(group)}
        )
    return list(found[kind(found)])


def remove(rule: Any, path: Path) -> Any:
    """Without this part: a group goes with its last line, and one line needs no group."""
    part(rule, path)
    while path and not isinstance(path[-1], int):
        path = path[:-1]
    if not path:
        return {"all": []}
    *above, _name, place = path
    group = tuple(above)
    left = _lines_of(rule, group)
    del left[int(place)]
    if group and not left:
        return remove(rule, group)
    if group and len(left) == 1:
        return put(rule, group, left[0])
    return put(rule, (*group, kind(part(rule, group))), left)


def move(rule: Any, path: Path, by: int) -> tuple[Any, Path]:
    """A line before (-1) or after (1) its neighbour; and where it is then."""
    *above, place = path or ("",)
    if not isinstance(place, int):
        return rule, path
    several = list(part(rule, tuple(above)))
    part(several, (place,))
    other = min(max(place + by, 0), len(several) - 1)
    several.insert(other, several.pop(place))
    return put(rule, tuple(above), several), (*above, other)


def negate(rule: Any, path: Path) -> Any:
    found = part(rule, path)
    new = found["not"] if kind(found) == "not" else {"not": found}
    return put(rule, path, new)


def wrap(rule: Any, path: Path, name: str) -> Any:
    """A group of this line alone, to which others can be added; or one of its own kind."""
    found = part(rule, path)
    if name not in (*LISTS, *AROUND):
        raise NoSuchPart(_("The rule has no part “%(place)s”.") % {"place": name[:80]})
    return put(rule, path, {name: [found] if name in LISTS else found})


def turn(rule: Any, group: Path) -> Any:
    """`any` for `all` and the other way round."""
    several = _lines_of(rule, group)
    name = LISTS[1 - LISTS.index(kind(part(rule, group)))]
    return put(rule, group, {name: several})
