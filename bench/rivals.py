"""Usual implementations of the same questions, written as well as we can.

They have advantages: accounts of one person are merged before, presence is a column,
every searched column has an index, statistics are fresh, and nothing is written at the
same time. Their answers must equal ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from bench import engines, fact_log, generate
from bench.generate import Ints, Marks, World
from bench.rules import Behaviour, State
from bench.workspaces import Workspace

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
MARK_TABLES = (("member_tag", "tag_id"), ("member_group", "group_id"))


def path(workspace: Workspace) -> Path:
    return workspace.own_folder / "rivals.sqlite3"


def engine(workspace: Workspace, *, loading: bool = False) -> engines.Engine:
    if workspace.database == "sqlite":
        return engines.Sqlite(path(workspace), loading=loading)
    return engines.Postgres()


def statements(sql: str, workspace: Workspace) -> list[str]:
    """The statements in the dialect of the database.

    SQLite has no schemas, and clusters by primary key only WITHOUT ROWID.
    """
    if workspace.database == "sqlite":
        sql = sql.replace("ON rival.", "ON ").replace("TABLE rival.", "TABLE ")
        sql = sql.replace("id))", "id)) WITHOUT ROWID")
    parts = [part.strip() for part in sql.split(";")]
    return [p for p in parts if workspace.database != "sqlite" or "SCHEMA" not in p]


def build(workspace: Workspace, people: dict[str, pa.Table]) -> None:
    """Create the rivals' tables from `people`, which has them by name."""
    path(workspace).unlink(missing_ok=True)
    target = engine(workspace, loading=True)
    for statement in statements(TABLES, workspace):
        target.execute(statement)
    prefix = "" if workspace.database == "sqlite" else "rival."
    for name, rows in people.items():
        for batch in rows.to_batches(max_chunksize=500_000):
            target.insert(prefix + name, pa.Table.from_batches([batch]))
    for statement in statements(INDEXES, workspace):
        target.execute(statement)
    target.finish(analyse=True)


def merge_marks(marks: Marks, world: World) -> tuple[Ints, Ints, Ints]:
    """Ref, person and sum of the weights of the present rows, sorted by person."""
    here = marks.present
    person = world.person_ids[marks.account[here] - 1]
    pairs, index = np.unique(person * 2**32 + marks.ref[here], return_inverse=True)
    weights = np.bincount(index, weights=marks.weight[here]).astype(np.int64)
    return pairs % 2**32, pairs // 2**32, weights


UPDATE_LAYERS = """
UPDATE {rival}member SET layer = (SELECT layer FROM {rival}laid_out WHERE member_id = id)
"""


def save_layers(workspace: Workspace, rows: pa.Table) -> None:
    """Save the present layers as a column of members."""
    prefix = "" if workspace.database == "sqlite" else "rival."
    target = engine(workspace, loading=True)
    target.execute(f"DROP TABLE IF EXISTS {prefix}laid_out")
    columns = "(member_id INTEGER PRIMARY KEY, layer TEXT)"
    target.execute(f"CREATE TABLE {prefix}laid_out {columns}")
    target.insert(f"{prefix}laid_out", rows)
    target.execute(UPDATE_LAYERS.format(rival=prefix))
    target.finish(analyse=True)


def people(
    world: World, tags: Marks, groups: Marks, regions: generate.Attribute
) -> dict[str, pa.Table]:
    tag, tagged, depth = merge_marks(tags, world)
    group, grouped, _ = merge_marks(groups, world)
    person_ids = np.unique(world.person_ids)
    columns = {
        "id": person_ids,
        "present": world.present[person_ids - 1].astype(np.int64),
        "region": latest_values(world, regions, person_ids),
        "tags": comma_lists(person_ids, tag, tagged),
    }
    return {
        "member": pa.table(columns),
        "member_tag": pa.table({"member_id": tagged, "tag_id": tag, "depth": depth}),
        "member_group": pa.table({"member_id": grouped, "group_id": group}),
    }


def latest_values(
    world: World, values: generate.Attribute, person_ids: Ints
) -> list[Any]:
    """The value set last over a person's accounts, if equal that of the higher account."""
    person = world.person_ids[values.account - 1]
    values_by_person: dict[int, Any] = {}
    for index in np.lexsort((values.account, values.at)).tolist():
        values_by_person[int(person[index])] = values.values[index]
    return [values_by_person.get(person_id) for person_id in person_ids.tolist()]


def comma_lists(person_ids: Ints, tag: Ints, tagged: Ints) -> list[str]:
    """`,3,17,` for each person; `tag` is sorted by person."""
    texts = tag.astype(str).tolist()
    starts = np.searchsorted(tagged, person_ids).tolist()
    ends = np.searchsorted(tagged, person_ids, side="right").tolist()
    pairs = zip(starts, ends, strict=True)
    return [f",{','.join(texts[a:b])}," if b > a else "," for a, b in pairs]


