"""Runs pg_dump and pg_restore, PostgreSQL's programs for backups."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _

from qunce.core import db, errors


class ProgramFailed(errors.QunceError):
    """PostgreSQL's client programs are not installed, or did not succeed."""


def dump(target: Path, *, snapshot: str, without_rows_of: Sequence[str]) -> None:
    """Dump the database as of an exported snapshot, in PostgreSQL's custom format."""
    options = ["--format=custom", "--no-owner", "--no-privileges"]
    options += [f"--exclude-table-data={table}" for table in without_rows_of]
    _run("pg_dump", *options, f"--snapshot={snapshot}", f"--file={target}")


def load(source: Path) -> None:
    """Load a dump into this database, which must be empty, in one transaction."""
    options = ["--no-owner", "--no-privileges", "--exit-on-error"]
    _run("pg_restore", *options, "--single-transaction", "--dbname=", str(source))


def is_empty() -> bool:
    return not db.rows(
        "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1"
    )


def clear() -> None:
    """Drop everything in our schema."""
    schema = db.rows("SELECT quote_ident(current_schema())")[0][0]
    db.execute(f"DROP SCHEMA {schema} CASCADE")
    db.execute(f"CREATE SCHEMA {schema}")


def _run(program: str, *options: str) -> None:
    settings = connection.settings_dict
    # The password is passed by the environment, as arguments are visible to other users.
    env = dict(os.environ)
    for variable, name in (
        ("PGDATABASE", "NAME"),
        ("PGUSER", "USER"),
        ("PGPASSWORD", "PASSWORD"),
        ("PGHOST", "HOST"),
        ("PGPORT", "PORT"),
    ):
        if settings.get(name):
            env[variable] = str(settings[name])
    for name, value in settings.get("OPTIONS", {}).items():
        if name.startswith("ssl"):
            env[f"PG{name.upper()}"] = str(value)
    # pg_restore connects to a database only if it is named on the command line.
    arguments = [
        f"--dbname={env.get('PGDATABASE', '')}" if option == "--dbname=" else option
        for option in options
    ]
    # Without a time limit: a dump of a large community takes as long as it takes.
    result = subprocess.run(  # noqa: S603 - our program, no shell
        [_find_program(program), *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        # The reason is at the end; before it there may be a line per table.
        raise ProgramFailed(f"{program}: {result.stderr.strip()[-500:]}")


def _find_program(program: str) -> str:
    """The path of the newest one installed, since an older one refuses a newer server."""
    configured = os.environ.get("QUNCE_PG_BIN")
    folders = [Path(configured)] if configured else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)[::-1]
    for folder in folders:
        if (folder / program).exists():
            return str(folder / program)
    path = shutil.which(program)
    if path is None:
        raise ProgramFailed(
            _("%(program)s was not found; install PostgreSQL's client programs.")
            % {"program": program}
        )
    return path


def _version(folder: Path) -> int:
    digits = re.match(r"\d+", folder.parent.name)
    return int(digits.group()) if digits else 0
