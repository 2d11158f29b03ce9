"""Database objects of the fact log that Django's model state cannot express."""

from __future__ import annotations

from typing import Any

PREPARE_POSTGRESQL = """
CREATE FUNCTION qunce_bias() RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT 0::bigint';
CREATE FUNCTION qunce_xid() RETURNS bigint LANGUAGE sql VOLATILE
    AS 'SELECT pg_current_xact_id()::text::bigint + {schema}.qunce_bias()';
CREATE FUNCTION qunce_horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT {schema}.qunce_bias() + least(
        pg_current_xact_id_if_assigned()::text::bigint,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
        (SELECT min(open::text::bigint)
         FROM pg_snapshot_xip(pg_current_snapshot()) AS open
         WHERE NOT EXISTS (
            SELECT 1 FROM pg_stat_activity AS other
            WHERE other.backend_xid::text::bigint = open::text::bigint & 4294967295
            AND (other.datname <> current_database()
                 OR other.backend_type = 'autovacuum worker'))))
$$;
ALTER TABLE core_fact ADD COLUMN xid bigint NOT NULL DEFAULT qunce_xid();
CREATE INDEX core_fact_by_xid ON core_fact
    USING brin (xid) WITH (pages_per_range = 32, autosummarize = on);
CREATE UNIQUE INDEX one_fact_per_key ON core_fact (source_id, key)
    WHERE key IS NOT NULL
"""
"""Each fact carries the id of the transaction that wrote it, since on PostgreSQL the order
of ids is not the order of commits.

`qunce_horizon()` returns the number below which every transaction that may write facts has
ended: xmin, without transactions of other databases of the cluster and of autovacuum, which
would hold up the deriver for nothing. A transaction whose kind cannot be determined counts
as a writer. `qunce_bias()` is raised when a dump is restored into another cluster, whose
transaction ids start again (see `sets.mirror.lineage`), so that new numbers still follow
the stored ones.
"""
REMOVE_POSTGRESQL = """
DROP INDEX one_fact_per_key;
ALTER TABLE core_fact DROP COLUMN xid;
DROP FUNCTION qunce_horizon();
DROP FUNCTION qunce_xid();
DROP FUNCTION qunce_bias()
"""
PREPARE_SQLITE = """
CREATE TABLE core_factkey_new (hash integer NOT NULL PRIMARY KEY, fact_id bigint NOT NULL);
INSERT INTO core_factkey_new SELECT hash, fact_id FROM core_factkey;
DROP TABLE core_factkey;
ALTER TABLE core_factkey_new RENAME TO core_factkey
"""
"""A table that is nothing but its own index (INTEGER PRIMARY KEY): 16 bytes per fact."""


def prepare(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        with editor.connection.cursor() as cursor:
            cursor.execute("SELECT quote_ident(current_schema())")
            schema = cursor.fetchone()[0]
        editor.execute(PREPARE_POSTGRESQL.format(schema=schema))
    elif editor.connection.alias == "default":
        for statement in PREPARE_SQLITE.split(";"):
            editor.execute(statement)


def remove(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(REMOVE_POSTGRESQL)
