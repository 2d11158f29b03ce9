"""Restoring: a backup replaces the current data and is compared with the result."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from qunce.cli.output import Out
from qunce.core import data_dir, db, errors
from qunce.core.backup import backups, postgres_tools
from qunce.core.backup.backups import Manifest
from qunce.sets.doctor import doctor, secret_checks
from qunce.sets.mirror import lineage, rebuild

OF_THE_SERVER = {secret_checks.CODE, "modes", "clock_set_back"}
"""Findings that do not concern what was restored."""


class HomeNotEmpty(errors.Refused):
    """The home already contains data."""


class WrongHome(errors.QunceError):
    """Django was set up before --into was known."""


def restore(file: str, *, into: str | None, force: bool, out: Out) -> int:
    """Restore `file` into the home of the settings; return 1 if the result differs."""
    if into and Path(into).absolute() != settings.HOME:
        raise WrongHome(
            _("The settings were read for another home than the chosen one.")
        )
    source = Path(file)
    manifest = backups.read_manifest(source)
    migrations = {f"{app}.{name}" for app, name in data_dir.migrations_on_disk()}
    backups.check_compatible(manifest, migrations=migrations)
    out.note(_("Restoring into %(home)s.") % {"home": settings.HOME})
    # A server would go on writing into the files that are replaced.
    with data_dir.exclusive():
        is_empty = (
            postgres_tools.is_empty()
            if db.is_postgresql()
            else not _database_file().exists()
        )
        if not is_empty and not force:
            raise HomeNotEmpty(
                _("%(home)s is not empty. Use --force to replace its contents.")
                % {"home": settings.HOME}
            )
        replace = _replace_postgresql if db.is_postgresql() else _replace_file
        # In the home, because a rename works only within one file system.
        copy = settings.HOME / "restoring"
        try:
            backups.unpack(source, manifest, copy)
            # Before the database, which names them. What is there already stays.
            backups.unpack_files(source, manifest, settings.HOME)
            replace(copy, manifest)
        finally:
            copy.unlink(missing_ok=True)
        data_dir.ready()
        lineage.renew()
        rebuild.rebuild_all()
        found = doctor.run_checks()
    # Another installation has another secret key; the data is the same all the same.
    findings = [str(each.text) for each in found if each.code not in OF_THE_SERVER]
    for each in found:
        if each.code == secret_checks.CODE:
            out.note(each.text)
    rows = sum(numbers[0] for numbers in manifest.tables.values())
    out.answer(
        {
            "made_at": manifest.made_at,
            "rows": rows,
            "digest": manifest.digest,
            "proven": not findings,
            "differs": findings,
        },
        _("Restored %(rows)s rows as of %(at)s.")
        % {"rows": f"{rows:,}", "at": manifest.made_at},
        *(findings or [_("Digest, consistency, counts and all derived data match.")]),
    )
    return 1 if findings else 0


def _database_file() -> Path:
    return Path(str(settings.DATABASES["default"]["NAME"]))


def _replace_file(copy: Path, manifest: Manifest) -> None:
    # The copy is compared with the manifest before it replaces the old file, which is
    # one rename.
    backups.verify_copy(copy, manifest)
    connections.close_all()
    for alias, database in settings.DATABASES.items():
        # A journal of the old database would be replayed into the new one.
        path = str(database["NAME"])
        for name in (f"{path}-wal", f"{path}-shm", *([path] * (alias != "default"))):
            Path(name).unlink(missing_ok=True)
    shutil.rmtree(settings.MIRROR, ignore_errors=True)
    copy.replace(_database_file())


def _replace_postgresql(copy: Path, manifest: Manifest) -> None:
    if not postgres_tools.is_empty():
        postgres_tools.clear()
    shutil.rmtree(settings.MIRROR, ignore_errors=True)
    postgres_tools.load(copy)
    backups.verify_database(manifest)
