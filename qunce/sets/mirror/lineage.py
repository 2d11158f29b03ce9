"""Lineage: the identity of the primary database.

Data that was derived from another database must be derived again. On SQLite, `renew` is
called by whatever replaces the file. On PostgreSQL a dump that was restored into another
cluster is recognised automatically. Transaction ids start again there, so the numbers of
new facts are raised above all that are stored.
"""

from __future__ import annotations

import secrets

from django.db import models, transaction

from qunce.core import db


class Lineage(models.Model):
    """One row of the primary database. `cluster` is where it was last used."""

    token = models.CharField(max_length=32)
    cluster = models.CharField(max_length=60, default="")

    def __str__(self) -> str:
        return self.token


SELECT_CLUSTER = """
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || oid::text
FROM pg_database WHERE datname = current_database()
"""


def ensure_current() -> str:
    """The token of this database; a new one if it is in another cluster than before."""
    cluster = _cluster()
    lineage = Lineage.objects.order_by("pk").first()
    if lineage is not None and lineage.cluster == cluster:
        return lineage.token
    with transaction.atomic():
        if db.is_postgresql():
            _raise_transaction_ids(is_restored=lineage is not None)
        return _save_new_token(cluster)


def renew() -> str:
    """Set a new token after a restore, so that everything is derived again."""
    ensure_current()
    with transaction.atomic():
        return _save_new_token(_cluster())


def _cluster() -> str:
    return str(db.rows(SELECT_CLUSTER)[0][0]) if db.is_postgresql() else ""


def _save_new_token(cluster: str) -> str:
    token = secrets.token_hex(16)
    Lineage.objects.update_or_create(
        pk=1, defaults={"token": token, "cluster": cluster}
    )
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


def _raise_transaction_ids(*, is_restored: bool) -> None:
    """Make the numbers of this cluster's transactions higher than all that are stored.

    Facts written here before the change of cluster was noticed have low numbers, which
    a reader may already have passed. They are recognised by the number that this cluster
    gave their transaction, and are moved behind all others; writers wait until then. A
    log that was never derived is changed only if it has numbers of another cluster.
    """
    # Writers wait and readers do not. No number may be given out while they are being
    # raised.
    db.execute("LOCK TABLE core_fact IN SHARE ROW EXCLUSIVE MODE")
    highest, horizon = db.rows(SELECT_HIGHEST)[0]
    if not is_restored and highest <= horizon:
        return
    # The bias is the distance between the stored numbers and this cluster's own ones.
    last_restored = db.rows(SELECT_LAST_RESTORED)[0][0]
    db.execute(UPDATE_RECENT_FACTS, [highest + 1, last_restored])
    oldest = db.rows("SELECT qunce_horizon() - qunce_bias()")[0][0]
    db.execute(REPLACE_BIAS.format(bias=highest + 2 - oldest))
