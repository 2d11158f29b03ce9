"""`qunce layerings`: schemes that put every member into exactly one layer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, member_selection, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days
from qunce.members.layers import ladders, layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import Layering, LayerRun
from qunce.members.rule_text import contact_masks
from qunce.sets import audiences

KEY_HELP = N_("key used in rules")
DAY = click.DateTime(["%Y-%m-%d"])

layerings = base.Group("layerings")


@layerings.command("list", help=N_("List layerings with the sizes of their layers"))
@options.pass_invocation
def list_layerings(invocation: Invocation) -> None:
    _answer(invocation, layers.list_active(invocation.community))


@layerings.command(
    "show", help=N_("Show the layers, their sizes and the latest layer changes")
)
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def show(invocation: Invocation, key: str) -> None:
    layering = layers.get(invocation.community, key)
    spec = contact_masks.masked(layering.spec, invocation.by)
    record = _record(invocation, layering) | {"spec": spec}
    invocation.out.answer(record)
    _print(invocation, record)


@layerings.command("add", help=N_("Create a ready-made layering, or one by a spec"))
@base.argument("key", help=KEY_HELP)
@base.argument(
    "spec", help=N_("a ready-made one such as value, a spec as JSON, or @file")
)
@base.option("--name", default="", help=N_("display name"))
@base.option(
    "--default",
    default="",
    metavar="LAYER",
    help=N_("layer for members who join between runs"),
)
@options.pass_invocation
def create(invocation: Invocation, spec: str, **fields: Any) -> None:
    ladder = ladders.find(spec)
    parsed = ladder.build() if ladder else options.parse_rule(spec)
    if ladder:
        fields["default"] = fields["default"] or ladder.default
        fields["name"] = fields["name"] or str(ladder.name)
    invocation.derive()
    layering = layers.create(spec=parsed, **fields, **invocation.query_args)
    run = layers.recompute(layering=layering, **invocation.verb_args)
    sizes = layers.sizes(run)
    invocation.out.answer(
        {
            "key": layering.key,
            "sizes": sizes,
            "bounds": run.bounds,
            "unrated": run.unrated,
        }
    )
    _print_sizes(invocation, sizes)
    if unrated := layers.describe_unrated(run):
        invocation.out.note(unrated)


@layerings.command("run", help=N_("Recompute one layering, or all of them"))
@base.argument("key", required=False, help=N_("one layering; all by default"))
@options.pass_invocation
def run(invocation: Invocation, key: str | None) -> None:
    found = layers.list_active(invocation.community)
    if key:
        found = [layers.get(invocation.community, key)]
    invocation.derive()
    for layering in found:
        layers.recompute(layering=layering, **invocation.verb_args)
    _answer(invocation, found)


@layerings.command(
    "changes", help=N_("Count the members by their layers on two days, or list some")
)
@base.argument("key", help=KEY_HELP)
@base.option("--since", type=DAY, required=True, help=N_("the first day"))
@base.option("--until", type=DAY, help=N_("the second day; now without it"))
@base.option("--from", "old", metavar="LAYER", help=N_("list members who were in it"))
@base.option("--to", "new", metavar="LAYER", help=N_("list members who are in it"))
@options.pass_invocation
def changes(
    invocation: Invocation,
    key: str,
    since: datetime,
    until: datetime | None,
    old: str | None,
    new: str | None,
) -> None:
    moves = layer_moves.compare(
        layering=layers.get(invocation.community, key),
        day=community_days.from_date(since.date()),
        until=None if until is None else community_days.from_date(until.date()),
        **invocation.verb_args,
    )
    pairs = [
        pair
        for pair in moves.sizes
        if old in (None, pair[0]) and new in (None, pair[1])
    ]
    if old is not None or new is not None:
        people = audiences.people(
            rule={"any": [moves.rule(*pair) for pair in pairs]}, **invocation.query_args
        )
        keys = member_selection.list_keys(invocation, people)
        invocation.out.write_list("keys", keys)
        return
    invocation.out.answer(
        {
            "since": community_days.to_date(moves.before.day).isoformat(),
            "until": community_days.to_date(moves.after.day).isoformat(),
            "changes": [
                {
                    "from": pair[0],
                    "to": pair[1],
                    "count": moves.sizes[pair],
                    "redefined": moves.redefined.get(pair, 0),
                    "rule": moves.rule(*pair),
                }
                for pair in pairs
            ],
        }
    )
    for pair in pairs:
        before, after = (layer or "–" for layer in pair)
        invocation.out.line(f"  {before} → {after}: {moves.sizes[pair]:,}")


@layerings.command("archive", help=N_("Archive a layering; its last run stays"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def archive(invocation: Invocation, key: str) -> None:
    layering = layers.get(invocation.community, key)
    layers.archive(layering=layering, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "state": layering.state},
        _("Layering “%(key)s” archived.") % {"key": key},
    )


@layerings.command("restore", help=N_("Restore an archived layering"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def restore(invocation: Invocation, key: str) -> None:
    layering = layers.get(invocation.community, key)
    layers.restore(layering=layering, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "state": layering.state},
        _("Layering “%(key)s” restored.") % {"key": key},
    )


def count_layers(
    invocation: Invocation, layering: Layering, latest: LayerRun
) -> dict[str, int]:
    """Layer → members whom the staff member sees, as of the latest run."""
    if invocation.by.scope is None:
        return layers.sizes(latest)
    return {
        layer: audiences.count(
            rule={"layer": {"of": layering.key, "in": [layer]}},
            **invocation.query_args,
        )
        for layer in layers.sizes(latest)
    }


def _answer(invocation: Invocation, found: list[Layering]) -> None:
    records = [_record(invocation, layering) for layering in found]
    invocation.out.answer({"layerings": records})
    for record in records:
        _print(invocation, record)


def _record(invocation: Invocation, layering: Layering) -> dict[str, Any]:
    record: dict[str, Any] = {
        "key": layering.key,
        "name": layering.name,
        "default": layering.default,
        "state": layering.state,
    }
    latest = layers.latest_run(layering)
    if latest is None:
        return record | {"day": None, "sizes": {}, "moved": 0, "matrix": []}
    moves = layer_moves.moves_since(
        layering=layering, day=latest.day - 1, **invocation.verb_args
    )
    moved = latest.moved
    if invocation.by.scope is not None:
        moved = moves.moved if moves else 0
    counts = moves.sizes if moves else {}
    return record | {
        "day": community_days.to_date(latest.day).isoformat(),
        "sizes": count_layers(invocation, layering, latest),
        "bounds": latest.bounds,
        "unrated": latest.unrated,
        "moved": moved,
        "matrix": [
            {"from": old, "to": new, "count": count}
            for (old, new), count in counts.items()
        ],
    }


def _print(invocation: Invocation, record: dict[str, Any]) -> None:
    line = invocation.out.line
    day = record["day"] or _("not computed yet")
    line(f"{record['key']}  {record['name']}  {day}")
    _print_sizes(invocation, record["sizes"])
    if record.get("unrated"):
        text = _("no exchange rate: %(currencies)s")
        line(f"  {text % {'currencies': ', '.join(record['unrated'])}}")
    if record["moved"]:
        text = _("%(n)s members changed layer in the last run.")
        line(f"  {text % {'n': record['moved']}}")
    for move in record["matrix"]:
        if move["from"] != move["to"]:
            old, new = move["from"] or "–", move["to"] or "–"
            line(f"  {old} → {new}: {move['count']:,}")


def _print_sizes(invocation: Invocation, sizes: dict[str, int]) -> None:
    for layer, size in sizes.items():
        invocation.out.line(f"  {layer:<20} {size:>10,}")
