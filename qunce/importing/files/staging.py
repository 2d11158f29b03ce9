"""Folders for what an import keeps on disk while it runs.

A folder is locked by its process, so that the next import removes those of processes that
were killed. Process ids are no evidence: in a container each start has the same one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from django.utils.translation import gettext as _

from qunce.core import errors

PREFIX = "staged-"
Stamp = tuple[int, ...]


class StagedFileDamaged(errors.Refused):
    """A file that the import keeps on disk is not as the import wrote it."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "A temporary file of this import was changed or damaged while it ran. "
                "Start the import again: the file is read again, and the import goes on "
                "where it stopped."
            )
        )


def stamp(file: Path | int) -> Stamp:
    """Return what shows later whether a file was changed or replaced."""
    found = os.stat(file)  # noqa: PTH116 - may be a descriptor
    return found.st_ino, found.st_size, found.st_mtime_ns


def check_stamp(file: Path | int, expected: Stamp) -> None:
    """Raise StagedFileDamaged if the file was changed, replaced or removed."""
    try:
        is_same = stamp(file) == expected
    except OSError:
        is_same = False
    if not is_same:
        raise StagedFileDamaged


class StagingFolder:
    """A new folder in `parent`, which `close` removes."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        # Nobody may take the new folder for one of a killed process before it is locked.
        parent_lock = _open(parent)
        try:
            fcntl.flock(parent_lock, fcntl.LOCK_EX)
            _remove_abandoned(parent)
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            self._lock = _open(self.path)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            os.close(parent_lock)
        self._is_open = True

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            descriptor = _open(folder)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its import is running
        finally:
            os.close(descriptor)
