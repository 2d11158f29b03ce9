"""The clauses `joined`, `left` and `source`: when members joined and left, and how."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import revisions, timestamps
from qunce.core.communities import zone
from qunce.core.facts import interned_names
from qunce.members.accounts import channel_labels
from qunce.sets.bitmaps import account_tables, aliases, bitmaps
from qunce.sets.clauses.fact_filters import TIME_WINDOW
from qunce.sets.rules import (
    base,
    fact_queries,
    references,
    time_windows,
)
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form, ListOf, Slot
from qunce.sets.rules.grammar.values import Name
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

PRESENT = ("present", 0)
WINDOW_EXAMPLES: tuple[dict[str, Any], ...] = (
    {"within": "30d"},
    {"between": ["2026-01-01", "2026-01-31"]},
    {"before": "90d"},
    {"since": "2026-01-01"},
    {"during": "last month"},
)


# When people joined and left


def joined_times(snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People, and when the first of their accounts joined."""

    def compute() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        table = snap.account_table
        return _first_by_person(snap.aliases.map_array(table.accounts), table.joined)

    revs = snap.revisions[PRESENT], snap.revisions[(aliases.KIND, 0)]
    label = (*revs, snap.population)
    return snap.memoize("joined", label, compute)


def left_times(snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People who left with every account, and when the last of these left."""
    # The last to leave is the first by negative time; NOT_LEFT is the last of all times,
    # so that one account in the community keeps the whole person.
    table = snap.account_table
    people, negative = _first_by_person(
        snap.aliases.map_array(table.accounts), -table.left
    )
    former = negative != -account_tables.NOT_LEFT
    return people[former], -negative[former]


def _first_by_person(
    people: NDArray[np.int64], micros: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each person once, with the smallest of their times."""
    order = np.lexsort((micros, people))
    people, micros = people[order], micros[order]
    first = np.ones(len(people), dtype=bool)
    first[1:] = people[1:] != people[:-1]
    return people[first], micros[first]


# Clauses


@dataclass(frozen=True)
class _TimedClause(Clause):
    """People whose time is in a window."""

    knows_past: ClassVar[bool] = True
    fields: ClassVar[tuple[str, ...]] = time_windows.KINDS
    examples: ClassVar[tuple[dict[str, Any], ...]] = WINDOW_EXAMPLES

    window: Window

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> Clause:
        base.check_fields(args, path, cls.fields)
        return cls(time_windows.parse(args, path))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [PRESENT]

    def cache_key(self, snap: Snapshot) -> Hashable:
        return snap.at if self.window.hours else snap.today

    @abstractmethod
    def times(self, snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """People ascending, and the microsecond that counts for each."""

    def resolve(self, snap: Snapshot) -> BitMap:
        people, micros = self.times(snap)
        return bitmaps.of(people[fact_queries.in_window(snap, micros, self.window)])

    def day(self, snap: Snapshot, person: int) -> str | None:
        """The local date for one person, if there is one."""
        people, micros = self.times(snap)
        index = int(np.searchsorted(people, person))
        if index == len(people) or people[index] != person:
            return None
        moment = timestamps.from_micros(int(micros[index]))
        return moment.astimezone(zone(snap.community)).date().isoformat()


@base.register
@dataclass(frozen=True)
class JoinedClause(_TimedClause):
    """A person joined when the first of their accounts did."""

    name: ClassVar[str] = "joined"
    description: ClassVar[str] = (
        "Members whose first account joined within a time span."
    )
    forms: ClassVar = (
        Form(gettext_noop("joined the community %(window)s"), {"window": TIME_WINDOW}),
    )

    def times(self, snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return joined_times(snap)

    def explain(self, snap: Snapshot, person: int) -> str:
        return _("joined on %(day)s; required: %(window)s") % {
            "day": self.day(snap, person) or _("an unknown day"),
            "window": self.window.describe(),
        }


@base.register
@dataclass(frozen=True)
class LeftClause(_TimedClause):
    """A person left when the last of their accounts did."""

    name: ClassVar[str] = "left"
    description: ClassVar[str] = (
        "Former members whose last account left within a time span. Use it inside"
        " `with_left`."
    )
    forms: ClassVar = (
        Form(gettext_noop("left the community %(window)s"), {"window": TIME_WINDOW}),
    )

    def times(self, snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return left_times(snap)

    def explain(self, snap: Snapshot, person: int) -> str:
        day = self.day(snap, person)
        if day is None:
            return _("has not left")
        return _("left on %(day)s; required: %(window)s") % {
            "day": day,
            "window": self.window.describe(),
        }


@base.register
@dataclass(frozen=True)
class SourceClause(Clause):
    """A person came through the sources of all their accounts."""

    name: ClassVar[str] = "source"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members with an account that joined through one of these sources."
    )
    fields: ClassVar[tuple[str, ...]] = ("any",)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"any": ["shop"]},)

    forms: ClassVar = (
        Form(
            gettext_noop("joined through %(sources)s"),
            {"sources": Slot(ListOf(Name("source")), "any")},
        ),
    )

    sources: tuple[tuple[int, str], ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> SourceClause:
        base.check_fields(args, path, cls.fields)
        here = path.child("any")
        sources = []
        for index, name in enumerate(base.parse_strings(args.get("any"), here)):
            source = interned_names.find("source", path.community.pk, name)
            if source is None:
                here.child(index).fail(
                    _("There is no source “%(key)s”.") % {"key": name}
                )
            sources.append((source, name))
        return cls(tuple(sources))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("source", args.get("any"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [PRESENT]

    def resolve(self, snap: Snapshot) -> BitMap:
        table = snap.account_table
        matches = np.isin(table.source, [source for source, _name in self.sources])
        return snap.people(bitmaps.of(table.accounts[matches]))

    def explain(self, snap: Snapshot, person: int) -> str:
        names = (channel_labels.label_of(name) for _source, name in self.sources)
        sources = ", ".join(names)
        if person in snap.resolve(self):
            return _("joined through %(wanted)s") % {"wanted": sources}
        return _("did not join through %(wanted)s") % {"wanted": sources}


def find_source_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    """Return the names that people know the sources by."""
    find = interned_names.find
    known = [key for key in keys if find("source", community.pk, key) is not None]
    return {key: channel_labels.label_of(key) for key in known}


def list_source_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    names = interned_names.names_by_id("source", community.pk).values()
    return [(key, channel_labels.label_of(key)) for key in names]


references.register(
    "source", find_names=find_source_names, list_names=list_source_names
)
