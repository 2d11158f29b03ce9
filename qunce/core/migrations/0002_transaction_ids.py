"""PostgreSQL only: each fact carries the id of the transaction that wrote it.

An id alone is no order of commits there; `qunce_horizon()` tells below which number
all have ended that may write facts: xmin, but for transactions of other databases of
the cluster and of autovacuum, which would hold us up for nothing. Whoever cannot be
told to be such a one counts as a writer.

`qunce_bias()` is raised when a dump is restored into another cluster, whose transaction
ids begin anew (see `sets.lineages`), so that new numbers still come after all that are
stored.
"""

from __future__ import annotations

from django.db import migrations

MAKE = """
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
"""
UNMAKE = """
ALTER TABLE core_fact DROP COLUMN xid;
DROP FUNCTION qunce_horizon();
DROP FUNCTION qunce_xid();
DROP FUNCTION qunce_bias();
"""


def make(apps, editor):
    if editor.connection.vendor == "postgresql":
        with editor.connection.cursor() as cursor:
            cursor.execute("SELECT quote_ident(current_schema())")
            schema = cursor.fetchone()[0]
        editor.execute(MAKE.format(schema=schema))


def unmake(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute(UNMAKE)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunPython(make, unmake)]
