"""The cause of a failed job for people, as a sentence where there is one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import disk_space, errors

MAX_LENGTH = 2_000
UNKNOWN_JOB, DISK_FULL, DATABASE, REFUSED, INTERNAL = (
    "unknown_job",
    "disk_full",
    "database",
    "refused",
    "internal",
)
CAUSES: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    UNKNOWN_JOB: (
        gettext_lazy("This version of Qunce does not know the job."),
        gettext_lazy("Run the version that queued it, or the newest one."),
    ),
    DISK_FULL: (
        gettext_lazy("The disk of the server is full."),
        gettext_lazy("Free some space. The job then continues automatically."),
    ),
    DATABASE: (
        gettext_lazy("The database did not answer in time, or it is damaged."),
        gettext_lazy("Run `qunce doctor` on the server if it does not go away."),
    ),
    REFUSED: (
        gettext_lazy("Something that it needs was changed or removed."),
        gettext_lazy("Correct it. The job then continues automatically."),
    ),
    INTERNAL: (
        gettext_lazy("An internal error. The log of the server describes it."),
        gettext_lazy("Update Qunce, or report the error with the lines of the log."),
    ),
}
"""What happened, and what to do, by cause."""


@dataclass(frozen=True)
class Failure:
    error: str
    cause: str
    reason: str

    def fields(self) -> dict[str, str]:
        return {"error": self.error, "cause": self.cause, "reason": self.reason}


def describe(error: Exception | str, *, is_of_community: bool) -> Failure:
    """Describe an error. Its own sentence may name things of a community.

    It is therefore kept only for a job of one community, whose staff see it.
    """
    if isinstance(error, str):
        return Failure(error[:MAX_LENGTH], UNKNOWN_JOB, "")
    text = f"{type(error).__name__}: {error}"[:MAX_LENGTH]
    cause = _cause(error)
    has_sentence = cause == REFUSED and is_of_community
    return Failure(text, cause, str(error)[:MAX_LENGTH] if has_sentence else "")


def _cause(error: Exception) -> str:
    if isinstance(error, disk_space.DiskFull) or disk_space.explain(error):
        return DISK_FULL
    if isinstance(error, errors.QunceError):
        return REFUSED
    outages = (OperationalError, InterfaceError, sqlite3.OperationalError)
    if isinstance(error, (*outages, DatabaseError)):
        return DATABASE
    return INTERNAL
