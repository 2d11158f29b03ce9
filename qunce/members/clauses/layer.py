"""The clause `layer`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import db, revisions
from qunce.members.layers.layers import LayerSet
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base
from qunce.sets.rules.base import Clause, RulePath

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class LayerClause(Clause):
    """Whoever is not in the newest run, being new or unmerged, is in `default`."""

    name: ClassVar[str] = "layer"
    layering: int
    layers: tuple[str, ...]
    default: str

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> LayerClause:
        base.check_fields(args, path, ("of", "in"))
        pk, spec, default = _layering(args.get("of"), path)
        known = {layer["key"] for layer in spec["layers"]}
        wanted = base.parse_strings(args.get("in"), path.child("in"))
        for number, layer in enumerate(wanted):
            if layer not in known:
                path.child("in").child(number).fail(
                    _("There is no layer “%(key)s”. Available layers: %(all)s.")
                    % {"key": layer, "all": ", ".join(sorted(known))}
                )
        return cls(pk, tuple(sorted(set(wanted))), default)

    def dependencies(self) -> Iterable[revisions.Key]:
        return [("layer", self.layering)]

    def resolve(self, snap: Snapshot) -> BitMap:
        sets = self._sets(snap)
        found = bitmaps.union(sets[key] for key in self.layers if key in sets)
        if self.default in self.layers:
            laid_out = bitmaps.union(sets.values())
            found = found | (snap.everyone(with_left=True) - laid_out)
        return found

    def _sets(self, snap: Snapshot) -> dict[str, BitMap]:
        """The newest run. A person's layer is that of the first account."""
        key = ("layer", self.layering)
        pairs = snap.cached(
            "layers",
            key,
            lambda: _newest(self.layering),
            lambda old, since: _newest(self.layering),
        )
        return {layer: people - snap.aliases.aliased for layer, people in pairs}

    def explain(self, snap: Snapshot, person: int) -> str:
        sets = self._sets(snap)
        own = [key for key, people in sets.items() if person in people]
        return _("is in the layer %(layer)s (required: %(wanted)s)") % {
            "layer": own[0] if own else self.default,
            "wanted": ", ".join(self.layers),
        }


def _layering(key: Any, path: RulePath) -> tuple[int, Any, str]:
    """Its id, its spec, and the layer that takes the rest."""
    found = db.rows(
        'SELECT id, spec, "default" FROM members_layering'
        " WHERE community_id = %s AND key = %s",
        [path.community.pk, str(key)],
    )
    if not found:
        path.child("of").fail(_("There is no layering “%(key)s”.") % {"key": key})
    pk, spec, default = found[0]
    return pk, json.loads(spec), default


def _newest(layering: int) -> list[tuple[str, BitMap]]:
    sets = LayerSet.objects.filter(run__layering=layering).order_by("-run_id")
    last = sets.values_list("run_id", flat=True)[:1]
    rows = LayerSet.objects.filter(run_id__in=list(last)).order_by("layer")
    return [
        (layer, bitmaps.from_bytes(blob))
        for layer, blob in rows.values_list("layer", "blob")
    ]
