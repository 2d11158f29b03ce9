"""Layers: everyone is in exactly one, and the moves lead from the old sizes to the new."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from qunce.insight import identities
from qunce.insight.identities import Comparison, Question
from qunce.members.layers import layering_specs, layers, runs
from qunce.members.layers.models import LayerRun
from qunce.sets import audiences


@identities.register(
    "layers",
    statement=_("The members in the layers of a layering are all members, each once."),
    metrics=("members_now",),
)
def compare_sizes(question: Question) -> Iterator[Comparison]:
    for layering in layers.list_active(question.community):
        if runs.latest_run(layering) is None:
            continue
        sizes = [
            audiences.count(
                community=question.community,
                rule={"layer": {"of": layering.key, "in": [layer]}},
                by=question.by,
                at=question.at,
            )
            for layer in layering_specs.names_of(layering.spec)
        ]
        everyone = audiences.count(
            community=question.community,
            rule=audiences.EVERYONE,
            by=question.by,
            at=question.at,
        )
        yield Comparison(where=layering.key, left=sum(sizes), right=everyone)


@identities.register(
    "layer moves",
    statement=_(
        "The moves between two runs of a layering add up to the sizes of its layers before "
        "and after."
    ),
)
def compare_moves(question: Question) -> Iterator[Comparison]:
    for layering in layers.list_active(question.community):
        latest = list(LayerRun.objects.filter(layering=layering).order_by("-pk")[:2])
        if len(latest) < 2:
            continue
        after, before = (runs.load_sets(run) for run in latest)
        pairs = runs.sets_by_pair(before, after)
        for index, sets in enumerate((before, after)):
            for layer, people in sets.items():
                moved = [len(s) for pair, s in pairs.items() if pair[index] == layer]
                where = f"{layering.key}: {layer}"
                yield Comparison(where=where, left=sum(moved), right=len(people))
