"""Layerings: schemes that put everyone into exactly one layer, recomputed by runs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    permissions,
    personal_texts,
    revisions,
    state_machine,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.tags import naming
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import stored_rules

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.references import Mention

MANAGE = permissions.declare(
    "layers.manage", permissions.Role.MANAGER, community_wide=True
)
log = logging.getLogger(__name__)
JOB = "layers.recompute"
"""Recomputes a layering whose run of the day failed; its key is the layering's id."""
REVISION = "layer"
"""Revision kind, raised by every run of a layering."""
ABSENT = ""
"""In a matrix, the layer of people who were not present."""

STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


@personal_texts.erased_in("key", "name", "spec", "default")
class Layering(models.Model):
    """`spec` defines the layers, see `layers.specs`.

    People who joined after the newest run are in the layer `default`.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    spec: models.JSONField[Any, Any] = models.JSONField()
    default = models.CharField(max_length=80)
    state = models.CharField(max_length=10, default="active")
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_layering_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class LayerRun(models.Model):
    """One assignment of everyone; `bounds` are the thresholds computed from the data.

    `unrated` are the currencies of money that had no exchange rate. `spec` is that of the
    layering at the time. `is_redefinition` marks the run right after one of the same
    moment by the spec before: who moved in it did so because the layering was changed.
    """

    layering = models.ForeignKey(Layering, models.PROTECT, related_name="runs")
    at = timestamps.TimestampField()
    day = models.IntegerField()
    moved = models.PositiveIntegerField(default=0)
    bounds: models.JSONField[Any, Any] = models.JSONField(default=dict)
    unrated: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    spec: models.JSONField[Any, Any] = models.JSONField(default=dict)
    is_redefinition = models.BooleanField(default=False)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["layering", "day"], name="layer_run_by_day")]

    def __str__(self) -> str:
        return f"{self.layering_id} at {self.at}"


class LayerSet(models.Model):
    """The people in one layer of one run; `blob` is the bitmap of their ids."""

    run = models.ForeignKey(LayerRun, models.CASCADE, related_name="sets")
    layer = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    blob = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "layer"], name="one_set_per_layer")
        ]

    def __str__(self) -> str:
        return f"{self.layer}: {self.size}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LayeringCreated(facts.FactKind):
    kind = "layering.created"
    label = gettext_lazy("layering created")
    layering: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LayeringChanged(facts.FactKind):
    kind = "layering.changed"
    label = gettext_lazy("layering changed")
    layering: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LayeringRecomputed(facts.FactKind):
    kind = "layering.recomputed"
    label = gettext_lazy("layering recomputed")
    layering: str
    moved: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberLayerChanged(facts.FactKind):
    """One person's move; the payload has the keys `from` and `to`.

    It has `redefined`: true where the layering was changed, and not the member.
    """

    kind = "member.layer_changed"
    label = gettext_lazy("moved to another layer")
    labels = {
        "layering": gettext_lazy("layering"),
        "from": gettext_lazy("former layer"),
        "to": gettext_lazy("new layer"),
    }
    layering: str
    before: str
    after: str
    redefined: bool = False

    def payload(self) -> str | None:
        move: dict[str, Any] = {
            "layering": self.layering,
            "from": self.before,
            "to": self.after,
        }
        return facts.dump(move | ({"redefined": True} if self.redefined else {}))


class LayeringNotFound(errors.NotFound):
    """There is no such layering in this community."""


class LayerInUse(errors.Refused):
    """Rules name this layer or layering."""


class LayeringAlreadyExists(errors.Refused):
    """A layering with this key already exists."""


# Checks


def check_unused(community: Community, mention: Mention, name: str) -> None:
    """Raises LayerInUse if stored rules name the layer or the layering."""
    users = [str(stored) for stored in stored_rules.list_mentioning(community, mention)]
    if users:
        raise LayerInUse(
            _("“%(name)s” is used by: %(users)s.")
            % {"name": name, "users": ", ".join(dict.fromkeys(users))}
        )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    key: str,
    spec: Any,
    by: Staff,
    at: datetime,
    name: str = "",
    default: str = "",
) -> Layering:
    """Create a layering.

    People who join after a run are in the layer `default`, or else in the last one.
    """
    permissions.check_may(by, MANAGE)
    key = naming.check(key, naming.NO_RULE)
    if Layering.objects.filter(community=community, key=key).exists():
        raise LayeringAlreadyExists(
            _("A layering “%(key)s” already exists.") % {"key": key}
        )
    layering = Layering(
        community=community, key=key, name=name or key, created_at=at, by=by
    )
    _define(layering, spec, default)
    layering.save()
    fact = LayeringCreated(layering=key)
    facts.record(fact, community=community, by=by, at=at)
    return layering


@transaction.atomic
def update(
    *,
    layering: Layering,
    spec: Any,
    by: Staff,
    at: datetime,
    default: str = "",
    name: str = "",
) -> None:
    """Change the layers, from the next run on.

    Rules name layers by their keys, so a layer may be renamed while it is in use. Raises
    LayerInUse for a layer that is left out and that a rule names.
    """
    permissions.check_may(by, MANAGE)
    # Rules cache the layers of a run under this revision.
    revisions.bump(layering.community_id, REVISION, [layering.pk])
    layer_specs.check(spec)
    kept = layer_specs.names_of(spec)
    for key, label in layer_specs.names_of(layering.spec).items():
        if key not in kept:
            mention = ("layer", f"{layering.key}/{key}")
            check_unused(layering.community, mention, label)
    _define(layering, spec, default)
    layering.name = name or layering.name
    layering.save(update_fields=["spec", "default", "name"])
    _record_change(layering, by, at)


def _define(layering: Layering, spec: Any, default: str) -> None:
    layer_specs.check(spec)
    keys = [layer["key"] for layer in spec["layers"]]
    if default and default not in keys:
        raise layer_specs.InvalidLayering(
            _("There is no layer “%(key)s”.") % {"key": default}
        )
    for rule in _complete_rules(spec):
        audiences.check(community=layering.community, rule=rule)
    layering.spec, layering.default = spec, default or keys[-1]


def _complete_rules(spec: Any) -> list[Any]:
    # The real gaps are known only at a run; any will do to check the rules.
    return [
        layer_specs.rule_of(layer, spec, {})
        for layer in spec["layers"]
        if "rule" in layer
    ]


def recompute(*, layering: Layering, by: Staff, at: datetime) -> LayerRun:
    """Assign everyone to their layer again and record who moved.

    If the layering was changed since its last run, everyone is assigned by the old spec
    first, so that members who moved are told apart from layers that were changed.
    """
    permissions.check_may(by, MANAGE)
    last = latest_run(layering)
    is_redefinition = last is not None and _is_changed(last, layering)
    if last is not None and is_redefinition:
        try:
            _run(layering, last.spec, by=by, at=at)
        except errors.QunceError as error:
            # Such as a rule whose tag is gone: then all moves count as redefined.
            log.info("old spec of layering %s was not run: %s", layering.pk, error)
    return _run(layering, layering.spec, by=by, at=at, is_redefinition=is_redefinition)


def _is_changed(run: LayerRun, layering: Layering) -> bool:
    """Whether the layers are not defined any more as they were at a run."""
    new = layer_specs.definition_of(layering.spec)
    return bool(run.spec) and layer_specs.definition_of(run.spec) != new


def _run(
    layering: Layering,
    spec: Any,
    *,
    by: Staff,
    at: datetime,
    is_redefinition: bool = False,
) -> LayerRun:
    community = layering.community
    # Outside the transaction: reading everyone's facts takes long, storing does not.
    assigned = layer_assignment.assign_layers(community=community, spec=spec, at=at)
    with transaction.atomic():
        revisions.bump(community.pk, REVISION, [layering.pk])
        # After the bump, which locks the layering: two runs at once would record the
        # same moves.
        before = latest_run(layering)
        run = LayerRun.objects.create(
            layering=layering,
            at=at,
            day=community.day(at),
            bounds=assigned.bounds,
            unrated=list(assigned.unrated),
            spec=spec,
            is_redefinition=is_redefinition,
            by=by,
        )
        LayerSet.objects.bulk_create(
            LayerSet(
                run=run, layer=layer, size=len(people), blob=bitmaps.to_bytes(people)
            )
            for layer, people in assigned.sets.items()
        )
        if before is not None:
            _record_moves(run, load_sets(before), assigned.sets)
        recomputed = LayeringRecomputed(layering=layering.key, moved=run.moved)
        facts.record(recomputed, community=community, by=by, at=at)
    return run


def _record_moves(
    run: LayerRun, before: dict[str, BitMap], after: dict[str, BitMap]
) -> None:
    # With bitmaps: recomputing two layerings of a million members takes 2.4 s
    # (docs/benchmarks.md).
    moved = _moved_people(before, after)
    for (old, new), people in moved.items():
        fact = MemberLayerChanged(
            layering=run.layering.key,
            before=old,
            after=new,
            redefined=run.is_redefinition,
        )
        facts.record_for_accounts(
            fact, people, community=run.layering.community, by=run.by, at=run.at
        )
    run.moved = sum(map(len, moved.values()))
    run.save(update_fields=["moved"])


def recompute_all(*, at: datetime, community: Community | None = None) -> int:
    """Recompute every active layering of one community or of all; returns how many."""
    layerings = Layering.objects.filter(state="active").order_by("pk")
    if community is not None:
        layerings = layerings.filter(community=community)
    for layering in layerings.select_related("community"):
        by = staff_models.system(layering.community)
        recompute(layering=layering, by=by, at=at)
    return len(layerings)


def start_day(*, community: Community, at: datetime) -> None:
    """Recompute the layerings that have no run of today yet.

    One that fails keeps its last run, and keeps no other waiting.
    """
    for layering in list_active(community):
        if not _has_run_today(layering, at):
            run = functools.partial(recompute_due, str(layering.pk), at=at)
            key = str(layering.pk)
            job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


def recompute_due(key: str, *, at: datetime) -> None:
    """Recompute a layering, unless it has a run of today; `key` is the queued job's."""
    active = Layering.objects.filter(pk=int(key), state="active")
    for layering in active.select_related("community"):
        if not _has_run_today(layering, at):
            by = staff_models.system(layering.community)
            recompute(layering=layering, by=by, at=at)


