"""The usual ways, restated here as well as we can, on the same data.

They get it easier than Qunce: accounts of one person are merged beforehand, leavers are
a column, every column that is searched has an index, statistics are fresh, nothing is
written meanwhile. Their answers must equal ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from bench import engines, events, generate
from bench.generate import Ints, Marks, World
from bench.homes import Place
from bench.rules import Behaviour, State

TABLES = """
DROP SCHEMA IF EXISTS rival CASCADE;
CREATE SCHEMA rival;
CREATE TABLE rival.member (id INTEGER PRIMARY KEY, present INTEGER NOT NULL,
    region TEXT, layer TEXT, tags TEXT NOT NULL);
CREATE TABLE rival.member_tag (member_id INTEGER NOT NULL, tag_id INTEGER NOT NULL,
    depth INTEGER NOT NULL, PRIMARY KEY (member_id, tag_id));
CREATE TABLE rival.member_group (member_id INTEGER NOT NULL, group_id INTEGER NOT NULL,
    PRIMARY KEY (member_id, group_id))
"""
INDEXES = """
CREATE INDEX member_by_region ON rival.member (region);
CREATE INDEX member_by_layer ON rival.member (layer);
CREATE INDEX member_by_tag ON rival.member_tag (tag_id, member_id);
CREATE INDEX member_by_group ON rival.member_group (group_id, member_id)
"""
PARTS = (("member_tag", "tag_id"), ("member_group", "group_id"))


def path(where: Place) -> Path:
    return where.own / "rivals.sqlite3"


def engine(where: Place, *, loading: bool = False) -> engines.Engine:
    if where.database == "sqlite":
        return engines.Sqlite(path(where), loading=loading)
    return engines.Postgres()


def statements(sql: str, where: Place) -> list[str]:
    """SQLite has no schemas and clusters by primary key only when told."""
    if where.database == "sqlite":
        sql = sql.replace("ON rival.", "ON ").replace("TABLE rival.", "TABLE ")
        sql = sql.replace("id))", "id)) WITHOUT ROWID")
    parts = [part.strip() for part in sql.split(";")]
    return [p for p in parts if where.database != "sqlite" or "SCHEMA" not in p]


def build(where: Place, people: dict[str, pa.Table]) -> None:
    """`people` are tables named as the rivals', of persons and not accounts."""
    path(where).unlink(missing_ok=True)
    target = engine(where, loading=True)
    for statement in statements(TABLES, where):
        target.execute(statement)
    prefix = "" if where.database == "sqlite" else "rival."
    for name, rows in people.items():
        for batch in rows.to_batches(max_chunksize=500_000):
            target.insert(prefix + name, pa.Table.from_batches([batch]))
    for statement in statements(INDEXES, where):
        target.execute(statement)
    target.finish(analyse=True)


def merged(marks: Marks, world: World) -> tuple[Ints, Ints, Ints]:
    """Ref, person and summed weight of the present rows, sorted by person."""
    here = marks.present
    person = world.head[marks.account[here] - 1]
    pairs, place = np.unique(person * 2**32 + marks.ref[here], return_inverse=True)
    weights = np.bincount(place, weights=marks.weight[here]).astype(np.int64)
    return pairs % 2**32, pairs // 2**32, weights


MOVE = """
UPDATE {rival}member SET layer = (SELECT layer FROM {rival}laid_out WHERE member_id = id)
"""


def lay_out(where: Place, rows: pa.Table) -> None:
    """Layers as a column of members, as of now."""
    prefix = "" if where.database == "sqlite" else "rival."
    target = engine(where, loading=True)
    target.execute(f"DROP TABLE IF EXISTS {prefix}laid_out")
    columns = "(member_id INTEGER PRIMARY KEY, layer TEXT)"
    target.execute(f"CREATE TABLE {prefix}laid_out {columns}")
    target.insert(f"{prefix}laid_out", rows)
    target.execute(MOVE.format(rival=prefix))
    target.finish(analyse=True)


