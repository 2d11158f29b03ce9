"""What holds a fact's key unique: on SQLite a table that is nothing but its own index
(INTEGER PRIMARY KEY, 16 bytes a fact), on PostgreSQL a unique index."""

from __future__ import annotations

from django.db import migrations

SQLITE = """
CREATE TABLE core_factkey_new (hash integer NOT NULL PRIMARY KEY, fact_id bigint NOT NULL);
INSERT INTO core_factkey_new SELECT hash, fact_id FROM core_factkey;
DROP TABLE core_factkey;
ALTER TABLE core_factkey_new RENAME TO core_factkey;
"""
POSTGRESQL = """
CREATE UNIQUE INDEX one_fact_a_key ON core_fact (source_id, key) WHERE key IS NOT NULL
"""


def make(apps, editor):
    if editor.connection.alias != "default":
        return
    sql = POSTGRESQL if editor.connection.vendor == "postgresql" else SQLITE
    for statement in sql.strip().strip(";").split(";"):
        editor.execute(statement)


def unmake(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX one_fact_a_key")


class Migration(migrations.Migration):
    dependencies = [("core", "0003_ledger_triggers")]
    operations = [migrations.RunPython(make, unmake)]
