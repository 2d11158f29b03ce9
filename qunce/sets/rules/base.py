"""The registry of leaves: each kind of clause is declared by the room that owns it.

A leaf is a frozen dataclass made by `parse`, which also turns names into ids. It says
which revisions it reads, resolves to a set of people, and puts one person into words.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.utils.translation import gettext as _

from qunce.core import errors, revisions
from qunce.core.communities import Community

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.tree import Node


class RuleError(errors.Invalid):
    """A rule cannot be understood. `where` is the path, such as `all[2].tag.any[0]`."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
        self.message = message


@dataclass(frozen=True)
class RulePath:
    """Where in a rule we are, for which community, and through which segments we came."""

    community: Community
    compiler: Callable[[Any, RulePath], Node] = field(repr=False)
    path: str = ""
    trail: tuple[str, ...] = ()
    nodes: Iterator[int] = field(
        default_factory=lambda: itertools.count(1), compare=False, repr=False
    )
    """Counts the nodes of the whole rule; all places in it share it."""

    def child(self, step: str | int) -> RulePath:
        if isinstance(step, int):
            path = f"{self.path}[{step}]"
        else:
            path = f"{self.path}.{step}" if self.path else step
        # Thirty times a rule: `replace` would take five times as long.
        return RulePath(self.community, self.compiler, path, self.trail, self.nodes)

    def fail(self, message: str) -> NoReturn:
        raise RuleError(self.path, message)

    def rule(self, rule: Any) -> Node:
        """Compile a nested rule, such as a segment's own."""
        return self.compiler(rule, self)


Reference = Callable[[Community, Sequence[str]], Mapping[str, int]]
"""From keys in a community to ids, such as groups'; unknown keys are left out."""


Macro = Callable[[Any, RulePath], "Node"]
"""From the JSON behind a name to a tree of other clauses, such as a segment's rule."""


class Clause(ABC):
    """One clause. Subclasses are frozen dataclasses, equal when they ask the same."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def parse(cls, args: Any, path: RulePath) -> Clause:
        """From the JSON behind the leaf's name; `path.fail(…)` what does not fit."""

    @abstractmethod
    def dependencies(self) -> Iterable[revisions.Key]:
        """The revisions of truth that the answer depends on."""

    @abstractmethod
    def resolve(self, snap: Snapshot) -> BitMap:
        """The people for whom it holds, of all times; who is asked is cut later."""

    @abstractmethod
    def explain(self, snap: Snapshot, person: int) -> str:
        """What is so for this person, as a sentence in the reader's language."""

    def cache_key(self, snap: Snapshot) -> Hashable:
        """What else the answer depends on: days, positions. None for nothing."""
        return None


_kinds: dict[str, type[Clause]] = {}
_references: dict[str, Reference] = {}
_macros: dict[str, Macro] = {}


def register(kind: type[Clause]) -> type[Clause]:
    _kinds[kind.name] = kind
    return kind


def register_reference(what: str, find: Reference) -> None:
    """Let clauses of this room name things (`group`, `account`) that others own."""
    _references[what] = find


def resolve_keys(what: str, keys: Sequence[str], path: RulePath) -> tuple[int, ...]:
    """The ids of the things named in a list, in its order; the unknown is refused."""
    found = _references[what](path.community, keys)
    for number, key in enumerate(keys):
        if key not in found:
            _fail_unknown(what, key, path.child(number))
    return tuple(found[key] for key in keys)


def resolve_key(what: str, key: str, path: RulePath) -> int:
    found = _references[what](path.community, [key])
    if key not in found:
        _fail_unknown(what, key, path)
    return found[key]


def _fail_unknown(what: str, key: str, path: RulePath) -> NoReturn:
    path.fail(_("There is no %(what)s “%(key)s”.") % {"what": _(what), "key": key})


def names() -> list[str]:
    return sorted([*_kinds, *_macros])


def registered() -> dict[str, type[Clause]]:
    return dict(_kinds)


def register_macro(name: str, macro: Macro) -> None:
    _macros[name] = macro


def find_macro(name: str) -> Macro | None:
    return _macros.get(name)


def parse(name: str, args: Any, path: RulePath) -> Clause:
    if name not in _kinds:
        path.fail(
            _(
                "Unknown clause “%(name)s”. Available clauses: all, any, not, "
                "with_left, %(all)s."
            )
            % {"name": name, "all": ", ".join(names())}
        )
    return _kinds[name].parse(args, path.child(name))


def check_fields(args: Any, path: RulePath, allowed: Iterable[str]) -> dict[str, Any]:
    """`args` as an object whose every field is allowed; an unknown one is named."""
    if not isinstance(args, dict):
        path.fail(_("Write an object with fields."))
    for name in args:
        if name not in allowed:
            path.child(str(name)).fail(
                _("Unknown field “%(name)s”. Available fields: %(all)s.")
                % {"name": name, "all": ", ".join(allowed)}
            )
    return args


def format_list(words: Iterable[str]) -> str:
    """Words one after the other, as the reader's language does it."""
    return _(", ").join(words)


def join_sentences(sentences: Iterable[str]) -> str:
    return _("; ").join(sentences)


def parse_strings(value: Any, path: RulePath) -> tuple[str, ...]:
    """A list of texts; one text stands for a list of one."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        path.fail(_("Write a list of texts."))
    for number, part in enumerate(value):
        if not isinstance(part, str):
            path.child(number).fail(_("Write a string."))
    return tuple(value)
