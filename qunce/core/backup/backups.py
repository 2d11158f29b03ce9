"""Backups of the primary database, taken while it is in use and verified on restore.

A backup is a ZIP file of the database, the files that staff stored (`file_folders`) and a
manifest with the number of rows of every table, some sums, the applied migrations and
digests. Derived data is not part of it, because it is rebuilt after a restore, nor are
sessions, nor what was deleted, nor the secret key that the secrets in the database are
encrypted with.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import db, disk_space, errors
from qunce.core.backup import file_folders, postgres_tools

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20
MAX_MANIFEST_BYTES = 4 << 20
RunQuery = Callable[[str], list[tuple[Any, ...]]]

CHECKED_SUMS = {
    "core_fact": (
        # Modulo 1,000,003, since the sum of all times does not fit into an integer.
        "happened_at - happened_at / 1000003 * 1000003",
        "account_id - account_id / 1000003 * 1000003",
    ),
    "sales_order": ("amount", "refunded_amount"),
}
"""Expressions whose sums are compared on restore, besides the number of rows."""


TABLES_LEFT_OUT = ("core_session",)
"""Tables that are empty in a backup, so that it contains no valid session."""


class InvalidBackup(errors.Invalid):
    """The file is damaged, or it is not a backup."""


class VerificationFailed(errors.QunceError):
    """The restored database differs from the one that was backed up."""


class OtherDatabase(errors.Invalid):
    """A backup can be restored only into the kind of database that it was made of."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`files` maps the name of a stored file to its digest."""

    format: int
    database: str
    made_at: str
    schema: list[str]
    tables: dict[str, list[int]]
    size: int
    digest: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def member(self) -> str:
        return "truth.sqlite3" if self.database == "sqlite" else "truth.dump"


def create(target: Path, *, at: datetime) -> Manifest:
    """Write a backup to `target`, which appears only when the backup is complete."""
    part = target.with_name(target.name + ".part")
    copy = target.with_name(target.name + ".truth")
    try:
        # The counts come from the copy, not from the database, which has moved on by
        # now.
        with _copy_database(copy) as query:
            applied = query(
                "SELECT app, name FROM django_migrations ORDER BY app, name"
            )
            tables = _count_rows(query)
        manifest = Manifest(
            format=FORMAT,
            database=_database_kind(),
            made_at=at.isoformat(),
            schema=[f"{app}.{name}" for app, name in applied],
            tables=tables,
            size=copy.stat().st_size,
            digest=_digest(copy),
        )
        # pg_dump compresses its output itself.
        method = zipfile.ZIP_DEFLATED
        if manifest.database == "postgresql":
            method = zipfile.ZIP_STORED
        with zipfile.ZipFile(part, "w", method, compresslevel=1) as archive:
            archive.write(copy, manifest.member)
            # After the database, which names no file that is not there yet.
            for name, path in file_folders.list_files():
                # Deleted in the meantime, as nothing uses it any more.
                with contextlib.suppress(FileNotFoundError):
                    manifest.files[name] = _add_file(archive, name, path)
            text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
            archive.writestr(MANIFEST, text)
        # Without this, a power cut could leave a complete name on an incomplete file.
        with part.open("rb") as file:
            os.fsync(file.fileno())
        # Renamed at the end, so that a name without `.part` is always a complete
        # backup.
        part.replace(target)
    finally:
        for path in (part, copy):
            path.unlink(missing_ok=True)
    return manifest


