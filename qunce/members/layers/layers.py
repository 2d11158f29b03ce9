"""Layerings: everyone in exactly one layer, recomputed by runs whose history is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, revisions, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import specs as layer_specs
from qunce.members.tags import naming
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MANAGE = permissions.declare("layers.manage", permissions.Role.MANAGER)
REVISION = "layer"
"""Revision kind: raised by every run of a layering."""
ABSENT = ""
"""Stands in a matrix for the layer of those who were not there."""

FLOW = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


class Layering(models.Model):
    """`spec` says how people are laid out, see `layerspecs`. Who came after the newest
    run is in `default` until the next."""

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
    """One laying out of everyone; `found` are the bounds that were found in the data."""

    layering = models.ForeignKey(Layering, models.PROTECT, related_name="runs")
    at = timestamps.TimestampField()
    day = models.IntegerField()
    moved = models.PositiveIntegerField(default=0)
    bounds: models.JSONField[Any, Any] = models.JSONField(default=dict)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["layering", "day"], name="layer_run_by_day")]

    def __str__(self) -> str:
        return f"{self.layering_id} at {self.at}"


class LayerSet(models.Model):
    """The first accounts of the people in one layer of one run, as a set."""

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
    """One person's move; in the payload it says `from` and `to`."""

    kind = "member.layer_changed"
    label = gettext_lazy("moved to another layer")
    layering: str
    before: str
    after: str

    def payload(self) -> str | None:
        moved = {"layering": self.layering, "from": self.before, "to": self.after}
        return facts.dump(moved)


class LayeringNotFound(errors.NotFound):
    """There is no such layering in this community."""


class LayeringAlreadyExists(errors.Refused):
    """There is a layering of this key already."""


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
    """`default` is the layer of who came since the last run; the last one if not given."""
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
    event = LayeringCreated(layering=key)
    facts.record(event, community=community, by=by, at=at)
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
    """Other layers from the next run on."""
    permissions.check_may(by, MANAGE)
    revisions.bump(layering.community_id, REVISION, [layering.pk])
    _define(layering, spec, default)
    layering.name = name or layering.name
    layering.save(update_fields=["spec", "default", "name"])
    event = LayeringChanged(layering=layering.key)
    facts.record(event, community=layering.community, by=by, at=at)


def _define(layering: Layering, spec: Any, default: str) -> None:
    layer_specs.check(spec)
    keys = [layer["key"] for layer in spec["layers"]]
    if default and default not in keys:
        raise layer_specs.InvalidLayering(
            _("There is no layer “%(key)s”.") % {"key": default}
        )
    stand_in = {"median": 30, "long": 90}
    for layer in spec["layers"]:
        if "rule" in layer:
            rule = layer_specs.fill_placeholders(layer["rule"], stand_in)
            audiences.check(community=layering.community, rule=rule)
    layering.spec, layering.default = spec, default or keys[-1]


def recompute(*, layering: Layering, by: Staff, at: datetime) -> LayerRun:
    """Lay everyone out anew; who was in another layer before has moved."""
    permissions.check_may(by, MANAGE)
    community = layering.community
    layout = layer_assignment.assign_layers(
        community=community, spec=layering.spec, at=at
    )
    with transaction.atomic():
        revisions.bump(community.pk, REVISION, [layering.pk])
        before = latest_run(layering)
        run = LayerRun.objects.create(
            layering=layering, at=at, day=community.day(at), bounds=layout.bounds, by=by
        )
        LayerSet.objects.bulk_create(
            LayerSet(run=run, layer=key, size=len(some), blob=bitmaps.to_bytes(some))
            for key, some in layout.sets.items()
        )
        if before is not None:
            run.moved = _record_moves(layering, load_sets(before), layout.sets, by, at)
            run.save(update_fields=["moved"])
        event = LayeringRecomputed(layering=layering.key, moved=run.moved)
        facts.record(event, community=community, by=by, at=at)
    return run


def _record_moves(
    layering: Layering,
    before: dict[str, BitMap],
    after: dict[str, BitMap],
    by: Staff,
    at: datetime,
) -> int:
    moved = 0
    for old, was in before.items():
        for new, now in after.items():
            movers = was & now
            if old == new or not movers:
                continue
            event = MemberLayerChanged(layering=layering.key, before=old, after=new)
            community = layering.community
            facts.record_for_accounts(event, movers, community=community, by=by, at=at)
            moved += len(movers)
    return moved


