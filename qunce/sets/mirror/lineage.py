"""Which truth this is: what was derived from another one is worthless.

On SQLite `renew` is called by whoever puts another file in its place. On PostgreSQL a
dump restored into another cluster is noticed by itself: transaction ids begin anew
there, so the numbers that facts carry are biased to come after all that are stored, and
deriving starts over.
"""

from __future__ import annotations

import secrets

from django.db import models, transaction

from qunce.core import db


class Lineage(models.Model):
    """One row of truth. `home` is the cluster and the database it was last seen in."""

    token = models.CharField(max_length=32)
    home = models.CharField(max_length=60, default="")

    def __str__(self) -> str:
        return self.token


HOME = """
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || oid::text
FROM pg_database WHERE datname = current_database()
"""


def settle() -> str:
    """The token of this truth; a new one where it stands in another cluster."""
    home = _home()
    found = Lineage.objects.order_by("pk").first()
    if found is not None and found.home == home:
        return found.token
    with transaction.atomic():
        if db.is_postgresql():
            _move_numbers(known=found is not None)
        return _write(home)


def renew() -> str:
    """Say that truth is not what it was: after a restore. All is derived anew."""
    settle()
    with transaction.atomic():
        return _write(_home())


def _home() -> str:
    return str(db.rows(HOME)[0][0]) if db.is_postgresql() else ""


def _write(home: str) -> str:
    token = secrets.token_hex(16)
    Lineage.objects.update_or_create(pk=1, defaults={"token": token, "home": home})
    return token


HIGHEST = """
SELECT greatest(
    (SELECT coalesce(max(xid), 0) FROM core_fact),
    (SELECT coalesce(max(position), 0) FROM core_consumer_position),
    (SELECT coalesce(max(reached), 0) FROM sets_position)), qunce_horizon()
"""
LAST_RESTORED = """
SELECT coalesce(max(xmin::text::bigint), 0) FROM core_fact
WHERE xmin::text::bigint <> (xid - qunce_bias()) & 4294967295
"""
RESTAMP = """
UPDATE core_fact SET xid = %s
WHERE xmin::text::bigint = (xid - qunce_bias()) & 4294967295
AND xmin::text::bigint > %s
"""
BIAS = """
CREATE OR REPLACE FUNCTION qunce_bias() RETURNS bigint LANGUAGE sql STABLE
AS 'SELECT {bias}::bigint'
"""


def _move_numbers(*, known: bool) -> None:
    """Give this cluster's transactions numbers above all that are stored.

    Rows that were written here before we noticed carry low numbers, which some reader
    may have passed: they are known by the number that this cluster gave their
    transaction, and are put behind all others. Writers wait meanwhile. A log that was
    never derived is moved only where it holds numbers that are not of this cluster.
    """
    db.execute("LOCK TABLE core_fact IN SHARE ROW EXCLUSIVE MODE")
    highest, horizon = db.rows(HIGHEST)[0]
    if not known and highest <= horizon:
        return
    restored = db.rows(LAST_RESTORED)[0][0]
    db.execute(RESTAMP, [highest + 1, restored])
    oldest = db.rows("SELECT qunce_horizon() - qunce_bias()")[0][0]
    db.execute(BIAS.format(bias=highest + 2 - oldest))
