"""What is derived from truth and can be thrown away: stacks, kept sets, the position.

On SQLite these tables live in a second file with its own lock, so deriving never holds
up a write of truth; on PostgreSQL they are tables of the same database.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

TABLES = frozenset({"position", "daycount", "persistedset"})


def db_alias() -> str:
    return "derived" if "derived" in settings.DATABASES else "default"


class Position(models.Model):
    """How far the log is derived, committed together with what it led to. One row.

    `lineage` is the truth's own token: another one means another database was put in
    its place. `token` is drawn anew by whatever changes stacks otherwise than by adding
    facts, so that no process goes on with what it has cached; `mirror` is the folder of
    the segments. `clocks` holds each community's clock revision that days were cut by.
    `last` tells what the newest derived fact looked like: an older copy of the same
    truth shows another fact in its place (SQLite).
    """

    lineage = models.CharField(max_length=32)
    token = models.CharField(max_length=32, default="")
    mirror = models.CharField(max_length=32, default="")
    reached = models.BigIntegerField(default=0)
    clocks = models.TextField(default="{}")
    last = models.CharField(max_length=100, default="")

    def __str__(self) -> str:
        return str(self.reached)


class DayCount(models.Model):
    """A day's stack of one kind: who did it how often on that community day.

    `changed` is the position whose commit last touched the row.
    """

    community_id = models.IntegerField()
    kind_id = models.IntegerField()
    day = models.IntegerField()
    changed = models.BigIntegerField()
    blob = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind_id", "day"], name="one_stack_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind_id} on {self.day}"


class PersistedSet(models.Model):
    """The set of a tag, group, attribute … as of a revision, to start from after a restart."""

    community_id = models.IntegerField()
    kind = models.CharField(max_length=20)
    ref = models.BigIntegerField()
    rev = models.BigIntegerField()
    blob = models.BinaryField()

    class Meta:
        db_table = "sets_persisted_set"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind", "ref"], name="one_kept_set_a_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref} at {self.rev}"


class Router:
    """Sends the derived tables to their own file where there is one."""

    def db_for_read(self, model: type[models.Model], **_: Any) -> str | None:
        return self._place(model._meta.app_label, model._meta.model_name)

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **_: Any
    ) -> bool | None:
        place = self._place(app_label, model_name)
        if place is None:
            return db == "default"
        return db == place

    def _place(self, app_label: str, model_name: str | None) -> str | None:
        if app_label == "sets" and (model_name or "").lower() in TABLES:
            return db_alias()
        return None
