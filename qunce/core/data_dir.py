"""The home of an installation: its database is migrated before a command uses it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connections, router, transaction
from django.utils.translation import gettext as _

from qunce.core import damage, db, errors, new_databases

POSTGRESQL_LOCK = 0x71756E6365  # "qunce"
ALIASES = ("default", "derived")
"""Of the databases on SQLite."""
SERVER_LOCK = "serve.lock"


class HomeInUse(errors.Refused):
    """A server is running from this home."""


class DatabaseDamaged(errors.QunceError):
    """A database of the home cannot be read."""

    def __init__(self, alias: str, sentence: str) -> None:
        super().__init__(sentence)
        self.alias = alias


def ready() -> None:
    """Apply missing migrations; one query per database when there are none.

    Raises DatabaseDamaged if one of them cannot be read.
    """
    _check_database_is_there()
    # Asked before the lock is taken, as nearly every command finds nothing to do.
    if any(pending(alias) for alias in settings.DATABASES):
        with migrating():
            for alias in settings.DATABASES:
                # Asked again, since another process may have migrated while this one
                # waited.
                if pending(alias):
                    migrate(alias)
                    connections[alias].ensure_connection()


def migrate(alias: str) -> None:
    """Apply missing migrations to one database."""
    if new_databases.is_new(alias):
        new_databases.create_tables(alias, migrations_on_disk())
        return
    command = functools.partial(
        import_module("django.core.management").call_command,
        "migrate",
        database=alias,
        verbosity=0,
        interactive=False,
    )
    if alias == "default":
        command()
        return
    # Other applications have no table there. Running their migrations in vain took half
    # of the time of a first start.
    models = [m for m in apps.get_models() if router.db_for_write(m) == alias]
    for label in {model._meta.app_label for model in models}:
        command(label)
    command(fake=True)


def pending(alias: str) -> frozenset[tuple[str, str]]:
    """Return the migrations on disk that are not applied to this database.

    Django's own check builds the whole graph of migrations: 120 ms instead of 3.
    """
    # On PostgreSQL an error would break a transaction that is open, such as a test's.
    savepoint = (
        transaction.atomic(alias)
        if db.is_postgresql(alias)
        else contextlib.nullcontext()
    )
    try:
        with savepoint:
            applied = set(db.rows("SELECT app, name FROM django_migrations", (), alias))
    except DatabaseError as error:
        if damage.is_damage(error):
            raise DatabaseDamaged(alias, damage.sentence(alias, error)) from error
        applied = set()  # an empty database does not have this table
    return migrations_on_disk() - applied


def _check_database_is_there() -> None:
    """Raise DatabaseDamaged if the truth is gone, and what was derived from it is not.

    Otherwise a lost or misplaced file would silently become an empty installation.
    """
    if db.is_postgresql():
        return
    truth, derived = (Path(str(settings.DATABASES[a]["NAME"])) for a in ALIASES)
    if not _has_content(truth) and _has_content(derived):
        text = _(
            "%(file)s is missing or empty, but data that was derived from it is there. "
            "Put the file back, or restore a backup with “qunce restore --force”."
        )
        raise DatabaseDamaged("default", text % {"file": truth})


def _has_content(path: Path) -> bool:
    return path.exists() and (path.is_dir() or path.stat().st_size > 0)


@functools.cache
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Return the app label and the name of every migration."""
    return frozenset(
        (config.label, module.name)
        for config in apps.get_app_configs()
        for module in pkgutil.iter_modules([str(Path(config.path) / "migrations")])
        if not module.ispkg and module.name[0] not in "_~"
    )


@contextlib.contextmanager
def migrating() -> Iterator[None]:
    """Let one process migrate at a time: of one machine, on PostgreSQL of all."""
    # Two processes may come first, such as a server and a command.
    with lock("migrate.lock"):
        if not db.is_postgresql():
            yield
            return
        # Several machines may share a database, and a lock file protects only one of
        # them.
        db.rows("SELECT pg_advisory_lock(%s)", [POSTGRESQL_LOCK])
        try:
            yield
        finally:
            db.rows("SELECT pg_advisory_unlock(%s)", [POSTGRESQL_LOCK])


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Lock a file of the home; other processes wait."""
    with (settings.HOME / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def unchanged() -> Iterator[None]:
    """Refuse writes to the databases, and leave no folder that was not there before."""
    before = set(settings.HOME.iterdir())
    try:
        with db.read_only():
            yield
    finally:
        for path in set(settings.HOME.iterdir()) - before:
            # Folders of temporary files, which are empty; anything else is not ours.
            with contextlib.suppress(OSError):
                path.rmdir()


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """Lock the home for a serving process, which prevents its replacement."""
    with (settings.HOME / SERVER_LOCK).open("w") as file:
        # The kernel releases it when the process ends, however it ends.
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Lock the home against servers; raise HomeInUse if one is running."""
    with (settings.HOME / SERVER_LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(
                _("A server is running from %(home)s. Stop it first.")
                % {"home": settings.HOME}
            ) from None
        yield