def recompute_all(*, at: datetime, community: Community | None = None) -> int:
    """Every layering in use, of one community or of all; returns how many."""
    layerings = Layering.objects.filter(state="active").order_by("pk")
    if community is not None:
        layerings = layerings.filter(community=community)
    for layering in layerings.select_related("community"):
        by = staff_models.system(layering.community)
        recompute(layering=layering, by=by, at=at)
    return len(layerings)


@transaction.atomic
def archive(*, layering: Layering, by: Staff, at: datetime) -> None:
    """Not recomputed any more; its last run stands."""
    permissions.check_may(by, MANAGE)
    FLOW.move(layering, "archive")
    event = LayeringChanged(layering=layering.key)
    facts.record(event, community=layering.community, by=by, at=at)


@transaction.atomic
def restore(*, layering: Layering, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    FLOW.move(layering, "restore")
    event = LayeringChanged(layering=layering.key)
    facts.record(event, community=layering.community, by=by, at=at)


# Reads


def get(community: Community, key: str) -> Layering:
    try:
        found = Layering.objects.select_related("community")
        return found.get(community=community, key=key)
    except Layering.DoesNotExist:
        raise LayeringNotFound(
            _("There is no layering “%(key)s”.") % {"key": key}
        ) from None


def list_active(community: Community) -> list[Layering]:
    layerings = Layering.objects.filter(community=community, state="active")
    return list(layerings.select_related("community").order_by("key"))


def latest_run(layering: Layering, day: int | None = None) -> LayerRun | None:
    """The last run, or the last up to a community day."""
    runs = LayerRun.objects.filter(layering=layering)
    if day is not None:
        runs = runs.filter(day__lte=day)
    return runs.order_by("-pk").first()


def load_sets(run: LayerRun) -> dict[str, BitMap]:
    rows = LayerSet.objects.filter(run=run).order_by("pk")
    return {
        layer: bitmaps.from_bytes(blob)
        for layer, blob in rows.values_list("layer", "blob")
    }


def sizes(run: LayerRun) -> dict[str, int]:
    rows = LayerSet.objects.filter(run=run).order_by("pk")
    return dict(rows.values_list("layer", "size"))


def layer_of(layering: Layering, person: int) -> str:
    """The layer of the person of this first account, as of the newest run."""
    run = latest_run(layering)
    sets = load_sets(run) if run else {}
    return next((key for key, some in sets.items() if person in some), layering.default)


def matrix(before: LayerRun, after: LayerRun) -> dict[tuple[str, str], int]:
    """How many went from which layer to which; "" for who was not there, or is not."""
    old, new = load_sets(before), load_sets(after)
    old[ABSENT] = bitmaps.union(new.values()) - bitmaps.union(old.values())
    new[ABSENT] = bitmaps.union(load_sets(before).values()) - bitmaps.union(
        load_sets(after).values()
    )
    pairs = {(a, b): was & now for a, was in old.items() for b, now in new.items()}
    return {pair: len(some) for pair, some in pairs.items() if some}


def moves_since(layering: Layering, day: int) -> dict[tuple[str, str], list[int]]:
    """Who is in another layer now than on a community day: (from, to) → people."""
    before, after = latest_run(layering, day), latest_run(layering)
    if before is None or after is None or before == after:
        return {}
    return {
        (old, new): list(was & now)
        for old, was in load_sets(before).items()
        for new, now in load_sets(after).items()
        if old != new and was & now
    }


def moved_since(layering: Layering, day: int) -> BitMap:
    """Everybody who is in another layer now than on a community day."""
    before, after = latest_run(layering, day), latest_run(layering)
    if before is None or after is None or before == after:
        return bitmaps.EMPTY
    new = load_sets(after)
    there = bitmaps.union(new.values())
    stayed = [
        was & new.get(layer, bitmaps.EMPTY) for layer, was in load_sets(before).items()
    ]
    was_there = bitmaps.union(load_sets(before).values())
    return (was_there & there) - bitmaps.union(stayed)


def erase_people(people: Iterable[int]) -> None:
    """Take erased people out of the sets of every run."""
    gone = bitmaps.of(people)
    for row in LayerSet.objects.iterator(chunk_size=100):
        left = bitmaps.from_bytes(row.blob) - gone
        if len(left) < row.size:
            row.blob, row.size = bitmaps.to_bytes(left), len(left)
            row.save(update_fields=["blob", "size"])
