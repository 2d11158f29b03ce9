"""Create a layering by value, by lifecycle, or by your own spec"""

from __future__ import annotations

import argparse
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.members.layers import layers
from qunce.members.layers import specs as layer_specs
from qunce.sets.mirror import deriver

READY = {"value": layer_specs.VALUE, "lifecycle": layer_specs.LIFECYCLE}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help=_("key used in rules"))
    parser.add_argument(
        "spec", metavar="SPEC", help=_("value, lifecycle, a spec as JSON, or @file")
    )
    parser.add_argument("--name", default="", help=_("display name"))
    parser.add_argument(
        "--default",
        default="",
        metavar="LAYER",
        help=_("layer for members who join between runs"),
    )


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    about = {"by": options.staff(args, community), "at": args.at}
    spec: Any = READY.get(args.spec) or options.rule(args.spec)
    deriver.catch_up(most=options.BEARABLE)
    layering = layers.create(
        community=community,
        key=args.key,
        spec=spec,
        name=args.name,
        default=args.default,
        **about,
    )
    run = layers.recompute(layering=layering, **about)
    sizes = layers.sizes(run)
    out.answer({"key": layering.key, "sizes": sizes, "bounds": run.bounds})
    for layer, size in sizes.items():
        out.line(f"  {layer:<20} {size:>10,}")
    return 0
