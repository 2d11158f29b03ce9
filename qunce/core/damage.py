"""Recognises damaged databases in their errors, and finds damage in SQLite's files."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

CODES = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN")
POSTGRESQL_CODES = ("XX001", "XX002")


def is_damage(error: BaseException | None) -> bool:
    """Whether the error reports that a database cannot be read."""
    while error is not None:
        if str(getattr(error, "sqlite_errorname", "")).startswith(CODES):
            return True
        if getattr(error, "sqlstate", "") in POSTGRESQL_CODES:
            return True
        error = error.__cause__
    return False


def sentence(alias: str, error: BaseException | str) -> str:
    """Say what is damaged, and what to do about it."""
    file = settings.DATABASES[alias]["NAME"]
    if alias == "default":
        text = _(
            "The database %(file)s is damaged (%(why)s). Copy it elsewhere, then restore "
            "a backup with “qunce restore --force”."
        )
    else:
        text = _(
            "The derived database %(file)s is damaged (%(why)s). Nothing is lost: stop "
            "the server and run “qunce rebuild”."
        )
    return text % {"file": file, "why": " ".join(str(error).split())}


def find_in_file(alias: str) -> str:
    """Read every page of a SQLite file; return a sentence if it is damaged, else ""."""
    path = Path(str(settings.DATABASES[alias]["NAME"]))
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            rows = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        is_busy = error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        return "" if is_busy else sentence(alias, error)
    return "" if rows == [("ok",)] else sentence(alias, str(rows[0][0]))
