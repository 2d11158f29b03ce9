"""QUNCE_HOME made ready: every migration applied before a command looks at it."""

from __future__ import annotations

import contextlib
import fcntl
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.utils.translation import gettext as _

from qunce.core import db, errors

LOCK_ON_POSTGRESQL = 0x71756E6365  # "qunce"
IN_USE = "serve.lock"


class HomeInUse(errors.Refused):
    """Somebody serves from this home."""


def ready() -> None:
    """One query a database when there is nothing to do, which is nearly always."""
    if any(pending(alias) for alias in settings.DATABASES):
        with migrating():
            for alias in settings.DATABASES:
                if pending(alias):
                    _migrate(alias)


def pending(alias: str) -> set[tuple[str, str]]:
    """Migrations on disk that this database has not seen.

    Django's own check builds the whole graph of migrations: 120 ms against 3.
    """
    try:
        # An error would spoil an open transaction, as a test's.
        with transaction.atomic(alias) if db.is_postgresql(alias) else _plainly():
            applied = set(db.rows("SELECT app, name FROM django_migrations", (), alias))
    except DatabaseError:  # an empty database has not even that table
        applied = set()
    return on_disk() - applied


def on_disk() -> set[tuple[str, str]]:
    found = set()
    for config in apps.get_app_configs():
        folder = Path(config.path) / "migrations"
        for module in pkgutil.iter_modules([str(folder)]):
            if not module.ispkg and module.name[0] not in "_~":
                found.add((config.label, module.name))
    return found


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    yield


@contextlib.contextmanager
def migrating() -> Iterator[None]:
    """Held by one process at a time: of one machine, and of all on PostgreSQL."""
    with lock("migrate.lock"):
        if not db.is_postgresql():
            yield
            return
        db.rows("SELECT pg_advisory_lock(%s)", [LOCK_ON_POSTGRESQL])
        try:
            yield
        finally:
            db.rows("SELECT pg_advisory_unlock(%s)", [LOCK_ON_POSTGRESQL])


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """A file of the home that one process holds; others wait."""
    with (settings.HOME / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _migrate(alias: str) -> None:
    commands = import_module("django.core.management")
    commands.call_command("migrate", database=alias, verbosity=0, interactive=False)
    connections[alias].ensure_connection()


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Held by all who serve from this home, so that nobody replaces it under them."""
    with (settings.HOME / IN_USE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Refused while somebody serves from this home."""
    with (settings.HOME / IN_USE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(
                _("A server is running from %(home)s. Stop it first.")
                % {"home": settings.HOME}
            ) from None
        yield