def _has_run_today(layering: Layering, at: datetime) -> bool:
    run = latest_run(layering)
    return run is not None and run.day >= layering.community.day(at)


def name_of(key: str) -> str:
    """The name of the layering of a queued job."""
    return (
        Layering.objects.filter(pk=int(key)).values_list("name", flat=True).first()
        or ""
    )


@transaction.atomic
def archive(*, layering: Layering, by: Staff, at: datetime) -> None:
    """Stop recomputing the layering. Raises LayerInUse if rules name it."""
    permissions.check_may(by, MANAGE)
    check_unused(layering.community, ("layering", layering.key), layering.name)
    STATES.transition(layering, "archive")
    _record_change(layering, by, at)


@transaction.atomic
def restore(*, layering: Layering, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    # What its rules name may have changed in the meantime.
    _define(layering, layering.spec, layering.default)
    STATES.transition(layering, "restore")
    _record_change(layering, by, at)


def _record_change(layering: Layering, by: Staff, at: datetime) -> None:
    fact = LayeringChanged(layering=layering.key)
    facts.record(fact, community=layering.community, by=by, at=at)


def erase_people(people: Iterable[int]) -> None:
    """Remove erased people from the sets of every run."""
    erased = bitmaps.of(people)
    for row in LayerSet.objects.iterator(chunk_size=100):
        # Read one by one, since runs of years may not fit into memory.
        rest = bitmaps.from_bytes(row.blob) - erased
        if len(rest) < row.size:
            row.blob, row.size = bitmaps.to_bytes(rest), len(rest)
            row.save(update_fields=["blob", "size"])


# Reads


def get(community: Community, key: str) -> Layering:
    try:
        layerings = Layering.objects.select_related("community")
        return layerings.get(community=community, key=key)
    except Layering.DoesNotExist:
        raise LayeringNotFound(
            _("There is no layering “%(key)s”.") % {"key": key}
        ) from None


def list_active(community: Community) -> list[Layering]:
    layerings = Layering.objects.filter(community=community, state="active")
    return list(layerings.select_related("community").order_by("key"))


def latest_run(layering: Layering, day: int | None = None) -> LayerRun | None:
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


def matrix(before: LayerRun, after: LayerRun) -> dict[tuple[str, str], int]:
    """(from, to) → number of people, ABSENT for people in only one of the runs."""
    sizes = {
        pair: len(people)
        for pair, people in sets_by_pair(load_sets(before), load_sets(after)).items()
    }
    return {pair: size for pair, size in sizes.items() if size}


def sets_by_pair(
    before: dict[str, BitMap], after: dict[str, BitMap]
) -> dict[tuple[str, str], BitMap]:
    """(from, to) → people, for every pair of layers, including ABSENT."""
    were, are = bitmaps.union(before.values()), bitmaps.union(after.values())
    old = before | {ABSENT: are - were}
    new = after | {ABSENT: were - are}
    return {(a, b): was & now for a, was in old.items() for b, now in new.items()}


def moves_since(layering: Layering, day: int) -> dict[tuple[str, str], list[int]]:
    """(from, to) → people whose layer differs from the one on a community day."""
    before, after = latest_run(layering, day), latest_run(layering)
    if before is None or after is None or before == after:
        return {}
    moved = _moved_people(load_sets(before), load_sets(after))
    return {pair: list(people) for pair, people in moved.items()}


def moved_since(layering: Layering, day: int) -> BitMap:
    """Everybody who moved to another layer since a community day.

    Without those who did not move, but whose layer was changed.
    """
    before, after = latest_run(layering, day), latest_run(layering)
    if before is None or after is None or before == after:
        return bitmaps.EMPTY
    moved = _moved_people(load_sets(before), load_sets(after))
    return bitmaps.union(moved.values()) - redefined_people(before, after)


def redefined_people(before: LayerRun, after: LayerRun) -> BitMap:
    """Who is in another layer only because the layering was changed between two runs."""
    runs = list(
        LayerRun.objects.filter(
            layering=after.layering_id, pk__gt=before.pk, pk__lte=after.pk
        ).order_by("pk")
    )
    if not any(run.is_redefinition for run in runs):
        return bitmaps.EMPTY
    redefined: list[BitMap] = []
    moved: list[BitMap] = []
    last = load_sets(before)
    for run in runs:
        sets = load_sets(run)
        people = bitmaps.union(_moved_people(last, sets).values())
        (redefined if run.is_redefinition else moved).append(people)
        last = sets
    return bitmaps.union(redefined) - bitmaps.union(moved)


def _moved_people(
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


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of active layerings; those of others are checked when restored."""
    return [
        stored_rules.StoredRule(_("layering"), layering.name, rule)
        for layering in list_active(community)
        for rule in _complete_rules(layering.spec)
    ]
