"""The audit log: who did what when, one row an act, written in the act's transaction.

Facts of our own verbs come here by themselves (`facts.record*` with a `by`); what is not
a fact (a sign-in, an export, a refusal) is noted by whoever sees it happen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models

from qunce.core import db, permissions, timestamps
from qunce.core.facts import interned_names

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

SEE = permissions.declare("audit_log.view", permissions.Role.MANAGER)
PAGE = 50
LONGEST_VALUE = 200


class AuditEntry(models.Model):
    """`count` things were touched; `account` is given where it was one member alone.

    `detail` holds what all of them had in common. Integers without foreign keys: an act
    outlives what it touched.
    """

    community_id = models.IntegerField()
    actor_id = models.IntegerField(null=True)
    kind_id = models.IntegerField()
    account_id = models.BigIntegerField(null=True)
    group_id = models.BigIntegerField(null=True)
    count = models.PositiveIntegerField(default=1)
    happened_at = timestamps.TimestampField()
    detail: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        db_table = "core_audit_entry"
        indexes = [
            models.Index(fields=["community_id", "id"], name="acts"),
            models.Index(
                fields=["community_id", "actor_id", "id"], name="acts_by_actor"
            ),
            models.Index(fields=["community_id", "kind_id", "id"], name="acts_by_kind"),
            models.Index(fields=["community_id", "happened_at"], name="acts_by_time"),
            models.Index(fields=["account_id"], name="acts_by_account"),
        ]

    def __str__(self) -> str:
        return f"act {self.pk}"


_words: dict[str, StrOrPromise] = {}


def declare(kind: str, words: StrOrPromise) -> str:
    """A kind of act that is not a fact, in the reader's words."""
    _words[kind] = words
    return kind


def label_of(kind: str) -> str | None:
    return str(_words[kind]) if kind in _words else None


def declared() -> dict[str, StrOrPromise]:
    return dict(_words)


WRITE = """
INSERT INTO core_audit_entry (community_id, actor_id, kind_id, account_id, group_id, count,
    happened_at, detail) VALUES
"""


def log(
    *,
    kind: str,
    community: Community,
    by: Staff | None,
    at: datetime,
    count: int = 1,
    account: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write down what is no fact; `detail` holds no personal data of members."""
    kind_id = interned_names.ensure("kind", 0, [kind])[kind]
    insert(
        community_id=community.pk,
        actor_id=by.pk if by else None,
        kind_id=kind_id,
        account_id=account,
        count=count,
        at=at,
        detail=detail,
    )


def insert(
    *,
    community_id: int,
    actor_id: int | None,
    kind_id: int,
    at: datetime,
    count: int = 1,
    account_id: int | None = None,
    group_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    told = {name: _short(value) for name, value in (detail or {}).items()}
    text = json.dumps(told, ensure_ascii=False, default=str) if told else None
    moment = timestamps.to_micros(at)
    row = (community_id, actor_id, kind_id, account_id, group_id, count, moment, text)
    db.insert(WRITE, [row])


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return value[: LONGEST_VALUE - 1] + "…"
    if isinstance(value, dict | list | tuple):
        return _short(json.dumps(value, ensure_ascii=False, default=str))
    return value


def check_see(by: Staff) -> None:
    """The log covers all members, so it is only for staff who see all of them."""
    permissions.check_may(by, SEE)
    permissions.check_unscoped(by)


def listed(
    *,
    community: Community,
    actor: int | None = None,
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    most: int = PAGE,
) -> list[AuditEntry]:
    """The newest first; `before` is the number of the last one of the page before."""
    acts = AuditEntry.objects.filter(community_id=community.pk)
    if actor is not None:
        acts = acts.filter(actor_id=actor)
    if kind:
        acts = acts.filter(kind_id=interned_names.find("kind", 0, kind) or 0)
    if since is not None:
        acts = acts.filter(happened_at__gte=timestamps.to_micros(since))
    if until is not None:
        acts = acts.filter(happened_at__lt=timestamps.to_micros(until))
    if before is not None:
        acts = acts.filter(pk__lt=before)
    return list(acts.order_by("-pk")[:most])


def kinds(community: Community) -> dict[int, str]:
    """The kinds that acts here are of, by their small numbers."""
    # A loose scan of the index: one step a kind, whatever the number of acts.
    found = db.rows(KINDS, [community.pk, community.pk])
    known = interned_names.listed("kind", 0)
    return {row[0]: known[row[0]] for row in found if row[0] in known}


KINDS = """
WITH RECURSIVE kinds (kind) AS (
    SELECT min(kind_id) FROM core_audit_entry WHERE community_id = %s
    UNION ALL
    SELECT (SELECT min(kind_id) FROM core_audit_entry
            WHERE community_id = %s AND kind_id > kinds.kind)
    FROM kinds WHERE kinds.kind IS NOT NULL)
SELECT kind FROM kinds WHERE kind IS NOT NULL
"""


def forget(accounts: Sequence[int]) -> None:
    """What an erased member's acts said is gone; that they happened stays."""
    for begin in range(0, len(accounts), 500):
        some = accounts[begin : begin + 500]
        AuditEntry.objects.filter(account_id__in=some).update(detail=None)
