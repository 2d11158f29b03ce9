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


SELECT_CLUSTER = """
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || oid::text
FROM pg_database WHERE datname = current_database()
"""


def ensure_current() -> str:
    """The token of this truth; a new one where it stands in another cluster."""
    home = _cluster()
    found = Lineage.objects.order_by("pk").first()
    if found is not None and found.home == home:
        return found.token
    with transaction.atomic():
        if db.is_postgresql():
            _raise_transaction_ids(known=found is not None)
        return _save_new_token(home)


def renew() -> str:
    """Say that truth is not what it was: after a restore. All is derived anew."""
    ensure_current()
    with transaction.atomic():
        return _save_new_token(_cluster())


def _cluster() -> str:
    return str(db.rows(SELECT_CLUSTER)[0][0]) if db.is_postgresql() else ""


def _save_new_token(home: str) -> str:
    token = secrets.token_hex(16)
    Lineage.objects.update_or_create(pk=1, defaults={"token": token, "home": home})
    return token


SELECT_HIGHEST = """
SELECT greatest(
    (SELECT coalesce(max(xid), 0) FROM core_fact),
    (SELECT coalesce(max(position), 0) FROM core_consumer_position),
    (SELECT coalesce(max(reached), 0) FROM sets_position)), qunce_horizon()
"""
SELECT_LAST_RESTORED = """
SELECT coalesce(max(xmin::text::bigint), 0) FROM core_fact
WHERE xmin::text::bigint <> (xid - qunce_bias()) & 4294967295
"""
UPDATE_RECENT_FACTS = """
UPDATE core_fact SET xid = %s
WHERE xmin::text::bigint = (xid - qunce_bias()) & 4294967295
AND xmin::text::bigint > %s
"""
REPLACE_BIAS = """
CREATE OR REPLACE FUNCTION qunce_bias() RETURNS bigint LANGUAGE sql STABLE
AS 'SELECT {bias}::bigint'
"""


def _raise_transaction_ids(*, known: bool) -> None:
    """Give this cluster's transactions numbers above all that are stored.

    Rows that were written here before we noticed carry low numbers, which some reader
    may have passed: they are known by the number that this cluster gave their
    transaction, and are put behind all others. Writers wait meanwhile. A log that was
    never derived is moved only where it holds numbers that are not of this cluster.
    """
    db.execute("LOCK TABLE core_fact IN SHARE ROW EXCLUSIVE MODE")
    highest, horizon = db.rows(SELECT_HIGHEST)[0]
    if not known and highest <= horizon:
        return
    restored = db.rows(SELECT_LAST_RESTORED)[0][0]
    db.execute(UPDATE_RECENT_FACTS, [highest + 1, restored])
    oldest = db.rows("SELECT qunce_horizon() - qunce_bias()")[0][0]
    db.execute(REPLACE_BIAS.format(bias=highest + 2 - oldest))
