"""The value layering: laid out by Qunce, and restated in DuckDB over raw facts."""

from __future__ import annotations

import numpy as np

from bench import generate, rivals, run
from bench.generate import World
from bench.homes import Place

DAYS = 180


def laid_out(where: Place, world: World) -> list[str | None]:
    from bench import events

    got = (
        rivals.duck()
        .sql(
            "SELECT person, sum(value)::BIGINT FROM read_parquet($files)"
            f" WHERE kind = {events.NAMES.index('order.paid')} AND day > {generate.today() - DAYS} GROUP BY person",
            params={"files": where.raw_facts()},
        )
        .fetchnumpy()
    )
    spend = np.zeros(world.accounts + 1, dtype=np.int64)
    person, amount = got.values()
    spend[person] = amount
    heads = np.flatnonzero(world.present) + 1
    own = np.sort(spend[heads])[::-1]
    high, mid = own[int(len(own) * 0.2)], own[int(len(own) * 0.5)]
    layer = np.where(spend >= max(high, 1), 2, np.where(spend >= max(mid, 1), 1, 0))
    return [("low", "mid", "high")[k] for k in layer[1:].tolist()]


def interim(where: Place, world: World) -> None:
    from bench import sizes, truth
    from qunce.core import revisions
    from qunce.members.layers import Layering, LayerRun, LayerSet
    from qunce.sets import bitmaps

    here, by = truth.community()
    names = laid_out(where, world)
    spec = {"layers": [{"key": k} for k in ("high", "mid", "low")]}
    one = Layering.objects.create(
        community=here,
        key="value",
        name="value",
        spec=spec,
        default="low",
        created_at=sizes.AT,
        by=by,
    )
    lrun = LayerRun.objects.create(
        layering=one, at=sizes.AT, day=generate.today(), by=by
    )
    heads = np.unique(world.head)
    mine = np.array(names)[heads - 1]
    for key in ("high", "mid", "low"):
        ids = heads[mine == key]
        LayerSet.objects.create(
            run=lrun, layer=key, size=len(ids), blob=bitmaps.freeze(bitmaps.of(ids))
        )
    revisions.bump(here.pk, "layer", [one.pk])


def recomputed(it: run.Run) -> None:
    pass
