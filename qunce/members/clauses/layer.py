"""The clause `layer`: who is in a layer, or was at the end of a day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import community_days, db, revisions
from qunce.members.layers import layering_specs, runs
from qunce.members.layers.layers import Layering, LayerSet
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, phrasing, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.days import DAY
from qunce.sets.rules.grammar.forms import Fields, Form, ListOf, Slot, Unfit
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.phrasing import Names, Pieces
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot


@dataclass(frozen=True, eq=False)
class LayerName(Name):
    """A layer as `layering/layer`; an unknown one by its own key alone."""

    kind: str = "layer"

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if (self.kind, value) in names:
            return super().write(value, names, about)
        return (phrasing.Piece(value.partition("/")[2], "unknown"),)


SLOTS = {
    "layers": Slot(ListOf(LayerName()), "in"),
    "layering": Slot(Name("layering"), "of"),
}


def _unpack(args: dict[str, Any]) -> dict[str, Any]:
    layers = [f"{args['of']}/{key}" for key in phrasing.as_list(args["in"])]
    return {**args, "in": layers}


def _pack(args: dict[str, Any]) -> dict[str, Any]:
    layers = [reference.partition("/") for reference in args["in"]]
    if any(of != args["of"] for of, _slash, _layer in layers):
        raise Unfit(args)
    return {**args, "in": [layer for _of, _slash, layer in layers]}


@base.register
@dataclass(frozen=True)
class LayerClause(Clause):
    """Members who joined or were unmerged after the newest run are in `default`.

    With `on` the layers are those of the last run up to the end of a day, and who was in
    no set of it was in no layer.
    """

    name: ClassVar[str] = "layer"
    description: ClassVar[str] = (
        "Members who are in one of some layers in the newest run of a layering. Every"
        " member is in exactly one layer. With `on`, a day, who was in them at the end"
        " of it."
    )
    fields: ClassVar[tuple[str, ...]] = ("of", "in", "on")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"of": "value", "in": ["high", "middle"]},
        {"of": "value", "in": ["high"], "on": "2026-03-10"},
    )

    forms: ClassVar = (
        Form(
            gettext_noop("is in the layer %(layers)s of %(layering)s"),
            SLOTS,
            unpack=_unpack,
            pack=_pack,
        ),
        Form(
            gettext_noop("was in the layer %(layers)s of %(layering)s on %(day)s"),
            {**SLOTS, "day": Slot(DAY, "on")},
            unpack=_unpack,
            pack=_pack,
        ),
    )

    layering: int
    layers: tuple[str, ...]
    default: str
    on: int | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> LayerClause:
        base.check_fields(args, path, cls.fields)
        rows = db.rows(
            'SELECT id, spec, "default" FROM members_layering'
            " WHERE community_id = %s AND key = %s",
            [path.community.pk, str(args.get("of"))],
        )
        if not rows:
            path.child("of").fail(
                _("There is no layering “%(key)s”.") % {"key": args.get("of")}
            )
        pk, spec, default = rows[0]
        on = None
        if "on" in args:
            on, spec = cls._parse_day(pk, args["on"], path.child("on"))
        else:
            spec = json.loads(spec)
        existing = {layer["key"] for layer in spec["layers"]}
        layers = base.parse_strings(args.get("in"), path.child("in"))
        for index, layer in enumerate(layers):
            if layer not in existing:
                path.child("in").child(index).fail(
                    _("There is no layer “%(key)s”. Available layers: %(all)s.")
                    % {"key": layer, "all": ", ".join(sorted(existing))}
                )
        return cls(pk, tuple(sorted(set(layers))), default, on)

    @staticmethod
    def _parse_day(layering: int, text: Any, path: RulePath) -> tuple[int, Any]:
        """The day, and the spec by which the layers were made then."""
        try:
            on = community_days.from_date(date.fromisoformat(text))
        except (TypeError, ValueError):
            path.fail(_("Write a day such as 2026-03-10."))
        run = runs.latest_run(layering, on)
        if run is None:
            path.fail(
                _("The layering was not computed yet on %(day)s.") % {"day": text}
            )
        return on, run.spec

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        for kind, layering in base.mentions_of("layering", args.get("of")):
            yield kind, layering
            for _kind, layer in base.mentions_of("layer", args.get("in")):
                yield "layer", f"{layering}/{layer}"

    def dependencies(self) -> Iterable[revisions.Key]:
        return [("layer", self.layering)]

    def resolve(self, snap: Snapshot) -> BitMap:
        sets = self._sets(snap)
        people = bitmaps.union(sets[key] for key in self.layers if key in sets)
        if self.default in self.layers and self.on is None:
            # Members who joined or were unmerged after the run are in no set of it.
            assigned = bitmaps.union(sets.values())
            people = people | (snap.known() - assigned)
        return people

    def explain(self, snap: Snapshot, person: int) -> str:
        sets = self._sets(snap)
        own = [key for key, people in sets.items() if person in people]
        layering = Layering.objects.get(pk=self.layering)
        names = layering_specs.names_of(layering.spec)
        if self.on is not None:
            if not own:
                return _("was in no layer then")
            return _("was in the layer %(layer)s (required: %(wanted)s)") % {
                "layer": names.get(own[0], own[0]),
                "wanted": base.format_list(names.get(key, key) for key in self.layers),
            }
        layer = own[0] if own else self.default
        return _("is in the layer %(layer)s (required: %(wanted)s)") % {
            "layer": names.get(layer, layer),
            "wanted": base.format_list(names.get(key, key) for key in self.layers),
        }

    def _sets(self, snap: Snapshot) -> dict[str, BitMap]:
        if self.on is None:
            return sets_of(snap, self.layering)
        run = runs.latest_run(self.layering, self.on)
        # Not cached, as reading them takes a few milliseconds and few rules ask.
        sets = runs.load_sets(run) if run else {}
        return {layer: people - snap.aliases.aliased for layer, people in sets.items()}


def sets_of(snap: Snapshot, layering: int) -> dict[str, BitMap]:
    """The newest run, by layer. A person's layer is that of their first account.

    People who are in none of the layers are in the default one.
    """
    pairs = snap.cached(
        "layers",
        ("layer", layering),
        lambda: _load_newest_run(layering),
        lambda old, since: _load_newest_run(layering),
    )
    # After the cache, because a merge changes the aliases but not the run.
    return {layer: people - snap.aliases.aliased for layer, people in pairs}


def _load_newest_run(layering: int) -> list[tuple[str, BitMap]]:
    sets = LayerSet.objects.filter(run__layering=layering).order_by("-run_id")
    newest = sets.values_list("run_id", flat=True)[:1]
    rows = LayerSet.objects.filter(run_id__in=list(newest)).order_by("layer")
    return [
        (layer, bitmaps.from_bytes(blob))
        for layer, blob in rows.values_list("layer", "blob")
    ]


# What rules mention


def find_layering_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Layering.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "name"))


def find_layer_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    """Keys are `layering/layer`."""
    rows = Layering.objects.filter(community=community).values_list("key", "spec")
    names = {
        f"{layering}/{layer['key']}": layer.get("name") or layer["key"]
        for layering, spec in rows
        for layer in spec["layers"]
    }
    return {key: names[key] for key in keys if key in names}


def list_layering_names(
    community: Community, by: Staff | None
) -> list[tuple[str, str]]:
    rows = Layering.objects.filter(community=community)
    return list(rows.order_by("pk").values_list("key", "name"))


def list_layer_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = Layering.objects.filter(community=community).order_by("pk")
    return [
        (f"{key}/{layer['key']}", layer.get("name") or layer["key"])
        for key, spec in rows.values_list("key", "spec")
        for layer in spec["layers"]
    ]


references.register(
    "layering", find_names=find_layering_names, list_names=list_layering_names
)
references.register("layer", find_names=find_layer_names, list_names=list_layer_names)
