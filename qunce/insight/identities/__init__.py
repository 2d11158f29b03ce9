"""Identities: what must be equal if all numbers are right, each one object in one file.

`qunce doctor --numbers` checks them on a real community, and tests on random ones. A
domain above registers those about its own rows, such as sends. What no code counts yet
has no identity here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from qunce.core import permissions

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MODULES = (
    "members",
    "groups",
    "people",
    "moments",
    "layers",
    "cohorts",
    "funnels",
    "answers",
)
"""The modules of this package that register identities."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """For whom and for when the identities are checked."""

    community: Community
    by: Staff
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two numbers that must be equal; `where` says of what, such as a group or a day.

    With `at_most`, `left` must not be higher than `right`.
    """

    where: str
    left: int
    right: int
    at_most: bool = False

    @property
    def holds(self) -> bool:
        return self.left <= self.right if self.at_most else self.left == self.right

    @property
    def difference(self) -> int:
        return self.left - self.right


@dataclass(frozen=True, kw_only=True)
class Identity:
    """`statement` is the identity in words, `metrics` are those that take part in it."""

    key: str
    statement: StrOrPromise
    metrics: tuple[str, ...]
    compare: Callable[[Question], Iterator[Comparison]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How many comparisons were made, and those that do not hold.

    `is_complete` is false if the time was up before the last one; then an identity
    without differences is not known to hold.
    """

    identity: Identity
    compared: int
    differences: tuple[Comparison, ...]
    is_complete: bool

    @property
    def holds(self) -> bool:
        return self.is_complete and not self.differences


_identities: dict[str, Identity] = {}


def register(
    key: str, *, statement: StrOrPromise, metrics: Iterable[str] = ()
) -> Callable[
    [Callable[[Question], Iterator[Comparison]]],
    Callable[[Question], Iterator[Comparison]],
]:
    """A decorator that registers a generator of comparisons as an identity."""

    def add(
        compare: Callable[[Question], Iterator[Comparison]],
    ) -> Callable[[Question], Iterator[Comparison]]:
        _identities[key] = Identity(
            key=key, statement=statement, metrics=tuple(metrics), compare=compare
        )
        return compare

    return add


def list_all() -> list[Identity]:
    return list(_identities.values())


def list_of(metric: str) -> list[Identity]:
    """The identities in which a metric takes part."""
    return [each for each in _identities.values() if metric in each.metrics]


def load() -> None:
    """Import the modules that register identities."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")


def check(
    identity: Identity, question: Question, *, is_time_up: Callable[[], bool]
) -> Outcome:
    """Compare until the time is up; it is asked after each comparison."""
    permissions.check_community(question.by, question.community.pk)
    compared, differences, is_complete = 0, list[Comparison](), True
    for comparison in identity.compare(question):
        compared += 1
        if not comparison.holds:
            differences.append(comparison)
        if is_time_up():
            is_complete = False
            break
    return Outcome(
        identity=identity,
        compared=compared,
        differences=tuple(differences),
        is_complete=is_complete,
    )
