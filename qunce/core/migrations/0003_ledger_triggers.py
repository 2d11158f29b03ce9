"""A ledger's entries are never changed nor removed, whoever asks and by whatever way.

TRUNCATE is left to the owner of the database: tests empty their tables with it.
"""

from __future__ import annotations

from django.db import migrations

SQLITE = """
CREATE TRIGGER core_entry_is_kept_on_{verb} BEFORE {verb} ON core_entry
BEGIN SELECT RAISE(ABORT, 'entries of the ledger are only ever added'); END
"""
POSTGRESQL = """
CREATE FUNCTION core_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'entries of the ledger are only ever added'
      USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER core_entry_is_kept BEFORE UPDATE OR DELETE ON core_entry
FOR EACH ROW EXECUTE FUNCTION core_entry_is_kept()
"""
UNDO_POSTGRESQL = """
DROP TRIGGER core_entry_is_kept ON core_entry;
DROP FUNCTION core_entry_is_kept()
"""


def make(apps, editor):
    if editor.connection.alias != "default":
        return
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL)
    else:
        for verb in ("update", "delete"):
            editor.execute(SQLITE.format(verb=verb))


def unmake(apps, editor):
    if editor.connection.alias != "default":
        return
    if editor.connection.vendor == "postgresql":
        editor.execute(UNDO_POSTGRESQL)
    else:
        for verb in ("update", "delete"):
            editor.execute(f"DROP TRIGGER core_entry_is_kept_on_{verb}")


class Migration(migrations.Migration):
    dependencies = [("core", "0002_transaction_ids")]
    operations = [migrations.RunPython(make, unmake)]
