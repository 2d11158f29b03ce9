"""Operations that questions measure, made of the verbs of Qunce."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from bench import community_data, fact_log, generate
from bench.sizes import AT
from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.members.accounts.models import Account
from qunce.members.tags import assignments, library
from qunce.members.tags.models import Tag
from qunce.sets.mirror import deriver, rebuild

if TYPE_CHECKING:
    from bench.sessions import Session
    from qunce.core.communities import Community

RULE_KINDS = ("order.paid", "message.posted", "send.delivered")
"""Kinds that the behaviour rule counts."""
TOUCHED_KIND = "bench.touched"
MARKED_TAG = "bench-marked"


class GeneratedFact(facts.FactKind):
    """A generated fact of any kind."""

    def __init__(self, kind: str, account: int, value: int = 0) -> None:
        fields = {"kind": kind, "account": account, "group": None, "value": value}
        self.__dict__.update(fields)

    def payload(self) -> str | None:
        value = self.__dict__["value"]
        if self.kind == "order.paid":
            return facts.dump({"amount": value, "currency": "CNY", "order": "none"})
        return None


def catch_up() -> None:
    deriver.catch_up()


def rebuild_all() -> None:
    rebuild.rebuild_all()


def next_run_number(session: Session) -> int:
    """The number of files added to this workspace, so that no run repeats another."""
    return len(list(added_folder(session).glob("*.parquet")))


def count_accounts(community: Community) -> int:
    return Account.objects.filter(community=community).count()


def added_folder(session: Session) -> Path:
    folder = session.workspace.own_folder / "added"
    folder.mkdir(exist_ok=True)
    return folder


def save_added(session: Session, table: pa.Table) -> None:
    """Save new facts for the rivals."""
    pq.write_table(
        table, added_folder(session) / f"{next_run_number(session):04}.parquet"
    )


def record_thousand_facts(session: Session) -> None:
    table = fact_log.new_facts(
        session.world, run=next_run_number(session), count=1000, kinds=RULE_KINDS
    )
    # They are recorded without a group, so that the rivals must not count one either.
    nowhere = pa.nulls(len(table), pa.int64()).fill_null(0)
    column = table.schema.get_field_index("grp")
    table = table.set_column(column, "grp", nowhere.cast(table["grp"].type))
    rows = table.to_pylist()
    generated = [
        GeneratedFact(fact_log.NAMES[r["kind"]], r["account"], r["value"]) for r in rows
    ]
    happened = [timestamps.from_micros(row["happened_at"]) for row in rows]
    with transaction.atomic():
        facts.record_many(
            generated,
            community=session.community,
            by=session.by,
            at=AT,
            happened_at=happened,
        )
    save_added(session, table)


def record_one_fact(session: Session, account: int) -> None:
    """Record one fact now, as for a webhook."""
    facts.record(
        GeneratedFact(TOUCHED_KIND, account),
        community=session.community,
        by=session.by,
        at=AT,
    )


@functools.cache
def marked_tag() -> Tag:
    here, by = community_data.get_community()
    return library.ensure(community=here, keys=[MARKED_TAG], by=by, at=AT)[MARKED_TAG]


def add_mark(account: int) -> None:
    _here, by = community_data.get_community()
    assignments.apply(tag=marked_tag(), accounts=[account], by=by, at=AT)


def remove_mark(account: int) -> None:
    _here, by = community_data.get_community()
    assignments.remove(tag=marked_tag(), accounts=[account], by=by, at=AT)


@functools.cache
def small_tag() -> Tag:
    here, by = community_data.get_community()
    return library.ensure(community=here, keys=["bench-small"], by=by, at=AT)[
        "bench-small"
    ]


def toggle_tag(number: int) -> None:
    """Add the tag if `number` is even, otherwise remove it, so that each call writes."""
    _here, by = community_data.get_community()
    verb = assignments.apply if number % 2 == 0 else assignments.remove
    verb(tag=small_tag(), accounts=[1 + number // 2 % 1000], by=by, at=AT)


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


def write_file(session: Session, table: pa.Table, path: Path, sql: str) -> None:
    """Write facts as another system would export them, with random keys."""
    from bench import rivals

    connection = rivals.connect_duckdb()
    ids = np.arange(1, session.world.accounts + 1)
    groups = range(1, session.world.size.groups + 1)
    circles = {"id": list(groups), "key": [generate.group_key(g) for g in groups]}
    kinds = {"id": list(range(len(fact_log.NAMES))), "name": fact_log.NAMES}
    connection.register("facts", table)
    connection.register("people", pa.table({"id": ids, "key": session.world.keys}))
    connection.register("circles", pa.table(circles))
    connection.register("kinds", pa.table(kinds))
    connection.execute(sql.format(path=path))
