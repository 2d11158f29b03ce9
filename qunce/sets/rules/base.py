"""Clauses: what a rule is written with, each declared by the application that owns it.

A clause is one object in one file. It carries its name, documentation and examples, its
parser, the set it resolves to, the explanation for one person, its phrase, and the keys
it mentions. `discover` imports the `clauses` of every application; nothing lists them.
"""

from __future__ import annotations

import json
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, TypeVar

from django.apps import apps
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _

from qunce.core import errors, revisions
from qunce.core.communities import Community
from qunce.sets.rules import phrasing, references
from qunce.sets.rules.grammar.forms import Choice
from qunce.sets.rules.phrasing import Names, Piece, Pieces
from qunce.sets.rules.references import Mention

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.sets.rules.grammar.forms import Form
    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.tree import Node

NODES = ("all", "any", "not", "with_left")
"""Names in a rule that combine other rules; all other names are of clauses."""


class RuleError(errors.Invalid):
    """The rule is not valid. `path` is where, such as `all[2].tag.any[0]`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


MAX_NODES = 2_000
"""Nodes of one rule, including those of its segments."""
MAX_NAMES = 100_000
"""Keys and values in the lists of one rule."""
MAX_COST = 2_000
"""The sum of `Clause.cost` over the different clauses of one rule."""


@dataclass
class Budget:
    """Adds up what one question costs, and refuses it before it is evaluated."""

    nodes: int = 0
    names: int = 0
    cost: int = 0
    counted: set[Clause] = field(default_factory=set)

    def spend_node(self) -> None:
        self.nodes += 1
        # A few segments that each name another one twice would make millions of nodes.
        if self.nodes > MAX_NODES:
            raise RuleError(
                "", _("A rule can have at most %(n)s clauses.") % {"n": MAX_NODES}
            )

    def spend_names(self, count: int) -> None:
        self.names += count
        if self.names > MAX_NAMES:
            raise RuleError(
                "", _("A rule can have at most %(n)s names.") % {"n": f"{MAX_NAMES:,}"}
            )

    def spend(self, clause: Clause) -> None:
        # Equal clauses share a cached set, so they cost once.
        if clause in self.counted:
            return
        self.counted.add(clause)
        self.cost += clause.cost
        if self.cost > MAX_COST:
            raise RuleError(
                "",
                _(
                    "This question takes too long: it has too many conditions on "
                    "details, times of day or amounts of what members did. Ask it in "
                    "several segments, or leave some of them out."
                ),
            )


@dataclass(frozen=True)
class RulePath:
    """A position in a rule that is being compiled, such as `all[2].tag.any[0]`."""

    community: Community
    text: str = ""
    segments: tuple[str, ...] = ()
    """Keys of the segments that the position is inside of, outermost first."""
    budget: Budget = field(default_factory=Budget, compare=False, repr=False)
    """What the whole rule may cost; all positions in it share the budget."""
    groups: frozenset[str] | None = None
    """Keys of the groups that the asker sees, None for all. Others are unknown to them."""
    asker: int | None = None
    """Id of the staff member whom "me" in the rule means, if there is one."""
    author: int | None = None
    """Id of the staff member who asks by this very text; None for rules of others, such
    as segments and scopes."""
    sees_all: bool = True
    """False for an author with a scope: to them a hidden member is like an unknown one."""

    @classmethod
    def for_staff(
        cls, community: Community, by: Staff | None, segments: tuple[str, ...] = ()
    ) -> RulePath:
        """The beginning of a rule that `by` has written."""
        seen = by.groups if by is not None else None
        groups = None if seen is None else frozenset(seen)
        asker = by.pk if by is not None else None
        return cls(
            community,
            segments=segments,
            groups=groups,
            asker=asker,
            author=asker,
            sees_all=by is None or by.scope is None,
        )

    def child(self, step: str | int) -> RulePath:
        if isinstance(step, int):
            text = f"{self.text}[{step}]"
        else:
            text = f"{self.text}.{step}" if self.text else step
        # About thirty calls per rule; `dataclasses.replace` takes five times as long.
        return RulePath(
            self.community,
            text,
            self.segments,
            self.budget,
            self.groups,
            self.asker,
            self.author,
            self.sees_all,
        )

    def fail(self, message: str) -> NoReturn:
        raise RuleError(self.text, message)


class Declaration(ABC):
    """What a name in a rule stands for. `args` is the JSON behind that name."""

    name: ClassVar[str]
    description: ClassVar[str]
    """One or two English sentences for the reference."""
    fields: ClassVar[tuple[str, ...]]
    examples: ClassVar[tuple[dict[str, Any], ...]]
    """Valid `args`, which together use every field."""
    forms: ClassVar[tuple[Form, ...]] = ()
    """How it reads after “everyone who …”. The first form that fits writes a rule, and
    all of them read sentences."""
    joiner: ClassVar[Literal["all", "any"]] = "all"
    """How the parts of `split` belong together."""

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        """Its parts, each of which has a form of its own; together they mean the same."""
        return [args]

    @classmethod
    def form(cls) -> Choice:
        """All of its forms as one."""
        if "_form" not in cls.__dict__:
            cls._form = Choice(cls.forms)
        return cls._form

    _form: ClassVar[Choice]

    @classmethod
    def phrase(cls, args: Any, names: Names) -> Pieces:
        """The text after “everyone who …”, in the active language.

        `args` may be any JSON: this may raise AttributeError, LookupError, TypeError or
        ValueError, and `describe_clause` then shows the JSON instead.
        """
        parts = [
            phrasing.tidy(cls.form().write(part, names, {})) for part in cls.split(args)
        ]
        if not parts:
            raise ValueError(args)
        return phrasing.join(parts, _(" and ") if cls.joiner == "all" else _(" or "))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        """Everything that is mentioned by key; `args` may be any JSON object."""
        yield from ()


class Clause(Declaration):
    """A clause of a rule. Subclasses are frozen dataclasses; equal ones share a cache.

    A clause that `knows_past` has the set of an earlier moment, if asked in a snapshot of
    that moment. The set of any other clause is always that of now.
    """

    knows_past: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def parse(cls, args: Any, path: RulePath) -> Clause:
        """Check the JSON and turn keys into ids; `path.fail(…)` reports what is wrong."""

    @property
    def cost(self) -> int:
        """What it takes to evaluate it, as a multiple of a union of bitmaps."""
        return 1

    @abstractmethod
    def dependencies(self) -> Iterable[revisions.Key]:
        """The revisions of the database that the set depends on."""

    @abstractmethod
    def resolve(self, snap: Snapshot) -> BitMap:
        """The people who match, including former members."""

    @abstractmethod
    def explain(self, snap: Snapshot, person: int) -> str:
        """What the clause found for this person, as text in the active language."""

    def cache_key(self, snap: Snapshot) -> Hashable:
        """What the set depends on besides revisions, such as today; None for nothing."""
        return None


class Macro(Declaration):
    """A name that stands for a whole rule, such as a segment."""

    @classmethod
    @abstractmethod
    def expand(cls, args: Any, path: RulePath) -> Node:
        """The compiled rule; `path.fail(…)` reports what is wrong."""


# Declaring clauses

DECLARATIONS: dict[str, type[Declaration]] = {}
Declared = TypeVar("Declared", bound=type[Declaration])


def register(declaration: Declared) -> Declared:
    DECLARATIONS[declaration.name] = declaration
    return declaration


def discover() -> None:
    """Import `clauses` of every installed application, so that all clauses register."""
    # By applications, like Django's autodiscover: this layer may import none of them.
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, "clauses"):
            package = import_module(f"{app.name}.clauses")
            paths = getattr(package, "__path__", ())
            for module in pkgutil.iter_modules(paths, f"{package.__name__}."):
                import_module(module.name)


def list_names() -> list[str]:
    return sorted(DECLARATIONS)


def get(name: str, path: RulePath) -> type[Declaration]:
    if name not in DECLARATIONS:
        path.fail(
            _(
                "Unknown clause “%(name)s”. Available clauses: all, any, not, "
                "with_left, %(all)s."
            )
            % {"name": name, "all": ", ".join(list_names())}
        )
    return DECLARATIONS[name]


# Parsing


def check_fields(args: Any, path: RulePath, allowed: Iterable[str]) -> dict[str, Any]:
    """Return `args` if it is an object that has allowed fields only."""
    if not isinstance(args, dict):
        path.fail(_("Write an object with fields."))
    # A misspelt field would otherwise be ignored, and the rule match too many members.
    for name in args:
        if name not in allowed:
            path.child(str(name)).fail(
                _("Unknown field “%(name)s”. Available fields: %(all)s.")
                % {"name": name, "all": ", ".join(allowed)}
            )
    return args


def parse_strings(value: Any, path: RulePath) -> tuple[str, ...]:
    """A list of strings; a single string counts as a list of one."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        path.fail(_("Write a list of texts."))
    path.budget.spend_names(len(value))
    for index, part in enumerate(value):
        if not isinstance(part, str):
            path.child(index).fail(_("Write a string."))
    return tuple(value)


