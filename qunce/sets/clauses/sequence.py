"""The clause `seq`: kinds of facts in order, within a span."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions, timestamps
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, fact_queries, time_windows
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.sets.rules.snapshots import Snapshot

    Step = tuple[NDArray[np.int64], NDArray[np.int64]]

MOST_STEPS = 10


@base.register
@dataclass(frozen=True)
class SequenceClause(Clause):
    """Each step strictly later than the one before; first to last within `span`."""

    name: ClassVar[str] = "seq"
    steps: tuple[FactFilter, ...]
    span: timedelta | None
    during: Window

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> SequenceClause:
        base.check_fields(args, path, ("steps", "within", "during"))
        steps, here = args.get("steps"), path.child("steps")
        if not isinstance(steps, list) or not 2 <= len(steps) <= MOST_STEPS:
            here.fail(_("Write a list of 2 to %(n)s steps.") % {"n": MOST_STEPS})
        parsed = []
        for number, step in enumerate(steps):
            base.check_fields(step, here.child(number), ("kind", "where"))
            parsed.append(fact_queries.parse(step, here.child(number)))
        span = None
        if "within" in args:
            span = time_windows.parse_duration(args["within"], path.child("within"))
        during = time_windows.EVER
        if "during" in args:
            inside = path.child("during")
            base.check_fields(args["during"], inside, time_windows.KINDS)
            during = time_windows.parse(args["during"], inside)
        return cls(tuple(parsed), span, during)

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def cache_key(self, snap: Snapshot) -> Hashable:
        exact = snap.at if self.during.hours else snap.today
        return (exact, snap.token(), snap.reached())

    def resolve(self, snap: Snapshot) -> BitMap:
        steps = [
            fact_queries.list_times(snap, step, self.during) for step in self.steps
        ]
        span = None if self.span is None else self.span // timestamps.MICROSECOND
        return bitmaps.of(chain(steps, span))

    def explain(self, snap: Snapshot, person: int) -> str:
        order = " → ".join(step.say() for step in self.steps)
        if self.span is None:
            return _("in this order: %(steps)s") % {"steps": order}
        hours = self.span // timedelta(hours=1)
        span = _("%(n)s hours") % {"n": hours}
        if hours % 24 == 0:
            span = _("%(n)s days") % {"n": hours // 24}
        return _("in this order: %(steps)s, within %(span)s") % {
            "steps": order,
            "span": span,
        }


def chain(steps: Sequence[Step], span: int | None) -> NDArray[np.int64]:
    """People who have facts of all steps at strictly rising times.

    Each step is people and microseconds, shapes (n,). From every first fact the
    earliest possible next ones are taken, which ends as early as can be; so if any
    choice fits into `span` microseconds, this one does. Rank times to keep
    (person, time) in one sortable integer.
    """
    clock = np.unique(np.concatenate([micros for _, micros in steps]))
    size = len(clock) + 1
    keyed = [
        np.sort(people * size + np.searchsorted(clock, micros))
        for people, micros in steps
    ]
    start = here = np.unique(keyed[0])
    for later in keyed[1:]:
        place = np.searchsorted(later, here, side="right")
        fits = place < len(later)
        start, place, here = start[fits], place[fits], here[fits]
        same = later[place] // size == here // size if len(later) else place > 0
        start, here = start[same], later[place[same]]
    if span is not None:
        start = start[clock[here % size] - clock[start % size] <= span]
    return np.unique(start // size)
