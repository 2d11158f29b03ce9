"""Layerings: schemes that put everyone into exactly one layer, recomputed by runs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    permissions,
    revisions,
    state_machine,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import move_facts
from qunce.members.layers.models import Layering as Layering
from qunce.members.layers.models import LayerRun as LayerRun
from qunce.members.layers.models import LayerSet as LayerSet
from qunce.members.layers.move_facts import MemberLayerChanged as MemberLayerChanged
from qunce.members.layers.runs import ABSENT as ABSENT
from qunce.members.layers.runs import describe_unrated as describe_unrated
from qunce.members.layers.runs import latest_run as latest_run
from qunce.members.layers.runs import layer_of as layer_of
from qunce.members.layers.runs import load_sets as load_sets
from qunce.members.layers.runs import moved_people as moved_people
from qunce.members.layers.runs import moved_since as moved_since
from qunce.members.layers.runs import redefined_people as redefined_people
from qunce.members.layers.runs import sets_by_pair as sets_by_pair
from qunce.members.layers.runs import sizes as sizes
from qunce.members.layers.runs import sizes_by_day as sizes_by_day
from qunce.members.tags import naming
from qunce.sets import log as fact_log
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import stored_rules

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.references import Mention

MANAGE = permissions.declare(
    "layers.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("change layerings"),
)
log = logging.getLogger(__name__)
JOB = "layers.recompute"
"""Recomputes a layering whose run of the day failed; its key is the layering's id."""
REVISION = "layer"
"""Revision kind, raised by every run of a layering."""

STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


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


class LayeringNotFound(errors.NotFound):
    """There is no such layering in this community."""


class LayerInUse(stored_rules.InUse):
    """Rules name this layer or layering."""


class LayeringAlreadyExists(errors.Refused):
    """A layering with this key already exists."""


# Checks


def check_unused(community: Community, mention: Mention, name: str) -> None:
    """Raises LayerInUse if stored rules name the layer or the layering."""
    stored_rules.check_unused(community, mention, name=name, error=LayerInUse)


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
    layer_assignment.check_rules(layering.community, spec)
    layering.spec, layering.default = spec, default or keys[-1]


def recompute(*, layering: Layering, by: Staff, at: datetime) -> LayerRun:
    """Assign everyone to their layer again and record who moved.

    If the layering was changed since its last run, everyone is assigned by the old spec
    first, so that moves of members can be distinguished from changes of the layers.
    """
    permissions.check_may(by, MANAGE)
    move_facts.record_unrecorded(
        community=layering.community, at=at, layering=layering.pk
    )
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
    log_end = fact_log.end()
    # Outside the transaction: reading everyone's facts takes long, storing does not.
    assigned = layer_assignment.assign_layers(community=community, spec=spec, at=at)
    with transaction.atomic():
        revisions.bump(community.pk, REVISION, [layering.pk])
        # After the bump, which locks the layering: two runs at once would record the
        # same moves.
        before = latest_run(layering)
        moved: dict[tuple[str, str], BitMap] = {}
        if before is not None:
            moved = moved_people(load_sets(before), assigned.sets)
        run = LayerRun.objects.create(
            layering=layering,
            at=at,
            day=community.day(at),
            moved=sum(map(len, moved.values())),
            bounds=assigned.bounds,
            unrated=list(assigned.unrated),
            spec=spec,
            is_redefinition=is_redefinition,
            is_recorded=is_redefinition or not moved,
            log_end=log_end,
            by=by,
        )
        LayerSet.objects.bulk_create(
            LayerSet(
                run=run, layer=layer, size=len(people), blob=bitmaps.to_bytes(people)
            )
            for layer, people in assigned.sets.items()
        )
        recomputed = LayeringRecomputed(layering=layering.key, moved=run.moved)
        facts.record(recomputed, community=community, by=by, at=at)
    if not run.is_recorded:
        move_facts.record(run, at=at)
    return run


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

    One that fails keeps its last run, and keeps no other waiting. Days on which no server
    ran stay without a run: nobody knows any more who was where.
    """
    move_facts.record_unrecorded(community=community, at=at)
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


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of active layerings; those of others are checked when restored."""
    return [
        stored_rules.StoredRule(_("layering"), layering.name, rule)
        for layering in list_active(community)
        for rule in layer_assignment.complete_rules(layering.spec)
    ]
