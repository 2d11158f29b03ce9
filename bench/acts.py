"""The verbs that questions use, as an operator or a program would call them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from bench import events, generate, truth
from bench.sizes import AT
from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.members.tags import assignments, library
from qunce.members.tags.models import Tag
from qunce.sets.mirror import deriver, rebuild

if TYPE_CHECKING:
    from bench.run import Run

RULED = ("order.paid", "message.posted", "send.delivered")
"""Kinds that the behaviour rule reads."""
TOUCHED = "bench.touched"
MARKED = "bench-marked"


class Made(facts.FactKind):
    """A fact of whatever kind, as the generator made it."""

    def __init__(self, kind: str, account: int, value: int = 0) -> None:
        given = {"kind": kind, "account": account, "group": None, "value": value}
        self.__dict__.update(given)

    def payload(self) -> str | None:
        value = self.__dict__["value"]
        if self.kind == "order.paid":
            return facts.dump({"amount": value, "currency": "CNY", "order": "none"})
        return None


def catch_up() -> None:
    deriver.catch_up()


def rebuild_everything() -> None:
    rebuild.rebuild_all()


def next_run(it: Run) -> int:
    """Counts what was added to this home, so that nothing is made twice."""
    return len(list(added(it).glob("*.parquet")))


def added(it: Run) -> Path:
    folder = it.where.own / "added"
    folder.mkdir(exist_ok=True)
    return folder


def keep(it: Run, table: pa.Table) -> None:
    """The rivals read what was added, too."""
    pq.write_table(table, added(it) / f"{next_run(it):04}.parquet")


def record_thousand(it: Run) -> None:
    table = events.added(it.world, run=next_run(it), count=1000, kinds=RULED)
    rows = table.to_pylist()
    made = [Made(events.NAMES[r["kind"]], r["account"], r["value"]) for r in rows]
    happened = [timestamps.from_micros(row["happened_at"]) for row in rows]
    with transaction.atomic():
        facts.record_many(
            made, community=it.community, by=it.by, at=AT, happened_at=happened
        )
    keep(it, table)


def touch(it: Run, account: int) -> None:
    """One fact now, as a webhook brings it."""
    facts.record(Made(TOUCHED, account), community=it.community, by=it.by, at=AT)


@functools.cache
def marked() -> Tag:
    here, by = truth.community()
    return library.ensure(community=here, keys=[MARKED], by=by, at=AT)[MARKED]


def mark(account: int) -> None:
    _here, by = truth.community()
    assignments.apply(tag=marked(), accounts=[account], by=by, at=AT)


def unmark(account: int) -> None:
    _here, by = truth.community()
    assignments.remove(tag=marked(), accounts=[account], by=by, at=AT)


@functools.cache
def small() -> Tag:
    here, by = truth.community()
    return library.ensure(community=here, keys=["bench-small"], by=by, at=AT)[
        "bench-small"
    ]


def tag_one(number: int) -> None:
    """Each write changes something: on and off in turn."""
    _here, by = truth.community()
    verb = assignments.apply if number % 2 == 0 else assignments.remove
    verb(tag=small(), accounts=[1 + number // 2 % 1000], by=by, at=AT)


FACTS = """
COPY (SELECT k.name AS kind, a.key AS member_key, g.key AS group_key,
  strftime(make_timestamp(happened_at), '%Y-%m-%dT%H:%M:%S.%fZ') AS happened_at,
  CASE kind WHEN 5 THEN json_object('amount', value, 'currency', 'CNY', 'order', 'o' || n)
    WHEN 0 THEN json_object('length', value) END AS payload,
  printf('f%016x', n * 6364136223846793005::HUGEINT % 9223372036854775807) AS key
  FROM facts JOIN kinds k ON k.id = kind JOIN people a ON a.id = account
  LEFT JOIN circles g ON g.id = grp)
TO '{path}' (FORMAT json)
"""
ORDERS = """
COPY (SELECT 'b' || n AS order_key, a.key AS member_key,
  strftime(make_timestamp(happened_at), '%Y-%m-%dT%H:%M:%SZ') AS paid_at,
  printf('%.2f', value / 100.0) AS amount, 'CNY' AS currency,
  'goods ' || (n % 300) AS items, '' AS refunded_at
  FROM facts JOIN people a ON a.id = account)
TO '{path}' (FORMAT csv, HEADER)
"""


def write_file(it: Run, table: pa.Table, path: Path, sql: str) -> None:
    """A file as another system would export it; keys scattered, members by theirs."""
    from bench import rivals

    connection = rivals.duck()
    ids = np.arange(1, it.world.accounts + 1)
    groups = range(1, it.world.size.groups + 1)
    circles = {"id": list(groups), "key": [generate.group_key(g) for g in groups]}
    kinds = {"id": list(range(len(events.NAMES))), "name": events.NAMES}
    connection.register("facts", table)
    connection.register("people", pa.table({"id": ids, "key": it.world.keys}))
    connection.register("circles", pa.table(circles))
    connection.register("kinds", pa.table(kinds))
    connection.execute(sql.format(path=path))
