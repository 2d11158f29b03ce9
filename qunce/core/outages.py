"""Recognises temporary failures, after which the same request can be sent again."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from qunce.core import damage, disk_space, errors

RETRY_SECONDS = 5
"""The value of the header `Retry-After`."""


SQLITE_CODES = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_PROTOCOL",
)


def is_outage(error: BaseException | None) -> bool:
    """Whether the database is locked, away or damaged, or a disk is full."""
    if not isinstance(error, Exception):
        return False
    if isinstance(error, errors.Unavailable):
        return True
    if isinstance(error, disk_space.DiskFull) or disk_space.explain(error) is not None:
        return True
    if damage.is_damage(error):
        return True
    # SQLite has the same class for what is a bug, such as a missing column.
    code = str(getattr(error.__cause__, "sqlite_errorname", ""))
    if code:
        return code.startswith(SQLITE_CODES)
    return isinstance(error, OperationalError | InterfaceError)


def sentence(error: Exception) -> str:
    if isinstance(error, errors.Unavailable):
        return str(error)
    if isinstance(error, disk_space.DiskFull) or disk_space.explain(error):
        return _("The disk of the server is full. Nothing was changed.")
    if damage.is_damage(error):
        return _("A database is damaged. “qunce doctor” on the server says what to do.")
    return _("The database is busy. Nothing was changed; try again in a few seconds.")
