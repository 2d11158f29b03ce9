"""What the runs of a layering found: sizes, the layer of a person, and moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.members.layers.models import Layering, LayerRun, LayerSet
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

ABSENT = ""
"""In a matrix, the layer of people who were not present."""


def latest_run(layering: Layering | int, day: int | None = None) -> LayerRun | None:
    """The newest run, or the newest one up to a community day."""
    runs = LayerRun.objects.filter(layering=layering)
    if day is not None:
        runs = runs.filter(day__lte=day)
    return runs.order_by("-pk").first()


def describe_unrated(run: LayerRun | None) -> str:
    """Return a sentence about money that had no exchange rate, empty without any."""
    if run is None or not run.unrated:
        return ""
    return _(
        "%(currencies)s: no exchange rate. Members who paid in such a currency are "
        "ranked among those who paid in the same one."
    ) % {"currencies": ", ".join(run.unrated)}


def load_sets(run: LayerRun) -> dict[str, BitMap]:
    """Layer → its people, in the order of the layers."""
    rows = LayerSet.objects.filter(run=run).order_by("pk")
    return {
        layer: bitmaps.from_bytes(blob)
        for layer, blob in rows.values_list("layer", "blob")
    }


def sizes(run: LayerRun) -> dict[str, int]:
    """Layer → number of people, in the order of the layers."""
    rows = LayerSet.objects.filter(run=run).order_by("pk")
    return dict(rows.values_list("layer", "size"))


def sizes_by_day(layering: Layering, first: int = 0) -> dict[int, dict[str, int]]:
    """Day → layer → size after the last run of the day, for days from `first` on."""
    rows = LayerSet.objects.filter(run__layering=layering, run__day__gte=first)
    found: dict[int, dict[str, int]] = {}
    last_run: dict[int, int] = {}
    values = rows.order_by("run_id", "pk").values_list(
        "run__day", "run", "layer", "size"
    )
    for day, run, layer, size in values:
        # A layer of an earlier run of the day may not exist any more.
        if last_run.get(day) != run:
            found[day] = {}
        last_run[day] = run
        found[day][layer] = size
    return found


def layer_of(layering: Layering, person: int) -> str:
    """The layer of a person as of the newest run."""
    run = latest_run(layering)
    sets = load_sets(run) if run else {}
    return next(
        (layer for layer, people in sets.items() if person in people),
        layering.default,
    )


def sets_by_pair(
    before: dict[str, BitMap], after: dict[str, BitMap]
) -> dict[tuple[str, str], BitMap]:
    """(from, to) → people, for every pair of layers, including ABSENT."""
    were, are = bitmaps.union(before.values()), bitmaps.union(after.values())
    old = before | {ABSENT: are - were}
    new = after | {ABSENT: were - are}
    return {(a, b): was & now for a, was in old.items() for b, now in new.items()}


def moved_since(layering: Layering, day: int) -> BitMap:
    """Everybody who moved to another layer since a community day.

    Without those who did not move, but whose layer was changed.
    """
    before, after = latest_run(layering, day), latest_run(layering)
    if before is None or after is None or before == after:
        return bitmaps.EMPTY
    moved = _moved_between(load_sets(before), load_sets(after))
    return moved - redefined_people(before, after)


def redefined_people(before: LayerRun, after: LayerRun) -> BitMap:
    """The people who are in another layer only because the layering was changed.

    Those of them who moved as well, on net between two changes, count as moved. Only the
    runs around each change are read, as a year has hundreds of others.
    """
    runs = LayerRun.objects.filter(layering=after.layering_id)
    changes = runs.filter(pk__gt=before.pk, pk__lte=after.pk, is_redefinition=True)
    found = list(changes.order_by("pk"))
    if not found:
        return bitmaps.EMPTY
    redefined: list[BitMap] = []
    moved: list[BitMap] = []
    last, last_sets = before, load_sets(before)
    for change in found:
        old = runs.filter(pk__lt=change.pk).order_by("-pk")[0]
        if old != last:
            old_sets = load_sets(old)
            moved.append(_moved_between(last_sets, old_sets))
            last_sets = old_sets
        # Each run is loaded once, which takes longer than to compare it.
        last, new_sets = change, load_sets(change)
        redefined.append(_moved_between(last_sets, new_sets))
        last_sets = new_sets
    if last != after:
        moved.append(_moved_between(last_sets, load_sets(after)))
    return bitmaps.union(redefined) - bitmaps.union(moved)


def _moved_between(were: Mapping[str, BitMap], are: Mapping[str, BitMap]) -> BitMap:
    """Everybody in both runs whose layer differs, whichever it is."""
    stayed = bitmaps.union(was & are[key] for key, was in were.items() if key in are)
    return (bitmaps.union(were.values()) & bitmaps.union(are.values())) - stayed


def moved_people(
    before: dict[str, BitMap], after: dict[str, BitMap]
) -> dict[tuple[str, str], BitMap]:
    """(from, to) → people in both runs whose layer changed; no empty sets."""
    pairs = {
        (old, new): was & now
        for old, was in before.items()
        for new, now in after.items()
        if old != new
    }
    return {pair: people for pair, people in pairs.items() if people}