def resolve_keys(kind: str, keys: Sequence[str], path: RulePath) -> tuple[int, ...]:
    """The ids of these things, in the order of the keys.

    An unknown key fails, unless the error would reveal members of others.
    """
    ids: dict[str, int] = {}
    # A query for many keys, and none after the first ones that are unknown.
    for start in range(0, len(keys), references.CHUNK_SIZE):
        chunk = keys[start : start + references.CHUNK_SIZE]
        ids |= _find_ids(kind, chunk, path)
        # Nobody, like the members outside the scope, whose keys have ids.
        is_silent = kind == "account" and not path.sees_all
        for index, key in enumerate(chunk, start):
            if key not in ids and not is_silent:
                _fail_unknown(kind, key, path.child(index))
    return tuple(ids[key] for key in keys if key in ids)


def resolve_key(kind: str, key: str, path: RulePath) -> int:
    ids = _find_ids(kind, [key], path)
    if key not in ids:
        _fail_unknown(kind, key, path)
    return ids[key]


def _find_ids(kind: str, keys: Sequence[str], path: RulePath) -> dict[str, int]:
    finder = references.get(kind).find_ids
    if finder is None:
        raise LookupError(f"No ids are registered for {kind}.")
    if kind == "group" and path.groups is not None:
        keys = [key for key in keys if key in path.groups]
    return dict(finder(path.community, keys))


