"""PostgreSQL's own programs for dumping and restoring, found and fed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _

from qunce.core import db, errors


class ProgramFailed(errors.QunceError):
    """PostgreSQL's client programs are not installed, or did not succeed."""


def dump(target: Path, *, snapshot: str) -> None:
    """The whole database as of an exported snapshot, in PostgreSQL's custom format."""
    options = ["--format=custom", "--no-owner", "--no-privileges"]
    _run("pg_dump", *options, f"--snapshot={snapshot}", f"--file={target}")


def load(source: Path) -> None:
    """Into this database, which is empty; all of it or nothing."""
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
    given = connection.settings_dict
    env = dict(os.environ)
    for variable, name in (
        ("PGDATABASE", "NAME"),
        ("PGUSER", "USER"),
        ("PGPASSWORD", "PASSWORD"),
        ("PGHOST", "HOST"),
        ("PGPORT", "PORT"),
    ):
        if given.get(name):
            env[variable] = str(given[name])
    for name, value in given.get("OPTIONS", {}).items():
        if name.startswith("ssl"):
            env[f"PG{name.upper()}"] = str(value)
    words = [w + env.get("PGDATABASE", "") if w == "--dbname=" else w for w in options]
    made = subprocess.run(  # noqa: S603 - a program we found, no shell
        [_find(program), *words], env=env, capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise ProgramFailed(f"{program}: {made.stderr.strip()[-500:]}")


def _find(program: str) -> str:
    """The newest that is installed: an older one refuses a newer server."""
    folders = [Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)[::-1]
    for folder in folders:
        if (folder / program).exists():
            return str(folder / program)
    found = shutil.which(program)
    if found is None:
        raise ProgramFailed(
            _("%(program)s was not found; install PostgreSQL's client programs.")
            % {"program": program}
        )
    return found


def _version(folder: Path) -> int:
    digits = re.match(r"\d+", folder.parent.name)
    return int(digits.group()) if digits else 0
