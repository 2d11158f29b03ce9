"""Replace the current data with a backup, and verify that the result matches it"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from qunce.cli import data_dir
from qunce.cli.output import Out
from qunce.core import db, errors
from qunce.core.backup import backups, postgres_tools
from qunce.core.backup.backups import Manifest
from qunce.sets.doctor import doctor
from qunce.sets.mirror import lineage, rebuild

HOMELESS = True
"""It must look at the home before anything is made in it."""


class NotEmpty(errors.Refused):
    """There is something here already."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help=_("a file written by `qunce backup`"))
    parser.add_argument("--into", metavar="HOME", help=_("instead of QUNCE_HOME"))
    parser.add_argument(
        "--force", action="store_true", help=_("replace the current data permanently")
    )


def run(args: argparse.Namespace, out: Out) -> int:
    source = Path(args.file)
    manifest = backups.read_manifest(source)
    known = {f"{app}.{name}" for app, name in data_dir.on_disk()}
    backups.check_fits(manifest, known=known)
    with data_dir.alone():
        if not args.force:
            _check_empty()
        place = _into_postgresql if db.is_postgresql() else _into_file
        copy = settings.HOME / "restoring"
        try:
            backups.unpack(source, manifest, copy)
            place(copy, manifest)
        finally:
            copy.unlink(missing_ok=True)
        data_dir.ready()
        lineage.renew()
        rebuild.rebuild_all()
        found = doctor.run_checks()
    return _report(manifest, [str(each.text) for each in found], out)


def _check_empty() -> None:
    taken = not postgres_tools.is_empty() if db.is_postgresql() else _truth().exists()
    if taken:
        raise NotEmpty(
            _("%(home)s is not empty. Use --force to replace its contents.")
            % {"home": settings.HOME}
        )


def _truth() -> Path:
    return Path(str(settings.DATABASES["default"]["NAME"]))


def _into_file(copy: Path, manifest: Manifest) -> None:
    """Proven before it takes the place of the old truth, by one rename."""
    backups.prove_copy(copy, manifest)
    connections.close_all()
    for alias, given in settings.DATABASES.items():
        path = str(given["NAME"])
        for name in (f"{path}-wal", f"{path}-shm", *([path] * (alias != "default"))):
            Path(name).unlink(missing_ok=True)
    shutil.rmtree(settings.MIRROR, ignore_errors=True)
    copy.replace(_truth())


def _into_postgresql(copy: Path, manifest: Manifest) -> None:
    if not postgres_tools.is_empty():
        postgres_tools.clear()
    shutil.rmtree(settings.MIRROR, ignore_errors=True)
    postgres_tools.load(copy)
    backups.prove_here(manifest)


def _report(manifest: Manifest, found: list[str], out: Out) -> int:
    rows = sum(numbers[0] for numbers in manifest.tables.values())
    out.answer(
        {
            "made_at": manifest.made_at,
            "rows": rows,
            "digest": manifest.digest,
            "proven": not found,
            "differs": found,
        },
        _("Restored %(rows)s rows as of %(at)s.")
        % {"rows": f"{rows:,}", "at": manifest.made_at},
        *(found or [_("Digest, consistency, counts and all derived data match.")]),
    )
    return 1 if found else 0