def people(
    world: World, tags: Marks, groups: Marks, regions: generate.Attribute
) -> dict[str, pa.Table]:
    tag, tagged, depth = merged(tags, world)
    group, grouped, _ = merged(groups, world)
    heads = np.unique(world.head)
    columns = {
        "id": heads,
        "present": world.present[heads - 1].astype(np.int64),
        "region": latest(world, regions, heads),
        "tags": comma_lists(heads, tag, tagged),
    }
    return {
        "member": pa.table(columns),
        "member_tag": pa.table({"member_id": tagged, "tag_id": tag, "depth": depth}),
        "member_group": pa.table({"member_id": grouped, "group_id": group}),
    }


def latest(world: World, values: generate.Attribute, heads: Ints) -> list[Any]:
    """Of a person's accounts the value that was set last, then of the higher account."""
    person = world.head[values.account - 1]
    found: dict[int, Any] = {}
    for place in np.lexsort((values.account, values.at)).tolist():
        found[int(person[place])] = values.values[place]
    return [found.get(head) for head in heads.tolist()]


def comma_lists(heads: Ints, tag: Ints, tagged: Ints) -> list[str]:
    """`,3,17,` for each head; `tag` is sorted by person."""
    words = tag.astype(str).tolist()
    starts = np.searchsorted(tagged, heads).tolist()
    ends = np.searchsorted(tagged, heads, side="right").tolist()
    pairs = zip(starts, ends, strict=True)
    return [f",{','.join(words[a:b])}," if b > a else "," for a, b in pairs]


def numbers(some: tuple[Any, ...]) -> str:
    return ", ".join(repr(one) for one in some)


COMMA = """
SELECT count(*) FROM {rival}member m
WHERE m.present = 1 AND m.region IN ({regions}) AND m.layer IN ({layers})
  AND ({any}) AND NOT {has_without}
  AND EXISTS (SELECT 1 FROM {rival}member_group g
              WHERE g.member_id = m.id AND g.group_id IN ({groups}))
"""
NORMAL = """
SELECT count(DISTINCT m.id) FROM {rival}member m
JOIN {rival}member_tag t ON t.member_id = m.id AND t.tag_id IN ({tags})
JOIN {rival}member_group g ON g.member_id = m.id AND g.group_id IN ({groups})
WHERE m.present = 1 AND m.region IN ({regions}) AND m.layer IN ({layers})
  AND NOT EXISTS (SELECT 1 FROM {rival}member_tag x
                  WHERE x.member_id = m.id AND x.tag_id = {without})
"""


def comma_sql(rule: State, name: str) -> str:
    """Tags in one column, searched: no index helps."""
    search = "instr" if name == "sqlite" else "strpos"
    has = [f"{search}(m.tags, ',{tag},') > 0" for tag in (*rule.tags, rule.without)]
    return COMMA.format(
        any=" OR ".join(has[:-1]), has_without=has[-1], **parts(rule, name)
    )


def normal_sql(rule: State, name: str) -> str:
    """A row for each tag of each member, joined."""
    return NORMAL.format(**parts(rule, name))


def parts(rule: State, name: str) -> dict[str, Any]:
    return {
        "rival": "" if name == "sqlite" else "rival.",
        "tags": numbers(rule.tags),
        "without": rule.without,
        "regions": numbers(rule.regions),
        "groups": numbers(rule.groups),
        "layers": numbers(rule.layers),
    }