def sql_list(values: tuple[Any, ...]) -> str:
    return ", ".join(repr(value) for value in values)


COMMA_LIST_SQL = """
SELECT count(*) FROM {rival}member m
WHERE m.present = 1 AND m.region IN ({regions}) AND m.layer IN ({layers})
  AND ({any}) AND NOT {has_without}
  AND EXISTS (SELECT 1 FROM {rival}member_group g
              WHERE g.member_id = m.id AND g.group_id IN ({groups}))
"""
JOINS_SQL = """
SELECT count(DISTINCT m.id) FROM {rival}member m
JOIN {rival}member_tag t ON t.member_id = m.id AND t.tag_id IN ({tags})
JOIN {rival}member_group g ON g.member_id = m.id AND g.group_id IN ({groups})
WHERE m.present = 1 AND m.region IN ({regions}) AND m.layer IN ({layers})
  AND NOT EXISTS (SELECT 1 FROM {rival}member_tag x
                  WHERE x.member_id = m.id AND x.tag_id = {without})
"""


def comma_sql(rule: State, name: str) -> str:
    """Tags as texts in one column, for which no index helps."""
    search = "instr" if name == "sqlite" else "strpos"
    has = [f"{search}(m.tags, ',{tag},') > 0" for tag in (*rule.tags, rule.without)]
    return COMMA_LIST_SQL.format(
        any=" OR ".join(has[:-1]), has_without=has[-1], **parts(rule, name)
    )


def normal_sql(rule: State, name: str) -> str:
    """One row per tag and member, with joins."""
    return JOINS_SQL.format(**parts(rule, name))


def parts(rule: State, name: str) -> dict[str, Any]:
    return {
        "rival": "" if name == "sqlite" else "rival.",
        "tags": sql_list(rule.tags),
        "without": rule.without,
        "regions": sql_list(rule.regions),
        "groups": sql_list(rule.groups),
        "layers": sql_list(rule.layers),
    }


class Frames:
    """pandas with all tables in memory, as integers and categories where possible."""

    def __init__(self, workspace: Workspace) -> None:
        prefix = "" if workspace.database == "sqlite" else "rival."
        source = engine(workspace)
        get = source.rows
        member = get(
            f"SELECT id, present, region, layer FROM {prefix}member ORDER BY id"
        )
        self.member = pd.DataFrame(member, columns=["id", "present", "region", "layer"])
        self.member = self.member.astype({"region": "category", "layer": "category"})
        for name, ref in MARK_TABLES:
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
        included = tags.member_id[tags.tag_id.isin(rule.tags)].unique()
        excluded = tags.member_id[tags.tag_id == rule.without].unique()
        inside = groups.member_id[groups.group_id.isin(rule.groups)].unique()
        chosen = chosen[chosen.isin(included) & chosen.isin(inside)]
        return int((~chosen.isin(excluded)).sum())


def connect_duckdb() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET memory_limit = '4GB'")
    connection.execute("SET enable_progress_bar = false")
    return connection


GROUPED_SQL = """
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
        "order": fact_log.NAMES.index("order.paid"),
        "message": fact_log.NAMES.index("message.posted"),
        "send": fact_log.NAMES.index("send.delivered"),
    }
    longest = max(rule.orders_within, rule.messages_within, rule.unsent_within)
    return GROUPED_SQL.format(
        today=generate.today(), longest=longest, **kinds, **vars(rule)
    )


class Grouped:
    """DuckDB over raw facts as Parquet, with days and persons as columns."""

    def __init__(self, workspace: Workspace, world: World) -> None:
        self.connection = connect_duckdb()
        self.files = workspace.list_fact_files()
        person_ids = np.unique(world.person_ids)
        here = world.present[person_ids - 1].astype(np.int8)
        people = pa.table({"id": person_ids.astype(np.int32), "present": here})
        self.connection.register("loaded", people)
        self.connection.execute("CREATE TABLE people AS SELECT * FROM loaded")

    def behaviour(self, rule: Behaviour) -> int:
        rows = self.connection.execute(grouped_sql(rule), {"files": self.files})
        return int(rows.fetchall()[0][0])


class Counted:
    """pandas with the last thirty days' facts of the three kinds in memory."""

    def __init__(self, grouped: Grouped, world: World) -> None:
        kinds = [
            fact_log.NAMES.index(k)
            for k in ("order.paid", "message.posted", "send.delivered")
        ]
        self.facts = grouped.connection.execute(
            "SELECT kind, person, day FROM read_parquet($files)"
            f" WHERE day > {generate.today() - 30} AND kind IN ({sql_list(tuple(kinds))})",
            {"files": grouped.files},
        ).df()
        self.present = world.present
        self.kinds = kinds

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
