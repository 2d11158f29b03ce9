"""Show the sizes of all layers and the layer changes, or recompute them"""

from __future__ import annotations

import argparse
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.core import community_days
from qunce.members.layers import layers
from qunce.members.layers.layers import Layering, LayerRun
from qunce.sets.mirror import deriver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", nargs="?", help=_("one layering; all by default"))
    parser.add_argument("--recompute", action="store_true", help=_("recompute"))


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    by = options.staff(args, community)
    found = layers.list_active(community)
    if args.key:
        found = [layers.get(community, args.key)]
    if args.recompute:
        deriver.catch_up(most=options.BEARABLE)
        for layering in found:
            layers.recompute(layering=layering, by=by, at=args.at)
    told = {layering.key: _told(layering) for layering in found}
    out.answer({"layerings": told})
    for key, about in told.items():
        _say(key, about, out)
    return 0


def _told(layering: Layering) -> dict[str, Any]:
    run = layers.latest_run(layering)
    told: dict[str, Any] = {"name": layering.name, "default": layering.default}
    if run is None:
        return told | {"day": None, "sizes": {}, "moved": 0, "matrix": []}
    return told | {
        "day": community_days.to_date(run.day).isoformat(),
        "sizes": layers.sizes(run),
        "bounds": run.bounds,
        "moved": run.moved,
        "matrix": _matrix(layering, run),
    }


def _matrix(layering: Layering, run: LayerRun) -> list[dict[str, Any]]:
    """From the last run of an earlier day to this one."""
    before = layers.latest_run(layering, run.day - 1)
    if before is None:
        return []
    pairs = layers.matrix(before, run)
    return [
        {"from": old, "to": new, "count": count} for (old, new), count in pairs.items()
    ]


def _say(key: str, about: dict[str, Any], out: Out) -> None:
    out.line(f"{key}  {about['name']}  {about['day'] or _('not computed yet')}")
    for layer, size in about["sizes"].items():
        out.line(f"  {layer:<20} {size:>10,}")
    if about["moved"]:
        out.line(
            "  "
            + _("%(n)s members changed layer in the last run.") % {"n": about["moved"]}
        )
    for move in about["matrix"]:
        if move["from"] != move["to"]:
            old, new = move["from"] or "–", move["to"] or "–"
            out.line(f"  {old} → {new}: {move['count']:,}")
