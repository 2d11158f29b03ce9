"""Tables of derived data, which can be thrown away and built again from the log.

On SQLite these tables are in a second file with its own lock, so that deriving never
blocks a write. On PostgreSQL they are tables of the same database.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

TABLES = frozenset({"position", "daycount", "persistedset"})


def db_alias() -> str:
    """The name in `DATABASES` of the database with the derived tables."""
    return "derived" if "derived" in settings.DATABASES else "default"


class Position(models.Model):
    """How far the log is derived. One row, committed together with what was derived.

    `lineage` is the token of the primary database; a different token means that the
    database was replaced. `token` changes whenever day counts change in another way than
    by new facts, so that no process uses what it has cached. `mirror_folder` has the
    files of the mirror. `clock_revisions` are the revisions of the communities' clocks
    by which facts were assigned to days. `last_fact` is the fingerprint of the newest
    derived fact, by which an older copy of the same database is recognised (SQLite).
    """

    lineage = models.CharField(max_length=32)
    token = models.CharField(max_length=32, default="")
    mirror_folder = models.CharField(max_length=32, default="")
    reached = models.BigIntegerField(default=0)
    clock_revisions = models.TextField(default="{}")
    last_fact = models.CharField(max_length=100, default="")

    def __str__(self) -> str:
        return str(self.reached)


class DayCount(models.Model):
    """How often each account has facts of one kind on one community day.

    `blob` is a bit counter. `changed` is the position whose commit last changed the row.
    """

    community_id = models.IntegerField()
    kind_id = models.IntegerField()
    day = models.IntegerField()
    changed = models.BigIntegerField()
    blob = models.BinaryField()

    class Meta:
        db_table = "sets_day_count"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind_id", "day"],
                name="one_day_count_per_kind_and_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind_id} on {self.day}"


class PersistedSet(models.Model):
    """The set of a tag, group, attribute … at a revision, from which a process starts."""

    community_id = models.IntegerField()
    kind = models.CharField(max_length=20)
    ref = models.BigIntegerField()
    rev = models.BigIntegerField()
    blob = models.BinaryField()

    class Meta:
        db_table = "sets_persisted_set"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind", "ref"],
                name="one_persisted_set_per_ref",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref} at {self.rev}"


class Router:
    """Sends the derived tables to their own file where there is one."""

    def db_for_read(self, model: type[models.Model], **_: Any) -> str | None:
        return self._alias(model._meta.app_label, model._meta.model_name)

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **_: Any
    ) -> bool | None:
        alias = self._alias(app_label, model_name)
        if alias is None:
            # Otherwise Django would create every table of the project in the second
            # file, too.
            return db == "default"
        return db == alias

    def _alias(self, app_label: str, model_name: str | None) -> str | None:
        if app_label == "sets" and (model_name or "").lower() in TABLES:
            return db_alias()
        return None