def _add_file(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    """Add a stored file to a backup; returns its digest."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        member = zipfile.ZipInfo.from_file(path, name)
        # Pictures, videos and Office files are compressed already.
        member.compress_type = zipfile.ZIP_STORED
        with archive.open(member, "w") as out:
            while chunk := content.read(CHUNK_BYTES):
                digest.update(chunk)
                out.write(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def _copy_database(copy: Path) -> Iterator[RunQuery]:
    """Copy the database; yields a function that queries exactly what was copied."""
    if db.is_postgresql():
        with db.snapshot():
            # pg_dump joins our snapshot, so that its rows are the ones that are counted
            # here.
            name = db.rows("SELECT pg_export_snapshot()")[0][0]
            postgres_tools.dump(copy, snapshot=name, without_rows_of=TABLES_LEFT_OUT)
            yield db.rows
        return
    database = Path(str(settings.DATABASES["default"]["NAME"]))
    # Not the backup API, which also copies the free pages with what was deleted.
    with contextlib.closing(_open_read_only(database)) as source:
        source.execute("VACUUM INTO ?", [str(copy)])
    with contextlib.closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute("PRAGMA secure_delete = ON")
        for table in TABLES_LEFT_OUT:
            target.execute(f"DELETE FROM {table}")  # noqa: S608 - our tables
        target.commit()
        yield lambda sql: target.execute(sql).fetchall()


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


SELECT_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'"
    " AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "postgresql": "SELECT tablename FROM pg_tables"
    " WHERE schemaname = current_schema() ORDER BY 1",
}


def _count_rows(query: RunQuery) -> dict[str, list[int]]:
    """The number of rows of each table, followed by its sums of `CHECKED_SUMS`."""
    numbers = {}
    for (table,) in query(SELECT_TABLES[_database_kind()]):
        sums = "".join(
            f", COALESCE(SUM({expression}), 0)"
            for expression in CHECKED_SUMS.get(table, ())
        )
        # A digest of the file would not do: a restored PostgreSQL database has other
        # bytes.
        rows = query(f'SELECT COUNT(*){sums} FROM "{table}"')  # noqa: S608 - our tables
        numbers[table] = [int(number) for number in rows[0]]
    return numbers | {table: [0] for table in TABLES_LEFT_OUT}


def _database_kind() -> str:
    return "postgresql" if db.is_postgresql() else "sqlite"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(source: Path) -> Manifest:
    try:
        with zipfile.ZipFile(source) as archive:
            if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
                raise ValueError(_("its manifest is too large"))
            manifest = Manifest(**json.loads(archive.read(MANIFEST)))
        _check_manifest(manifest)
    except DAMAGES as error:
        raise InvalidBackup(
            _("“%(file)s” is not a backup of Qunce: %(why)s.")
            % {"file": source, "why": _reason(error)}
        ) from None
    if manifest.format != FORMAT:
        raise InvalidBackup(_("This backup was made by a newer Qunce."))
    return manifest


DAMAGES = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    # Of a member that is missing, JSON that is none, and fields of another type.
    KeyError,
    ValueError,
    TypeError,
    RecursionError,
    # Of a member that is encrypted, or packed in a way that Python does not know.
    RuntimeError,
)
"""What reading a damaged file raises."""


def _check_manifest(manifest: Manifest) -> None:
    """Raise ValueError for fields of another type, which a damaged file may have."""
    # Of any type, whatever the class says: they come from JSON.
    fields: dict[str, Any] = vars(manifest)
    texts = [fields[name] for name in ("database", "made_at", "digest")]
    numbers = [fields["format"], fields["size"]]
    schema, tables = fields["schema"], fields["tables"]
    files = fields["files"]
    is_sound = (
        all(type(text) is str for text in texts)
        and isinstance(files, dict)
        and all(type(digest) is str for digest in files.values())
        and all(file_folders.is_ours(name) for name in files)
        and all(type(number) is int for number in numbers)
        and isinstance(schema, list)
        and all(isinstance(name, str) for name in schema)
        and isinstance(tables, dict)
        and all(_is_count(row) for row in tables.values())
    )
    if not is_sound or fields["size"] < 0:
        raise ValueError(_("its manifest is damaged"))


def _is_count(row: Any) -> bool:
    return (
        isinstance(row, list)
        and bool(row)
        and all(type(number) is int for number in row)
    )


def _reason(error: Exception) -> str:
    # A missing member has a sentence in quotes.
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    return " ".join(text.split()) or type(error).__name__


def check_compatible(manifest: Manifest, *, migrations: set[str]) -> None:
    """Check that this version, with these migrations (`app.name`), can restore a backup."""
    ours = _database_kind()
    if manifest.database != ours:
        raise OtherDatabase(
            _("This is a backup of %(theirs)s, but this installation uses %(ours)s.")
            % {"theirs": manifest.database, "ours": ours}
        )
    # Older backups are fine, as their missing migrations are applied after the restore.
    newer = sorted(set(manifest.schema) - migrations)
    if newer:
        raise InvalidBackup(
            _(
                "This backup was made by a newer Qunce. It contains the migration "
                "%(migration)s."
            )
            % {"migration": newer[0]}
        )


def unpack(source: Path, manifest: Manifest, copy: Path) -> None:
    """Extract the database to `copy` and compare it with the digest."""
    free = shutil.disk_usage(copy.parent).free
    if manifest.size > free:
        raise disk_space.DiskFull(
            _(
                "The backup needs %(size)s MB, but only %(free)s MB are free in %(home)s."
            )
            % {
                "size": f"{manifest.size / 1e6:,.1f}",
                "free": f"{free / 1e6:,.1f}",
                "home": copy.parent,
            }
        )
    with copy.open("wb") as out:
        try:
            _extract(source, manifest, out)
        except disk_space.DiskFull:
            raise
        except DAMAGES as error:
            if full := disk_space.explain(error):
                raise full from error
            raise InvalidBackup(
                _("“%(file)s” is damaged: %(why)s.")
                % {"file": source, "why": _reason(error)}
            ) from None
        # The database replaces the current one by its name, so its content must be on
        # the disk before.
        out.flush()
        os.fsync(out.fileno())
    # A ZIP has checksums of its own, but of 32 bits only.
    if copy.stat().st_size != manifest.size or _digest(copy) != manifest.digest:
        raise InvalidBackup(
            _("“%(file)s” is damaged: its checksum does not match.") % {"file": source}
        )


def _extract(source: Path, manifest: Manifest, out: IO[bytes]) -> None:
    with zipfile.ZipFile(source) as archive, archive.open(manifest.member) as packed:
        left = manifest.size
        # No more than the manifest says: packed bytes may unpack to any size.
        while chunk := packed.read(min(CHUNK_BYTES, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise ValueError(_("it is larger than its manifest says"))
            out.write(chunk)


def unpack_files(source: Path, manifest: Manifest, home: Path) -> None:
    """Extract the stored files that are not in the home yet, and compare them."""
    with zipfile.ZipFile(source) as archive:
        for name, digest in manifest.files.items():
            target = home / name
            # Its name is the digest that it should have: what the backup has may have
            # been damaged before.
            if target.exists() and _digest(target) in (digest, target.name):
                continue
            part = target.with_name(f"{target.name}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            try:
                with (
                    disk_space.explained(),
                    archive.open(name) as packed,
                    part.open("wb") as out,
                ):
                    shutil.copyfileobj(packed, out, CHUNK_BYTES)
                if _digest(part) != digest:
                    raise InvalidBackup(
                        _("“%(file)s” is damaged: its checksum does not match.")
                        % {"file": source}
                    )
                part.replace(target)
            except disk_space.DiskFull:
                raise
            except DAMAGES as error:
                raise InvalidBackup(
                    _("“%(file)s” is damaged: %(why)s.")
                    % {"file": source, "why": _reason(error)}
                ) from None
            finally:
                part.unlink(missing_ok=True)


def verify_copy(copy: Path, manifest: Manifest) -> None:
    """Verify a SQLite database before it replaces the current one."""
    try:
        with contextlib.closing(_open_read_only(copy)) as connection:
            # SQLite checks neither of these when it opens a file.
            integrity = connection.execute("PRAGMA integrity_check").fetchall()
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
            tables = _count_rows(lambda sql: connection.execute(sql).fetchall())
    except sqlite3.DatabaseError:
        integrity, orphans, tables = [], [], {}
    if integrity != [("ok",)] or orphans:
        raise VerificationFailed(_("The restored database is not consistent."))
    _compare(tables, manifest)


def verify_database(manifest: Manifest) -> None:
    """Verify the PostgreSQL database after a backup was loaded into it."""
    with db.snapshot():
        _compare(_count_rows(db.rows), manifest)


def _compare(tables: dict[str, list[int]], manifest: Manifest) -> None:
    for table, numbers in manifest.tables.items():
        if tables.get(table) != numbers:
            raise VerificationFailed(
                _("%(table)s has %(found)s, but the backup recorded %(said)s.")
                % {"table": table, "found": tables.get(table), "said": numbers}
            )
