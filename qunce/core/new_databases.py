"""Creates all tables of an empty database at once, instead of by every migration.

For each operation of a migration Django builds again all models that refer to the changed
one, which takes ten seconds of a first start. Both ways lead to the same tables: see
`tests/core/test_new_databases.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connections, router
from django.db.migrations.recorder import MigrationRecorder

from qunce.core.facts import database_objects

Prepare = Callable[[Any, Any], None]
_objects: list[Prepare] = []


def register(prepare: Prepare) -> None:
    """Have a function called with the apps and the schema editor of a new database.

    It creates what models do not describe, such as triggers, as its migration does.
    """
    if prepare not in _objects:
        _objects.append(prepare)


def is_new(alias: str) -> bool:
    """Whether the database has no table at all."""
    return not connections[alias].introspection.table_names()


def create_tables(alias: str, migrations: Iterable[tuple[str, str]]) -> None:
    """Create every table, and record these migrations as applied; all or nothing.

    A migration is an app label and a name. The database must be empty.
    """
    connection = connections[alias]
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            has_table = model._meta.can_migrate(connection)
            if has_table and router.allow_migrate_model(alias, model):
                editor.create_model(model)
        if alias == "default":
            database_objects.prepare(apps, editor)
            for prepare in _objects:
                prepare(apps, editor)
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        for app_label, name in sorted(migrations):
            recorder.record_applied(app_label, name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=alias)
