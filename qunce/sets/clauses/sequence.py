"""The clause `seq`: several things done in order, within a duration."""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from qunce.core import number_arrays, revisions, timestamps
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import FACTS
from qunce.sets.rules import base, fact_queries, phrasing, time_windows
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.fact_queries import FactFilter, PersonFact
from qunce.sets.rules.grammar.days import DAYS, HOURS, WINDOW
from qunce.sets.rules.grammar.forms import After, Choice, Form, ListOf, Slot
from qunce.sets.rules.references import Mention
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.sets.rules.snapshots import Snapshot

    Step = tuple[NDArray[np.int64], NDArray[np.int64]]

MAX_STEPS = 10
WITHIN = Choice(
    [
        Form(gettext_noop("within %(n)s days"), {"n": Slot(DAYS, "within")}),
        Form(gettext_noop("within %(n)s hours"), {"n": Slot(HOURS, "within")}),
    ]
)
STEPS = Form(
    gettext_noop("did the following in order: %(steps)s"),
    {"steps": ListOf(FACTS, " → ", is_translated=False, least=2)},
)


@base.register
@dataclass(frozen=True)
class SequenceClause(Clause):
    """Each step is strictly later than the one before, and all are within `duration`."""

    name: ClassVar[str] = "seq"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members who did several things in this order, each strictly later than the one"
        " before. Each step is a `kind` with `where`, `hours` and `weekdays` as in `did`."
        " `within` limits the time from the first to the last step, and `during` limits"
        " when all of it happened."
    )
    fields: ClassVar[tuple[str, ...]] = ("steps", "within", "during")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "steps": [{"kind": "send.delivered"}, {"kind": "order.paid"}],
            "within": "14d",
            "during": {"since": "2026-01-01"},
        },
        {"steps": [{"kind": "order.paid", "hours": [22, 6]}, {"kind": "order.paid"}]},
        {"steps": [{"kind": "order.paid", "weekdays": [5]}, {"kind": "order.paid"}]},
    )

    forms: ClassVar = (
        Form(
            "%(steps)s%(within)s%(during)s",
            {
                "steps": Slot(STEPS, fields=("steps",)),
                "within": Slot(After(WITHIN), fields=("within",), optional=True),
                "during": Slot(After(WINDOW), optional=True),
            },
            is_translated=False,
        ),
    )

    steps: tuple[FactFilter, ...]
    duration: timedelta | None
    during: Window

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> SequenceClause:
        base.check_fields(args, path, cls.fields)
        steps, here = args.get("steps"), path.child("steps")
        if not isinstance(steps, list) or not 2 <= len(steps) <= MAX_STEPS:
            here.fail(_("Write a list of 2 to %(n)s steps.") % {"n": MAX_STEPS})
        filters = []
        for index, step in enumerate(steps):
            base.check_fields(step, here.child(index), fact_queries.FIELDS)
            filters.append(fact_queries.parse(step, here.child(index)))
        duration = None
        if "within" in args:
            here = path.child("within")
            duration = time_windows.parse_duration(args["within"], here)
        during = time_windows.EVER
        if "during" in args:
            here = path.child("during")
            base.check_fields(args["during"], here, time_windows.KINDS)
            during = time_windows.parse(args["during"], here)
        return cls(tuple(filters), duration, during)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        for step in phrasing.as_list(args.get("steps")):
            yield from fact_filters.mentions(step)

    def dependencies(self) -> Iterable[revisions.Key]:
        return [key for step in self.steps for key in step.dependencies()]

    @property
    def cost(self) -> int:
        return fact_queries.COST * len(self.steps)

    def cache_key(self, snap: Snapshot) -> Hashable:
        # Exact hours move with every moment and are hardly ever found in the cache.
        exact = snap.at if self.during.hours else snap.today
        return (exact, snap.token(), snap.reached())

    def resolve(self, snap: Snapshot) -> BitMap:
        steps = [
            fact_queries.list_times(snap, step, self.during) for step in self.steps
        ]
        duration = None
        if self.duration is not None:
            duration = self.duration // timestamps.MICROSECOND
        return bitmaps.of(chain(steps, duration))

    def explain(self, snap: Snapshot, person: int) -> str:
        required = _("in this order: %(steps)s") % {
            "steps": " → ".join(step.label for step in self.steps)
        }
        if self.duration is not None:
            required = _("%(steps)s, within %(span)s") % {
                "steps": required,
                "span": _format_duration(self.duration),
            }
        steps = [
            fact_queries.facts_of_person(snap, step, person, self.during)
            for step in self.steps
        ]
        return _("%(required)s; found: %(found)s") % {
            "required": required,
            "found": self._describe_chain(_longest_chain(steps, self.duration), snap),
        }

    def _describe_chain(self, found: list[PersonFact], snap: Snapshot) -> str:
        """The steps that were found, and how long they took if that was too long."""
        if not found:
            return _("nothing")
        text = " → ".join(
            f"{fact.label} {fact.format(snap.community)}" for fact in found
        )
        missing = self.steps[len(found) :]
        if missing:
            return _("%(found)s, but no %(step)s after that") % {
                "found": text,
                "step": missing[0].label,
            }
        if self.duration is not None and _took(found) > self.duration:
            return _("%(found)s, which took %(span)s") % {
                "found": text,
                "span": _format_duration(_took(found)),
            }
        return text