def _fail_unknown(kind: str, key: str, path: RulePath) -> NoReturn:
    label = references.get(kind).label
    path.fail(_("There is no %(what)s “%(key)s”.") % {"what": label, "key": key})


# Describing


def describe_clause(name: str, args: Any, names: Names) -> Pieces:
    """A clause as it reads after “everyone who …”; JSON if it cannot be read."""
    # Rules come from URLs and old segments, and may be invalid or name unknown clauses.
    try:
        return phrasing.tidy(DECLARATIONS[name].phrase(args, names))
    except UNREADABLE:
        return _json({name: args})


def describe_parts(name: str, args: Any, names: Names) -> list[Pieces]:
    """Like `describe_clause` for each part of `split`."""
    try:
        declaration = DECLARATIONS[name]
        if not declaration.forms:
            return [phrasing.tidy(declaration.phrase(args, names))]
        parts = [
            phrasing.tidy(declaration.form().write(part, names, {}))
            for part in declaration.split(args)
        ]
        return parts or [_json({name: args})]
    except UNREADABLE:
        return [_json({name: args})]


UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _json(rule: Any) -> Pieces:
    text = json.dumps(rule, ensure_ascii=False, default=str)
    return (Piece(text[:200], "unknown"),)


def list_mentions(rule: Any) -> Iterator[Mention]:
    """Everything that a rule mentions by key, directly: segments are not looked into."""
    if isinstance(rule, list):
        for part in rule:
            yield from list_mentions(part)
    elif isinstance(rule, dict):
        for name, args in rule.items():
            if name in NODES:
                yield from list_mentions(args)
            elif name in DECLARATIONS and isinstance(args, dict):
                yield from DECLARATIONS[name].mentions(args)


def mentions_of(kind: str, keys: Any) -> Iterator[Mention]:
    """Mentions of a string or of a list; other JSON is ignored."""
    for key in phrasing.as_list(keys):
        if isinstance(key, str):
            yield kind, key


def format_list(items: Iterable[str]) -> str:
    return _(", ").join(items)


def join_sentences(sentences: Iterable[str]) -> str:
    return _("; ").join(sentences)
