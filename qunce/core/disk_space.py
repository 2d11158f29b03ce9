"""Recognises a full disk in the errors of the system, the databases and the libraries."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import errors

CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SQLITE_CODES = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}
POSTGRESQL_CODES = {"53100", "53400"}
TEXTS = (
    "no space left on device",
    "disk is full",
    "disk quota exceeded",
    "file too large",
    "max_temp_directory_size",
)
"""Of libraries that give no code: Arrow, DuckDB, and SQLite by ADBC."""


class DiskFull(errors.Refused):
    """Nothing more can be written to a disk."""


@contextmanager
def explained(next_step: StrOrPromise = "") -> Iterator[None]:
    """Raise DiskFull for errors of a full disk; `next_step` is what to do after it.

    Also a decorator.
    """
    try:
        yield
    except Exception as error:
        if explanation := explain(error, next_step):
            raise explanation from error
        raise


def explain(error: BaseException, next_step: StrOrPromise = "") -> DiskFull | None:
    """Return the error as a sentence if a disk is full, else None."""
    if isinstance(error, errors.QunceError):
        return None
    found: BaseException | None = error
    # Closing files on a full disk fails, too, and hides the first error.
    while found is not None and not _is_full(found):
        found = found.__cause__ or found.__context__
    if found is None:
        return None
    if getattr(found, "sqlstate", ""):
        sentence = _("The disk of the PostgreSQL server is full.")
    else:
        folder = _fullest_folder(found)
        sentence = _(
            "Nothing more can be written to %(folder)s: its disk is full, or a quota or "
            "limit is reached (%(free)s MB are free)."
        ) % {"folder": folder, "free": f"{shutil.disk_usage(folder).free / 1e6:,.1f}"}
    remedy = _("Free some space, or have it enlarged.")
    return DiskFull(" ".join(filter(None, [sentence, remedy, str(next_step)])))


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in CODES:
        return True
    if getattr(error, "sqlite_errorname", "") in SQLITE_CODES:
        return True
    if getattr(error, "sqlstate", "") in POSTGRESQL_CODES:
        return True
    text = str(error).lower()
    return any(known in text for known in TEXTS)


def _fullest_folder(error: BaseException) -> Path:
    """Return the folder that could not be written, else the one with the least space."""
    name = getattr(error, "filename", None)
    if isinstance(name, str) and Path(name).parent.is_dir():
        return Path(name).parent
    home = Path(settings.HOME)
    folders = [home, *home.glob("*/"), Path(tempfile.gettempdir())]
    return min(
        filter(Path.is_dir, folders), key=lambda path: shutil.disk_usage(path).free
    )
