"""Tables that are created at once are those that the migrations lead to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import home

SCRIPT = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.db import connections
from qunce.core import data_dir, new_databases

if sys.argv[1] == "migrations":
    new_databases.is_new = lambda alias: False
for alias in settings.DATABASES:
    data_dir.migrate(alias)
    assert data_dir.pending(alias) == set()

SQLITE = '''
    SELECT type, tbl_name, name, sql FROM sqlite_master WHERE type <> 'table'
'''
POSTGRESQL = '''
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION SELECT 'function', proname, prosrc
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal
    UNION SELECT table_name, column_name,
            concat_ws(' ', data_type, character_maximum_length, is_nullable,
                      column_default, is_identity, identity_generation)
        FROM information_schema.columns WHERE table_schema = 'public'
'''


def list_objects(alias):
    connection = connections[alias]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return [list(row) for row in cursor.fetchall()]
        cursor.execute(SQLITE)
        found = [list(row) for row in cursor.fetchall()]
        for table in connection.introspection.table_names(cursor):
            for pragma in ("table_info", "foreign_key_list", "index_list"):
                cursor.execute(f'PRAGMA {pragma}("{table}")')
                # Columns may have another order, and foreign keys other numbers.
                found += [[table, pragma, *row[1:]] for row in cursor.fetchall()]
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
            for check in cursor.fetchone()[0].split(" CHECK ")[1:]:
                found.append([table, "check", check.split(", ")[0].rstrip(")")])
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found.append([table, "rows", cursor.fetchone()[0]])
        return found


found = {alias: list_objects(alias) for alias in settings.DATABASES}
print(json.dumps(found, default=str))
"""


def list_objects(how: str, folder: Path) -> dict[str, list[str]]:
    env = os.environ | {
        "QUNCE_HOME": str(folder),
        "DJANGO_SETTINGS_MODULE": "qunce.settings",
    }
    # The tables of all other tests were created at once, so that they are not again.
    if "DATABASE_URL" in env:
        make = home.clone if how == "at_once" else home.create_empty
        env["DATABASE_URL"] = make(f"new_{how}")
    elif how == "at_once":
        home.migrated(folder)
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], env=env, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode()
    found = json.loads(result.stdout)
    # Django's own migrations never widened the keys of tables that Qunce does not use.
    return {
        alias: sorted(
            json.dumps(each) for each in found[alias] if not each[0].startswith("auth_")
        )
        for alias in found
    }


@pytest.mark.both_databases
def test_tables_created_at_once_are_those_of_the_migrations(tmp_path: Path) -> None:
    created = list_objects("at_once", tmp_path / "at_once")
    migrated = list_objects("migrations", tmp_path / "migrated")
    assert created.keys() == migrated.keys()
    for alias, objects in created.items():
        assert len(objects) > 10
        assert objects == migrated[alias]