class Frames:
    """pandas: everything in memory as frames, integers and categories where they fit."""

    def __init__(self, where: Place) -> None:
        prefix = "" if where.database == "sqlite" else "rival."
        source = engine(where)
        get = source.rows
        member = get(
            f"SELECT id, present, region, layer FROM {prefix}member ORDER BY id"
        )
        self.member = pd.DataFrame(member, columns=["id", "present", "region", "layer"])
        self.member = self.member.astype({"region": "category", "layer": "category"})
        for name, ref in PARTS:
            rows = np.array(
                get(f"SELECT member_id, {ref} FROM {prefix}{name}"), np.int32
            )
            setattr(
                self, name, pd.DataFrame({"member_id": rows[:, 0], ref: rows[:, 1]})
            )

    def state(self, rule: State) -> int:
        tags: pd.DataFrame = self.member_tag  # type: ignore[attr-defined]
        groups: pd.DataFrame = self.member_group  # type: ignore[attr-defined]
        member = self.member
        chosen = member.id[
            (member.present == 1)
            & member.region.isin(rule.regions)
            & member.layer.isin(rule.layers)
        ]
        wanted = tags.member_id[tags.tag_id.isin(rule.tags)].unique()
        unwanted = tags.member_id[tags.tag_id == rule.without].unique()
        inside = groups.member_id[groups.group_id.isin(rule.groups)].unique()
        chosen = chosen[chosen.isin(wanted) & chosen.isin(inside)]
        return int((~chosen.isin(unwanted)).sum())


def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET memory_limit = '4GB'")
    connection.execute("SET enable_progress_bar = false")
    return connection


GROUPED = """
SELECT count(*) FROM (
  SELECT person,
    count(*) FILTER (kind = {order} AND day > {today} - {orders_within}) AS orders,
    count(*) FILTER (kind = {message} AND day > {today} - {messages_within}) AS messages,
    count(*) FILTER (kind = {send} AND day > {today} - {unsent_within}) AS sends
  FROM read_parquet($files)
  WHERE kind IN ({order}, {message}, {send}) AND day > {today} - {longest}
  GROUP BY person) JOIN people ON person = id
WHERE present = 1 AND orders >= {orders} AND messages >= {messages} AND sends = 0
"""


def grouped_sql(rule: Behaviour) -> str:
    kinds = {
        "order": events.NAMES.index("order.paid"),
        "message": events.NAMES.index("message.posted"),
        "send": events.NAMES.index("send.delivered"),
    }
    longest = max(rule.orders_within, rule.messages_within, rule.unsent_within)
    return GROUPED.format(
        today=generate.today(), longest=longest, **kinds, **vars(rule)
    )


class Grouped:
    """Raw facts as Parquet, counted by DuckDB; days and persons are ready columns."""

    def __init__(self, where: Place, world: World) -> None:
        self.connection = duck()
        self.files = where.raw_facts()
        heads = np.unique(world.head)
        here = world.present[heads - 1].astype(np.int8)
        people = pa.table({"id": heads.astype(np.int32), "present": here})
        self.connection.register("loaded", people)
        self.connection.execute("CREATE TABLE people AS SELECT * FROM loaded")

    def behaviour(self, rule: Behaviour) -> int:
        found = self.connection.execute(grouped_sql(rule), {"files": self.files})
        return int(found.fetchall()[0][0])


class Counted:
    """pandas on the last thirty days' facts of the three kinds, held in memory."""

    def __init__(self, grouped: Grouped, world: World) -> None:
        wanted = [
            events.NAMES.index(k)
            for k in ("order.paid", "message.posted", "send.delivered")
        ]
        self.facts = grouped.connection.execute(
            "SELECT kind, person, day FROM read_parquet($files)"
            f" WHERE day > {generate.today() - 30} AND kind IN ({numbers(tuple(wanted))})",
            {"files": grouped.files},
        ).df()
        self.present = world.present
        self.kinds = wanted

    def behaviour(self, rule: Behaviour) -> int:
        order, message, send = (
            self.frequency(kind, days)
            for kind, days in zip(
                self.kinds,
                (rule.orders_within, rule.messages_within, rule.unsent_within),
                strict=True,
            )
        )
        often = order.index[order >= rule.orders]
        often = often.intersection(message.index[message >= rule.messages])
        rest = often.difference(send.index)
        return int(self.present[rest.to_numpy() - 1].sum())

    def frequency(self, kind: int, days: int) -> Any:
        facts = self.facts
        recent = (facts.kind == kind) & (facts.day > generate.today() - days)
        return facts.person[recent].value_counts()
