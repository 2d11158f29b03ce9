"""A backup of the truth in one file, taken while it is in use, that proves itself.

The file is a ZIP of the database and a manifest: rows of every table, sums of what must
not change, the migrations, a digest. What is derived is not in it; it is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import db, errors
from qunce.core.backup import postgres_tools

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20
RunQuery = Callable[[str], list[tuple[Any, ...]]]

CHECKED_SUMS = {
    "core_fact": (
        # What is left by 1,000,003: the sum of all times does not fit an integer.
        "happened_at - happened_at / 1000003 * 1000003",
        "account_id - account_id / 1000003 * 1000003",
    ),
    "core_entry": ("amount",),
    "sales_order": ("amount", "refunded_amount"),
}
"""What is added up besides the rows: money, and the facts' times and members."""


class InvalidBackup(errors.Invalid):
    """The file is not a whole backup."""


class VerificationFailed(errors.QunceError):
    """What was restored is not what was backed up."""


class OtherDatabase(errors.Invalid):
    """A backup of SQLite goes into SQLite, one of PostgreSQL into PostgreSQL."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    format: int
    database: str
    made_at: str
    schema: list[str]
    tables: dict[str, list[int]]
    size: int
    digest: str

    @property
    def member(self) -> str:
        return "truth.sqlite3" if self.database == "sqlite" else "truth.dump"


def create(target: Path, *, at: datetime) -> Manifest:
    """Back up into `target`; it appears only when it is whole."""
    part = target.with_name(target.name + ".part")
    copy = target.with_name(target.name + ".truth")
    try:
        with _copied(copy) as ask:
            schema, tables = _schema(ask), _tables(ask)
        manifest = Manifest(
            format=FORMAT,
            database="postgresql" if db.is_postgresql() else "sqlite",
            made_at=at.isoformat(),
            schema=schema,
            tables=tables,
            size=copy.stat().st_size,
            digest=_digest(copy),
        )
        _pack(part, copy, manifest)
        part.replace(target)
    finally:
        for path in (part, copy):
            path.unlink(missing_ok=True)
    return manifest


@contextlib.contextmanager
def _copied(copy: Path) -> Iterator[RunQuery]:
    """Copies the truth; the reader that is yielded sees exactly what was copied."""
    if db.is_postgresql():
        with db.snapshot():
            name = db.rows("SELECT pg_export_snapshot()")[0][0]
            postgres_tools.dump(copy, snapshot=name)
            yield db.rows
        return
    # One step for all pages: a copy in several starts over when somebody writes.
    with (
        contextlib.closing(_open(_truth(), "ro")) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        yield lambda sql: target.execute(sql).fetchall()


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)


def _truth() -> Path:
    return Path(str(settings.DATABASES["default"]["NAME"]))


def _schema(ask: RunQuery) -> list[str]:
    rows = ask("SELECT app, name FROM django_migrations ORDER BY app, name")
    return [f"{app}.{name}" for app, name in rows]


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'"
    " AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "postgresql": "SELECT tablename FROM pg_tables"
    " WHERE schemaname = current_schema() ORDER BY 1",
}


def _tables(ask: RunQuery) -> dict[str, list[int]]:
    """Rows of each table and, where it matters, sums."""
    kind = "postgresql" if db.is_postgresql() else "sqlite"
    found = {}
    for (table,) in ask(TABLES[kind]):
        sums = "".join(
            f", COALESCE(SUM({what}), 0)" for what in CHECKED_SUMS.get(table, ())
        )
        rows = ask(f'SELECT COUNT(*){sums} FROM "{table}"')  # noqa: S608 - our tables
        found[table] = [int(number) for number in rows[0]]
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(part: Path, copy: Path, manifest: Manifest) -> None:
    # pg_dump has compressed its own already.
    method = zipfile.ZIP_DEFLATED
    if manifest.database == "postgresql":
        method = zipfile.ZIP_STORED
    with zipfile.ZipFile(part, "w", method, compresslevel=1) as archive:
        archive.write(copy, manifest.member)
        text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
        archive.writestr(MANIFEST, text)
    with part.open("rb") as file:
        os.fsync(file.fileno())


def read_manifest(source: Path) -> Manifest:
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = Manifest(**json.loads(archive.read(MANIFEST)))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise InvalidBackup(
            _("“%(file)s” is not a backup of Qunce: %(why)s.")
            % {"file": source, "why": error}
        ) from None
    if manifest.format != FORMAT:
        raise InvalidBackup(_("This backup was made by a newer Qunce."))
    return manifest


def check_compatible(manifest: Manifest, *, known: set[str]) -> None:
    """`known` are the migrations of this version, as `app.name`."""
    here = "postgresql" if db.is_postgresql() else "sqlite"
    if manifest.database != here:
        raise OtherDatabase(
            _("This is a backup of %(theirs)s, but this installation uses %(ours)s.")
            % {"theirs": manifest.database, "ours": here}
        )
    newer = sorted(set(manifest.schema) - known)
    if newer:
        raise InvalidBackup(
            _(
                "This backup was made by a newer Qunce. It contains the migration "
                "%(migration)s."
            )
            % {"migration": newer[0]}
        )


def unpack(source: Path, manifest: Manifest, copy: Path) -> None:
    """Take the database out of the file and compare it with its digest."""
    try:
        with zipfile.ZipFile(source) as archive, copy.open("wb") as out:
            with archive.open(manifest.member) as packed:
                shutil.copyfileobj(packed, out, CHUNK_BYTES)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError) as error:
        raise InvalidBackup(
            _("“%(file)s” is damaged: %(why)s.") % {"file": source, "why": error}
        ) from None
    if copy.stat().st_size != manifest.size or _digest(copy) != manifest.digest:
        raise InvalidBackup(
            _("“%(file)s” is damaged: its checksum does not match.") % {"file": source}
        )


def verify_copy(copy: Path, manifest: Manifest) -> None:
    """SQLite, before it is put in place: whole, consistent, and what was backed up."""
    with contextlib.closing(_open(copy, "ro")) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchall()
        loose = connection.execute("PRAGMA foreign_key_check").fetchall()
        tables = _tables(lambda sql: connection.execute(sql).fetchall())
    if sound != [("ok",)] or loose:
        raise VerificationFailed(_("The restored database is not consistent."))
    _compare(tables, manifest)


def verify_database(manifest: Manifest) -> None:
    """PostgreSQL, after it was loaded."""
    with db.snapshot():
        _compare(_tables(db.rows), manifest)


def _compare(tables: dict[str, list[int]], manifest: Manifest) -> None:
    for table, numbers in manifest.tables.items():
        if tables.get(table) != numbers:
            raise VerificationFailed(
                _("%(table)s has %(found)s, but the backup recorded %(said)s.")
                % {"table": table, "found": tables.get(table), "said": numbers}
            )
