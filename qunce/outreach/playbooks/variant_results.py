"""Results of the variants of messages: how many got each, and which one is better.

Somebody belongs to the variant of their first message of the test. What they did within
the window after it counts, whether it reached them or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.db import models

from qunce.core import timestamps
from qunce.core.staff.models import Staff
from qunce.insight.experiments import (
    arms,
    effects,
    power,
    sample_ratio,
    sequential,
    verdicts,
)
from qunce.insight.experiments.arms import Values
from qunce.outreach.campaigns.comparisons import (
    BEFORE,
    GUARDRAILS,
    ORDERED,
    WINDOW,
    Comparison,
    Side,
    interval_points,
)
from qunce.outreach.playbooks import playbooks, variants, versions
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.models import Playbook, PlaybookVersion, RunStep
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.sending.ledger import REACHED, Message, Origin, State
from qunce.sets import person_arrays
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

PLANNED_PEOPLE, PLANNED_SHARE = 2_000, 0.1
"""What a test is expected to reach: so many people, of whom this share orders.

How many a playbook will send to is not known before. The intervals are right whatever
comes, and narrowest there.
"""


@dataclass(frozen=True)
class VariantCount:
    """Messages and people of a variant, "" is the text of the step itself."""

    name: str
    people: int = 0
    messages: int = 0
    reached: int = 0
    clicked: int = 0


@dataclass(frozen=True)
class VariantTest:
    """The variants of a step; `comparisons` are with the text of the step itself."""

    step: str
    number: str
    sides: list[VariantCount]
    comparisons: list[Comparison]


@dataclass
class _Assigned:
    """The first message of each person: its variant, and when it was asked for."""

    variant: dict[int, str] = field(default_factory=dict)
    micros: dict[int, int] = field(default_factory=dict)

    def of(self, name: str) -> BitMap:
        return bitmaps.of([p for p, own in self.variant.items() if own == name])


def measure(*, playbook: Playbook, by: Staff, at: datetime) -> list[VariantTest]:
    """The tests of the version that new runs get, in the order of its steps."""
    playbooks.check_may_view(playbook, by)
    version = playbooks.find_version(playbook)
    if version is None:
        return []
    definition = versions.load(version.pk, playbook)
    return [
        _measure(playbook, definition, step, at)
        for step in definition.walk()
        if isinstance(step, Send) and step.variants
    ]


def _measure(
    playbook: Playbook, definition: Definition, step: Send, at: datetime
) -> VariantTest:
    names = ["", *(each.name for each in step.variants)]
    counts = {
        name: dict.fromkeys(("messages", "reached", "clicked"), 0) for name in names
    }
    assigned = _Assigned()
    rows = _messages(playbook, step).order_by("pk")
    for target, variant, state, changed in rows.values_list(
        "target_id", "variant", "state", "changed_at"
    ):
        own = counts[variant]
        own["messages"] += 1
        own["reached"] += state in REACHED
        own["clicked"] += state == State.CLICKED
        if target not in assigned.variant:
            assigned.variant[target] = variant
            assigned.micros[target] = timestamps.to_micros(changed)
    sides = [
        VariantCount(name, people=len(assigned.of(name)), **counts[name])
        for name in names
    ]
    is_group = playbook.subject == Subject.GROUP
    found = [] if is_group else _compare_all(playbook, step, assigned, at)
    return VariantTest(step.id, definition.graph.numbers[step.id], sides, found)


def _messages(playbook: Playbook, step: Send) -> models.QuerySet[Message]:
    """The messages of the step since it has these variants."""
    same = [
        version
        for version in PlaybookVersion.objects.filter(playbook=playbook)
        if _variants_of(version, playbook, step.id) == step.variants
    ]
    since = min(version.created_at for version in same)
    steps = RunStep.objects.filter(
        run__playbook=playbook,
        run__version__in=[version.pk for version in same],
        step=step.id,
        at__gte=since,
        message_id__isnull=False,
    )
    return Message.objects.filter(
        origin=Origin.PLAYBOOK,
        origin_id__in=steps.values("pk"),
        variant__in=["", *(each.name for each in step.variants)],
    )


def _variants_of(version: PlaybookVersion, playbook: Playbook, step_id: str) -> object:
    step = versions.load(version.pk, playbook).graph.by_id.get(step_id)
    return step.variants if isinstance(step, Send) else None


# Comparisons


def _compare_all(
    playbook: Playbook, step: Send, assigned: _Assigned, at: datetime
) -> list[Comparison]:
    by_chance = variants.by_chance(step.variants)
    control = assigned.of("")
    if not assigned.micros or not control:
        return []
    since = timestamps.from_micros(min(assigned.micros.values()))
    facts = person_arrays.fact_times(
        community=playbook.community,
        kinds=[ORDERED, *GUARDRAILS.values()],
        since=since - BEFORE,
        until=at,
        at=at,
    )
    rest = 100 - sum(each.share for each in by_chance)
    pairs = ((each, assigned.of(each.name)) for each in by_chance)
    return [
        _compare(
            each.name, treated, control, (each.share, rest), facts, assigned.micros
        )
        for each, treated in pairs
        if treated
    ]


Facts = Mapping[str, "tuple[NDArray[np.int64], NDArray[np.int64]]"]


def _compare(
    name: str,
    treated: BitMap,
    control: BitMap,
    shares: Sequence[float],
    facts: Facts,
    began: Mapping[int, int],
) -> Comparison:
    window = int(WINDOW / timestamps.MICROSECOND)
    before = int(BEFORE / timestamps.MICROSECOND)
    ordered = values_after(*facts[ORDERED], began, 0, window)
    earlier = values_after(*facts[ORDERED], began, -before, 0, once=False)
    planned = power.planned_error(
        treated=max(int(PLANNED_PEOPLE * shares[0] / 100), 2),
        control=max(int(PLANNED_PEOPLE * shares[1] / 100), 2),
        variance=PLANNED_SHARE * (1 - PLANNED_SHARE),
    )
    sides = [arms.measure(people, ordered, earlier) for people in (treated, control)]
    effect = effects.adjusted_difference(*sides)
    interval = sequential.interval(effect, planned)
    guardrails = {}
    for label, kind in GUARDRAILS.items():
        lost = values_after(*facts[kind], began, 0, window)
        pair = [arms.measure(people, lost) for people in (treated, control)]
        guardrails[label] = sequential.interval(effects.difference(*pair), planned)
    sizes = len(treated), len(control)
    verdict, harmed = verdicts.decide(
        primary=interval,
        guardrails=guardrails,
        is_broken=sample_ratio.is_broken(sizes, shares),
    )
    return Comparison(
        Side(name, sides[0].size, round(sides[0].mean * sides[0].size)),
        Side("", sides[1].size, round(sides[1].mean * sides[1].size)),
        100 * effect.difference,
        interval_points(interval.low),
        interval_points(interval.high),
        verdict,
        tuple(harmed),
    )


def values_after(
    people: NDArray[np.int64],
    times: NDArray[np.int64],
    began: Mapping[int, int],
    first: int,
    last: int,
    *,
    once: bool = True,
) -> Values:
    """How many facts each person has from `first` to `last` micros after they began.

    Each has their own beginning; a fact at `first` does not count, one at `last` does.
    """
    ids = np.array(sorted(began), dtype=np.int64)
    starts = np.array([began[pk] for pk in sorted(began)], dtype=np.int64)
    index = np.searchsorted(ids, people)
    known = (index < len(ids)) & (ids[np.minimum(index, len(ids) - 1)] == people)
    index, since = index[known], times[known]
    inside = (since > starts[index] + first) & (since <= starts[index] + last)
    found, counts = np.unique(ids[index[inside]], return_counts=True)
    return Values(found, np.ones(len(found)) if once else counts.astype(np.float64))