def _format_duration(duration: timedelta) -> str:
    """Whole days or hours; an hour that has begun counts."""
    hours = -(-duration // timedelta(hours=1))
    if hours % 24 == 0:
        return _("%(n)s days") % {"n": hours // 24}
    return _("%(n)s hours") % {"n": hours}


def _longest_chain(
    steps: Sequence[list[PersonFact]], duration: timedelta | None
) -> list[PersonFact]:
    """A chain that is complete and quick enough, else the quickest of the longest ones."""
    times = [[fact.micros for fact in step] for step in steps]
    best: list[PersonFact] = []
    for first in steps[0]:
        found = [first]
        for step, micros in zip(steps[1:], times[1:], strict=True):
            index = bisect.bisect_right(micros, found[-1].micros)
            if index == len(step):
                break
            found.append(step[index])
        # Of complete chains the quickest counts, of others the first.
        is_complete = len(found) == len(steps)
        if len(found) > len(best) or (is_complete and _took(found) < _took(best)):
            best = found
        if is_complete and (duration is None or _took(best) <= duration):
            break
    return best


def _took(chain: Sequence[PersonFact]) -> timedelta:
    return timedelta(microseconds=chain[-1].micros - chain[0].micros)


def chain(steps: Sequence[Step], duration: int | None) -> NDArray[np.int64]:
    """People who have a fact of every step at strictly rising times.

    Each step is people and microseconds, shapes (n,). From every first fact the
    earliest possible next one is chosen, so that the chain ends as early as possible.
    If any chain fits into `duration` microseconds, this one does.
    """
    # Ranks instead of times, so that (person, time) is one sortable integer.
    clock = number_arrays.unique(np.concatenate([micros for _, micros in steps]))
    size = len(clock) + 1
    keyed = [
        np.sort(people * size + np.searchsorted(clock, micros))
        for people, micros in steps
    ]
    # Arrays of all people at once, instead of a loop over people.
    start = here = number_arrays.unique(keyed[0])
    for later in keyed[1:]:
        index = np.searchsorted(later, here, side="right")
        exists = index < len(later)
        start, index, here = start[exists], index[exists], here[exists]
        # The next fact in the array may be another person's, whose chain must not be
        # continued.
        same = later[index] // size == here // size if len(later) else index > 0
        start, here = start[same], later[index[same]]
    if duration is not None:
        start = start[clock[here % size] - clock[start % size] <= duration]
    return number_arrays.unique(start // size)
